"""Vectors brought to where their distances tell of meaning.

Shapes: N texts, D dimensions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.clustering import ClusterSettings
from textwright.vectors.similarity import unit

Floats = NDArray[np.float32]
FEWEST = 10  # rows for each neighbour: the mean of most of them would be the same everywhere
Given = NDArray[np.floating[Any]]


def prepare(vectors: Given, settings: ClusterSettings) -> Floats:
    """Bring vectors to one length and to fewer dimensions, as the settings say, [N, D or less]."""
    rows = vectors.astype(np.float32)
    if settings.normalize:
        rows = unit(rows)
    rows = average_neighbours(rows, settings)
    if settings.whiten or 0 < settings.dimensions < min(rows.shape):
        rows = project(rows, settings)
    return rows


def project(rows: Floats, settings: ClusterSettings) -> Floats:
    """Keep the largest principal components (Pearson 1901), made more equal by ``whiten``.

    Each component is divided by its standard deviation to that power: with 1 all count the same,
    and a half is the weighting of Caron 2001. To one length again where ``normalize`` says so.
    """
    from sklearn.decomposition import PCA

    most = min(len(rows) - 1, rows.shape[1])  # of N points, N - 1 components have any spread
    kept = min(settings.dimensions or most, most)
    components = PCA(kept, svd_solver="full").fit(rows)
    spread = np.sqrt(np.maximum(components.explained_variance_, 1e-12))
    placed: Floats = (components.transform(rows) / spread**settings.whiten).astype(np.float32)
    return unit(placed) if settings.normalize else placed


def average_neighbours(rows: Floats, settings: ClusterSettings) -> Floats:
    """Give the mean of each row and its nearest ones: dense places grow denser.

    One step of blurring mean shift (Fukunaga, Hostetler 1975; Cheng 1995) over so many neighbours.
    """
    from sklearn.neighbors import kneighbors_graph

    count = min(settings.neighbours, len(rows) // FEWEST)
    if not count:
        return rows
    near = kneighbors_graph(rows, count, include_self=False)  # [N, N], sparse
    averaged: Floats = ((near @ rows + rows) / (count + 1)).astype(np.float32)
    return unit(averaged) if settings.normalize else averaged


def count_distinct(rows: Floats) -> int:
    """Count the different rows, rounded to five decimals."""
    return len({row.tobytes() for row in np.round(rows, 5) + 0.0})
