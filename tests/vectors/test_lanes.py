"""Rows in registers do what numpy does with rows of a matrix."""

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from textwright.vectors.lanes import (
    GROUP,
    LANES,
    LINE,
    Floats,
    Records,
    add_scaled,
    load,
    make_rows,
    move_group,
    offset,
    pointer,
    prefetch,
    store,
    write_dots,
    zero_row,
)


@njit(nogil=True)
def combine(records: Records, first: int, second: int, scale: np.float32) -> None:
    """Add ``scale`` times the second row to the first."""
    matrix = pointer(records)
    prefetch(matrix, second)
    left, right = load(matrix, first), load(matrix, second)
    store(matrix, first, add_scaled(left, scale, right))


@njit(nogil=True)
def multiply(records: Records, row: int, places: NDArray[np.int32], dots: Floats) -> None:
    """Write the inner products of a row with the group of rows whose numbers come second on."""
    matrix = pointer(records)
    write_dots(load(matrix, row), matrix, offset(pointer(places), 1), pointer(dots))


@njit(nogil=True)
def move(records: Records, row: int, places: NDArray[np.int32], steps: Floats) -> None:
    """Move a group of rows along a row, and that row by what they were."""
    matrix = pointer(records)
    there = load(matrix, row)
    store(matrix, row, move_group(there, there, matrix, pointer(places), pointer(steps)))


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

    combine(records, 2, 1, np.float32(0.5))

    assert matrix[2] == pytest.approx(before[2] + 0.5 * before[1], rel=1e-5)
    assert matrix[[0, 1, 3]].tobytes() == before[[0, 1, 3]].tobytes()


@pytest.mark.parametrize("dimensions", [5, 40])
def test_a_row_is_multiplied_with_a_group_of_rows(dimensions: int) -> None:
    records, matrix = random_rows(9, dimensions)
    places, dots = np.array([0, 7, 1, 2, 2, 8, 3], np.int32), np.zeros(GROUP, np.float32)

    multiply(records, 3, places, dots)

    assert dots == pytest.approx(matrix[places[1:]] @ matrix[3], rel=1e-4)


@pytest.mark.parametrize("dimensions", [5, 40])
def test_a_group_moves_row_after_row_and_what_they_were_is_added_up(dimensions: int) -> None:
    records, matrix = random_rows(9, dimensions)
    places = np.array([7, 1, 2, 2, 8, 3], np.int32)  # one of them twice
    steps = np.linspace(-1, 2, GROUP, dtype=np.float32)
    expected = matrix.copy()
    for place, step in zip(places, steps, strict=True):
        expected[0] += step * expected[place]
        expected[place] += step * matrix[0]

    move(records, 0, places, steps)

    assert matrix == pytest.approx(expected, rel=1e-4, abs=1e-5)


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
