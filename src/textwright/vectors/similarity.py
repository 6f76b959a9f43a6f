"""Which vectors point the same way: exact search by blocks, analogies, the odd one out.

Similarity is the cosine everywhere. The search goes over all rows, a block at a time, which
takes less than a second for 10^6 of them; there is no index to build.

Shapes: V words, D dimensions, Q queries, N rows given for each.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Combine = Callable[[Floats], Floats]

BLOCK = 4096  # rows compared at once: their scores stay in the processor's cache
SMALL = np.float32(0.001)  # keeps 3CosMul from dividing by zero, as its authors chose it
NOTHING = np.empty((0, 0), dtype=np.int64)


class Space(NamedTuple):
    """Vectors to search in.

    matrix:   [V, D] float32, maybe mapped from disk.
    inverses: [V] float32, 1 / length of each row; 0 for a row of zeros, which is like nothing.
    """

    matrix: Floats
    inverses: Floats

    def unit_rows(self, rows: Rows) -> Floats:
        """Give some rows scaled to length 1, [..., D]."""
        scaled: Floats = self.matrix[rows] * self.inverses[rows][..., None]
        return scaled

    def blocks(self) -> Iterator[tuple[int, Floats]]:
        """Yield the rows scaled to length 1 in blocks, each with the number of its first row."""
        for start in range(0, len(self.matrix), BLOCK):
            part = slice(start, start + BLOCK)
            yield start, self.matrix[part] * self.inverses[part, None]

    def only(self, rows: Rows) -> "Space":
        """Give the space of some rows, in ascending order; nothing is copied if it is the first."""
        if len(rows) and rows[-1] == len(rows) - 1:
            return Space(self.matrix[: len(rows)], self.inverses[: len(rows)])
        return Space(self.matrix[rows], self.inverses[rows])


class Found(NamedTuple):
    """The best rows for each query, best first, and their scores: [Q, N] each."""

    rows: Rows
    scores: Floats


def make_space(matrix: Floats) -> Space:
    """Measure the length of every row, block by block."""
    lengths = np.empty(len(matrix), dtype=np.float32)
    for start in range(0, len(matrix), BLOCK):
        lengths[start : start + BLOCK] = np.linalg.norm(matrix[start : start + BLOCK], axis=1)
    inverses = np.zeros_like(lengths)
    np.divide(1, lengths, out=inverses, where=lengths > 0)
    return Space(matrix, inverses)


def unit(vector: Floats) -> Floats:
    """Scale vectors to length 1, along the last axis; zeros stay zeros."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    scaled: Floats = np.divide(vector, length, out=np.zeros_like(vector), where=length > 0)
    return scaled


def nearest(space: Space, vectors: Floats, count: int, *, leave_out: Rows = NOTHING) -> Found:
    """Find the ``count`` rows with the largest cosine to each vector.

    vectors:   [Q, D] float32, of any length.
    leave_out: [Q, any] int64, rows that are not to be given; -1 for none.
    """
    return search(space, unit(vectors)[:, None], lambda cosines: cosines[:, 0], count, leave_out)


def add_analogies(space: Space, words: Floats, count: int, *, leave_out: Rows = NOTHING) -> Found:
    """Solve "a is to b as c is to ?" by the largest cosine to b - a + c (3CosAdd).

    Source: Mikolov et al. 2013 (Linguistic Regularities), section 4.

    words: [Q, 3, D] float32, the vectors of a, b and c.
    """
    a, b, c = np.moveaxis(unit(words), 1, 0)
    return nearest(space, b - a + c, count, leave_out=leave_out)


def multiply_analogies(
    space: Space, words: Floats, count: int, *, leave_out: Rows = NOTHING
) -> Found:
    """Solve analogies by the largest cos(?, b) cos(?, c) / (cos(?, a) + 0.001) (3CosMul).

    Source: Levy and Goldberg 2014, equation 4, each cosine moved to (cos + 1) / 2.

    words: [Q, 3, D] float32, the vectors of a, b and c.
    """

    def combine(cosines: Floats) -> Floats:
        a, b, c = np.moveaxis((cosines + 1) / 2, 1, 0)
        combined: Floats = b * c / (a + SMALL)
        return combined

    return search(space, unit(words), combine, count, leave_out)


def odd_one_out(words: Floats) -> int:
    """Position of the vector farthest from the mean of all, each scaled to length 1 first.

    words: [any, D] float32, at least one.
    """
    scaled = unit(words)
    return int(np.argmin(scaled @ scaled.mean(axis=0)))


def search(space: Space, queries: Floats, combine: Combine, count: int, leave_out: Rows) -> Found:
    """Find the rows with the largest scores, the lower row first where scores are equal.

    queries: [Q, K, D] float32, K vectors of length 1 for each query.
    combine: from their cosines [Q, K, rows of a block] to scores [Q, rows of a block].
    Fewer than ``count`` rows come back when there are not so many.
    """
    flat = queries.reshape(-1, queries.shape[-1])  # [Q * K, D]
    rows = np.empty((len(queries), 0), dtype=np.int64)
    scores = np.empty((len(queries), 0), dtype=np.float32)
    for start, block in space.blocks():
        cosines = (flat @ block.T).reshape(*queries.shape[:2], -1)
        combined = combine(cosines)
        hide_rows(combined, leave_out - start)
        best = top_columns(combined, count)
        rows = np.concatenate([rows, best + start], axis=1)
        scores = np.concatenate([scores, np.take_along_axis(combined, best, axis=1)], axis=1)
        order = np.lexsort((rows, -scores), axis=1)[:, :count]
        rows = np.take_along_axis(rows, order, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
    return Found(rows, scores)


def hide_rows(scores: Floats, columns: Rows) -> None:
    """Set the scores of the columns to be left out of each row to minus infinity."""
    query, place = np.nonzero((columns >= 0) & (columns < scores.shape[1]))
    scores[query, columns[query, place]] = -np.inf


def top_columns(scores: Floats, count: int) -> Rows:
    """Columns of the ``count`` largest scores of each row, in no order."""
    if count == 1:
        best: Rows = scores.argmax(axis=1)[:, None]
    elif count >= scores.shape[1]:
        best = np.indices(scores.shape)[1]
    else:
        best = np.argpartition(scores, -count, axis=1)[:, -count:]
    return best
