"""Vectors into clusters: k-means, HDBSCAN, and how many clusters to make.

Shapes: N vectors, D dimensions, K clusters. A label is 0 to K - 1, largest cluster first; -1 is
a vector in no cluster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from textwright.clustering.space import Floats, count_distinct
from textwright.errors import DataError
from textwright.recipe.clustering import ClusterSettings, HdbscanSettings, KMeansSettings

Labels = NDArray[np.int64]

NONE = -1
TRIED = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100)
SAMPLE = 3000  # vectors that the silhouette is taken over


@dataclass(frozen=True, eq=False)
class Partition:
    """Vectors put into clusters.

    labels:    [N].
    centres:   [K, D], the mean of each cluster's vectors.
    distances: [N], Euclidean, to the centre of its own cluster; NaN in none.
    stability: mean adjusted Rand index over all pairs of runs, -1 to 1, 1 when all runs find the
               same clusters; None where there was a single run.
    silhouettes: mean silhouette of each k tried.
    """

    labels: Labels
    centres: Floats
    distances: Floats
    stability: float | None
    silhouettes: dict[int, float]


def partition(vectors: Floats, settings: ClusterSettings) -> Partition:
    """Put vectors into clusters by the method of the settings."""
    silhouettes: dict[int, float] = {}
    stability = None
    if isinstance(settings, HdbscanSettings):
        labels = run_hdbscan(vectors, settings)
    else:
        if not settings.k:
            silhouettes = measure_silhouettes(vectors, settings)
        k = settings.k or max(silhouettes, key=silhouettes.__getitem__, default=2)
        labels, stability = run_kmeans(vectors, k, draw_seeds(settings))
    labels = sort_labels(labels)
    centres = find_centres(vectors, labels)
    distances = np.full(len(vectors), np.nan, dtype=np.float32)
    inside = labels != NONE
    distances[inside] = np.linalg.norm(vectors[inside] - centres[labels[inside]], axis=1)
    return Partition(labels, centres, distances, stability, silhouettes)


def draw_seeds(settings: KMeansSettings) -> list[int]:
    """Draw the seed of each run; those of two settings seeds have nothing in common."""
    sequence = np.random.SeedSequence(settings.seed)
    return [int(each) for each in sequence.generate_state(settings.restarts)]


def run_kmeans(vectors: Floats, k: int, seeds: Sequence[int]) -> tuple[Labels, float | None]:
    """Run k-means from each seed; gives the run with the least squared distance, and stability.

    Source: Lloyd 1982, started by k-means++ (Arthur, Vassilvitskii 2007). On one thread, for
    sums of several threads end in another order now and then.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        runs = [KMeans(k, n_init=1, random_state=seed).fit(vectors) for seed in seeds]
    agreed = [adjusted_rand_score(a.labels_, b.labels_) for a, b in combinations(runs, 2)]
    best = min(runs, key=lambda run: float(run.inertia_))
    return best.labels_.astype(np.int64), float(np.mean(agreed)) if agreed else None


def measure_silhouettes(vectors: Floats, settings: KMeansSettings) -> dict[int, float]:
    """Give the mean silhouette (Rousseeuw 1987) of k-means for each k tried, -1 to 1.

    Over all vectors, or 3,000 drawn at random.
    """
    from sklearn.metrics import pairwise_distances, silhouette_score

    chance = np.random.default_rng(settings.seed)
    if len(vectors) > SAMPLE:
        vectors = vectors[np.sort(chance.choice(len(vectors), SAMPLE, replace=False))]
    most = min(settings.most, count_distinct(vectors) - 1)
    apart = pairwise_distances(vectors)
    np.fill_diagonal(apart, 0)
    found = {}
    for k in [each for each in TRIED if each <= most]:
        labels, _ = run_kmeans(vectors, k, draw_seeds(settings)[:3])
        found[k] = float(silhouette_score(apart, labels, metric="precomputed"))
    return found


def run_hdbscan(vectors: Floats, settings: HdbscanSettings) -> Labels:
    """Run HDBSCAN (Campello, Moulavi, Sander 2013); raises DataError when it finds no cluster."""
    from sklearn.cluster import HDBSCAN

    smallest = settings.min_size or max(5, len(vectors) // 200)
    labels = np.full(len(vectors), NONE, dtype=np.int64)
    if smallest <= len(vectors):
        labels = HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(vectors)
    if (labels < 0).all():
        what = f"HDBSCAN finds no {smallest} texts or more that lie closer than the rest."
        raise DataError(what, "Take a smaller --min-size, or --method kmeans.")
    return np.where(labels < 0, NONE, labels).astype(np.int64)


def sort_labels(labels: Labels) -> Labels:
    """Give clusters numbers by size, the largest 0; of equal ones that with the first text."""
    names, firsts, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((firsts, -counts))
    kept = [name for name in names[order] if name != NONE]
    found = np.full(len(labels), NONE, dtype=np.int64)
    for place, name in enumerate(kept):
        found[labels == name] = place
    return found


def find_centres(vectors: Floats, labels: Labels) -> Floats:
    """Give the mean of each cluster's vectors, [K, D]."""
    return np.stack([vectors[labels == each].mean(axis=0) for each in range(labels.max() + 1)])
