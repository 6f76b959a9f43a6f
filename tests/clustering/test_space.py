"""Vectors brought to where their distances tell of meaning."""

import numpy as np
import pytest

from tests.clustering.topics import make_blobs
from textwright.clustering.space import average_neighbours, count_distinct, prepare
from textwright.recipe.clustering import ClusterSettings, HdbscanSettings, KMeansSettings

PLAIN = KMeansSettings()


def test_vectors_are_brought_to_length_one_unless_told_otherwise() -> None:
    vectors = np.array([[3, 4], [0, 0]], dtype=np.float16)

    assert prepare(vectors, PLAIN).tolist() == [[np.float32(0.6), np.float32(0.8)], [0, 0]]
    assert prepare(vectors, KMeansSettings(normalize=False)).tolist() == [[3, 4], [0, 0]]


@pytest.mark.parametrize(
    ("settings", "dimensions"),
    [
        (PLAIN, 20),
        (KMeansSettings(dimensions=5), 5),
        (KMeansSettings(dimensions=99), 20),
        (HdbscanSettings(), 5),
        (HdbscanSettings(dimensions=3), 3),
    ],
)
def test_as_many_principal_components_are_kept_as_asked_for(
    settings: ClusterSettings, dimensions: int
) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 20)).astype(np.float32)

    assert prepare(vectors, settings).shape == (50, dimensions)


@pytest.mark.parametrize(("whiten", "power"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_whitening_makes_components_more_equal(whiten: float, power: float) -> None:
    chance = np.random.default_rng(0)
    rows = (chance.normal(size=(4000, 3)) * [16, 4, 1]).astype(np.float32)

    found = prepare(rows, KMeansSettings(normalize=False, whiten=whiten, dimensions=2))

    np.testing.assert_allclose(found.std(axis=0), np.array([16, 4]) ** power, rtol=0.05)


def test_whitening_leaves_out_components_without_spread() -> None:
    rows = np.repeat(np.eye(3, 8, dtype=np.float32), 2, axis=0)

    found = prepare(rows, KMeansSettings(whiten=1.0))

    assert np.isfinite(found).all()
    assert found.shape == (6, 5)


def test_neighbours_draw_a_vector_to_where_it_is_dense() -> None:
    blobs = make_blobs((40, 40), spread=0.2)

    averaged = average_neighbours(blobs, HdbscanSettings(neighbours=10, normalize=False))

    assert averaged[:40].std(axis=0).max() < 0.7 * blobs[:40].std(axis=0).max()


def test_neighbours_are_the_nearest_rows_and_the_row_itself() -> None:
    rows = np.append(np.arange(10), 99).astype(np.float32)[:, None]

    averaged = average_neighbours(rows, KMeansSettings(neighbours=1, normalize=False))

    assert averaged[-1, 0] == (99 + 9) / 2
    assert (np.abs(averaged - rows)[:-1] == 0.5).all()


def test_no_more_than_one_in_ten_rows_is_a_neighbour() -> None:
    rows = make_blobs((15, 15))

    many, three = KMeansSettings(neighbours=99), KMeansSettings(neighbours=3)

    np.testing.assert_array_equal(average_neighbours(rows, many), average_neighbours(rows, three))
    assert average_neighbours(rows[:9], many).tolist() == rows[:9].tolist()


def test_rows_that_differ_by_rounding_count_once() -> None:
    rows = np.array([[1, 0], [1 + 1e-7, -0.0], [0, 1]], dtype=np.float32)

    assert count_distinct(rows) == 2
