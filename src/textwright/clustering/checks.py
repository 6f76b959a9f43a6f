"""What texts and vectors must be like to be clustered, and what is wrong with them.

Shapes: N texts, D dimensions.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textwright.clustering.space import Floats, Given, count_distinct
from textwright.errors import DataError, UsageError
from textwright.recipe.clustering import ClusterSettings, KMeansSettings


def read_npy(path: Path, texts: int) -> Given:
    """Read a vector for each text, [N, D], mapped from disk.

    Raises DataError when the file is no .npy of numbers, or has other rows than there are texts.
    """
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.", "Make it: textwright embed.") from error
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}.", "It must be a .npy file.") from error
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.dtype.kind != "f":
        what = f"{path} holds no rows of numbers with a fraction."
        raise DataError(what, "Give [texts, dimensions] of float16, float32 or float64.")
    if len(found) != texts:
        what = f"{path} has {len(found):,} rows for {texts:,} texts."
        raise DataError(what, "Give vectors of this very file, a row for each of its rows.")
    return found


def check_finite(vectors: Given, source: str) -> None:
    """Refuse vectors with a number that is none."""
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        what = f"{len(wrong):,} vectors of {source} hold NaN or infinity, the first in row "
        raise DataError(f"{what}{wrong[0] + 1:,}.", "Make them anew, or leave those rows out.")


def find_placed(
    texts: Sequence[str], vectors: Given, settings: ClusterSettings
) -> NDArray[np.int64]:
    """Give the rows that can be placed: with something to read, and a direction to compare by.

    Raises DataError when there are fewer than two.
    """
    full = np.array([bool(text.strip()) for text in texts])
    if settings.normalize:
        full &= np.linalg.norm(vectors, axis=1) > 0
    if full.sum() < 2:
        what = f"Of {len(full):,} rows {full.sum()} can be compared with others."
        raise DataError(what, "Give two or more with something to read in them.")
    return np.flatnonzero(full)


def check_count(settings: ClusterSettings) -> None:
    """Refuse a single cluster."""
    if isinstance(settings, KMeansSettings) and settings.k == 1:
        raise UsageError("One cluster holds every text.", "Ask for two or more, or leave --k out.")


def check_size(vectors: Floats, settings: ClusterSettings) -> None:
    """Refuse to make clusters where there are too few different vectors for them."""
    distinct = count_distinct(vectors)
    if distinct < 2:
        what = f"All {len(vectors):,} texts are the same to these vectors: nothing to group."
        raise DataError(what, "Give texts that differ, and vectors that tell them apart.")
    if isinstance(settings, KMeansSettings) and settings.k > distinct:
        what = f"{settings.k} clusters cannot be made of {distinct} different texts."
        raise DataError(what, f"Take --k {distinct} or less.")
