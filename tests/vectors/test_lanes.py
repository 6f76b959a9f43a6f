"""Rows in registers do what numpy does with rows of a matrix."""

import numpy as np
import pytest
from numba import njit

from textwright.vectors.lanes import (
    LANES,
    LINE,
    Floats,
    Records,
    add_scaled,
    dot,
    load,
    make_rows,
    pointer,
    prefetch,
    store,
    zero_row,
)


@njit(nogil=True)
def combine(records: Records, first: int, second: int, scale: np.float32) -> np.float32:
    """Add ``scale`` times the second row to the first; gives the old rows' inner product."""
    matrix = pointer(records)
    prefetch(matrix, second)
    left, right = load(matrix, first), load(matrix, second)
    store(matrix, first, add_scaled(left, scale, right))
    product: np.float32 = dot(left, right)
    return product


@njit(nogil=True)
def clear(records: Records, row: int) -> None:
    """Write zeros to a row."""
    matrix = pointer(records)
    store(matrix, row, zero_row(matrix))


def random_rows(count: int, dimensions: int) -> tuple[Records, Floats]:
    """Give rows of random numbers."""
    records, matrix = make_rows(count, dimensions)
    matrix[:] = np.random.default_rng(dimensions).normal(size=matrix.shape)
    return records, matrix


@pytest.mark.parametrize("dimensions", [1, 16, 40])
def test_rows_start_on_cache_lines_and_share_the_memory_of_the_matrix(dimensions: int) -> None:
    records, matrix = make_rows(3, dimensions)

    matrix[1] = 7

    assert matrix.shape == (3, dimensions)
    assert records.itemsize % LINE == 0
    assert records.ctypes.data % LINE == 0
    assert records["row"][1, :dimensions].tolist() == [7] * dimensions


@pytest.mark.parametrize("dimensions", [5, 40])
def test_a_row_is_scaled_and_added_as_numpy_does_it(dimensions: int) -> None:
    records, matrix = random_rows(4, dimensions)
    before = matrix.copy()

    product = combine(records, 2, 1, np.float32(0.5))

    assert product == pytest.approx(before[2] @ before[1], rel=1e-4)
    assert matrix[2] == pytest.approx(before[2] + 0.5 * before[1], rel=1e-5)
    assert matrix[[0, 1, 3]].tobytes() == before[[0, 1, 3]].tobytes()


def test_what_pads_a_row_stays_zero() -> None:
    records, _ = random_rows(2, 5)

    combine(records, 0, 1, np.float32(3))

    assert records["row"].shape == (2, LANES)
    assert not records["row"][:, 5:].any()


def test_a_row_is_cleared_alone() -> None:
    records, matrix = random_rows(3, 40)
    before = matrix.copy()

    clear(records, 1)

    assert not matrix[1].any()
    assert matrix[[0, 2]].tobytes() == before[[0, 2]].tobytes()
