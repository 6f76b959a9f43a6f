"""From counts to rows of weighted features: which n-grams are kept, and how much each counts.

A row is TF-IDF: (1 + ln count) times the inverse document frequency, of length 1 (Salton and
Buckley 1988). Before training each feature is scaled once more by its contrast, how unlike the
labels use it: the naive Bayes log-count ratio of Wang and Manning 2012 (section 2), which for
more than two labels becomes the standard deviation of the ratios over the labels.

Shapes: N texts, M features of all rows, F features, L labels.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from textwright.vectors.counting import Counts

Floats = NDArray[np.float32]


class Rows(NamedTuple):
    """Texts as sparse rows, in compressed row form, as compiled code takes them.

    bounds:   [N + 1] int64, where each row starts.
    columns:  [M] int32, features.
    values:   [M] float32.
    features: how many features there are, F.
    """

    bounds: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: Floats
    features: int


@dataclass(frozen=True)
class Features:
    """The n-grams kept, commonest first, so that the weights used most lie side by side.

    slots: [F] int64.
    texts: [F] int32, in how many training texts each stands.
    idf:   [F] float32, ln((1 + N) / (1 + texts)) + 1.
    columns: [buckets] int32, the feature of each slot, -1 where none was kept.
    """

    slots: NDArray[np.int64]
    texts: NDArray[np.int32]
    idf: Floats
    columns: NDArray[np.int32]


def keep_features(counts: Counts, min_count: int) -> Features:
    """Keep the slots that stand in at least ``min_count`` training texts."""
    slots = np.flatnonzero(counts.texts >= min_count)
    slots = slots[np.argsort(-counts.texts[slots], kind="stable")]
    columns = np.full(len(counts.texts), -1, dtype=np.int32)
    columns[slots] = np.arange(len(slots), dtype=np.int32)
    texts = counts.texts[slots]
    idf = np.log(len(counts.bounds) / (1.0 + texts)) + 1  # bounds has N + 1 entries
    return Features(slots, texts, idf.astype(np.float32), columns)


def weigh_rows(counts: Counts, features: Features, *, threads: int) -> Rows:
    """Turn counts into TF-IDF rows; the number of threads does not change the result."""
    edges = share_rows(counts.bounds, threads)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(
            pool.map(
                lambda edge: weigh_range(
                    counts.bounds[edge[0] : edge[1] + 1],
                    counts.slots,
                    counts.counts,
                    features.columns,
                    features.idf,
                ),
                pairwise(edges),
            )
        )
    sizes = np.concatenate([sizes for sizes, _, _ in parts])
    bounds = np.zeros(len(counts.bounds), dtype=np.int64)
    np.cumsum(sizes, out=bounds[1:])
    columns = np.concatenate([columns for _, columns, _ in parts])
    values = np.concatenate([values for _, _, values in parts])
    return Rows(bounds, columns, values, len(features.slots))


def share_rows(bounds: NDArray[np.int64], shares: int) -> list[int]:
    """Cut N rows into at most ``shares`` runs of about equal size; gives the edges, 0 to N."""
    total, count = int(bounds[-1]), len(bounds) - 1
    cuts = np.searchsorted(bounds, [total * part // shares for part in range(1, shares)])
    return [0, *sorted({int(cut) for cut in cuts} - {0, count}), count]


@njit(cache=True, nogil=True, fastmath=True)
def weigh_range(
    bounds: NDArray[np.int64],
    slots: NDArray[np.int32],
    counts: NDArray[np.int32],
    columns: NDArray[np.int32],
    idf: Floats,
) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats]:
    """Weigh some rows; gives the size of each, and their columns and values."""
    rows, room = len(bounds) - 1, bounds[-1] - bounds[0]
    sizes = np.zeros(rows, np.int64)
    found, values = np.empty(room, np.int32), np.empty(room, np.float32)
    used = 0
    for row in range(rows):
        first, squares = used, np.float32(0)
        for each in range(bounds[row], bounds[row + 1]):
            column = columns[slots[each]]
            if column < 0:
                continue
            value = idf[column]
            if counts[each] > 1:
                value *= np.float32(1) + np.log(np.float32(counts[each]))
            found[used], values[used] = column, value
            squares += value * value
            used += 1
        if used > first:
            scale = np.float32(1) / np.sqrt(squares)
            for each in range(first, used):
                values[each] *= scale
        sizes[row] = used - first
    return sizes, found[:used].copy(), values[:used].copy()


def contrast_features(rows: Rows, features: Features, targets: Floats, *, threads: int) -> Floats:
    """How unlike the labels use each feature, [F] float32, at least 0.

    targets: [N, L] float, 1 where a label holds.
    For label l and feature f, with c(l, f) the texts of l that hold f, smoothed by 1, and p its
    share of all c(l, .): the standard deviation over l of ln p(f | l) - ln p(f | not l).
    """
    labelled, labels = np.nonzero(targets)
    starts = np.searchsorted(labelled, np.arange(len(targets) + 1))
    bounds, members = transpose(rows.bounds, rows.columns, features.texts)
    held = np.diff(rows.bounds).astype(np.float64)  # features of each text
    inside = held @ targets.astype(np.float64) + len(features.slots)  # [L]
    outside = held.sum() + 2 * len(features.slots) - inside  # [L]
    base = np.log(outside / inside)  # [L]
    edges = share_rows(bounds, threads)
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(
            lambda edge: contrast_range(
                bounds[edge[0] : edge[1] + 1], members, starts, labels, base
            ),
            pairwise(edges),
        )
        return np.concatenate(list(parts))


@njit(cache=True, nogil=True)
def transpose(
    bounds: NDArray[np.int64], columns: NDArray[np.int32], sizes: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Rows of each column, from the columns of each row; ``sizes`` [F]: rows of each column."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    for column in range(len(sizes)):
        starts[column + 1] = starts[column] + sizes[column]
    places = starts.copy()
    members = np.empty(len(columns), np.int32)
    for row in range(len(bounds) - 1):
        for each in range(bounds[row], bounds[row + 1]):
            column = columns[each]
            members[places[column]] = row
            places[column] += 1
    return starts, members


@njit(cache=True, nogil=True)
def contrast_range(
    bounds: NDArray[np.int64],
    members: NDArray[np.int32],
    starts: NDArray[np.int64],
    labels: NDArray[np.int64],
    base: NDArray[np.float64],
) -> Floats:
    """Contrast of some features, [F]; ``base`` [L] is the part of the ratio without a feature."""
    found = np.zeros(len(bounds) - 1, np.float32)
    texts = np.zeros(len(base), np.int64)
    for feature in range(len(found)):
        texts[:] = 0
        for each in range(bounds[feature], bounds[feature + 1]):
            for label in range(starts[members[each]], starts[members[each] + 1]):
                texts[labels[label]] += 1
        all_texts = bounds[feature + 1] - bounds[feature]
        total, squares = 0.0, 0.0
        for label in range(len(base)):
            ratio = np.log((texts[label] + 1.0) / (all_texts - texts[label] + 1.0)) + base[label]
            total += ratio
            squares += ratio * ratio
        if len(base) == 1:  # one yes or no: the spread over its two sides
            found[feature] = abs(total)
            continue
        mean = total / len(base)
        found[feature] = np.sqrt(max(squares / len(base) - mean * mean, 0.0))
    return found
