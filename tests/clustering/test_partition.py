"""Clusters of vectors: found, numbered, counted, and the same each time."""

from dataclasses import replace

import numpy as np
import pytest

from tests.clustering.topics import make_blobs
from textwright.clustering.partition import (
    draw_seeds,
    measure_silhouettes,
    partition,
    sort_labels,
)
from textwright.errors import DataError
from textwright.recipe.clustering import HdbscanSettings, KMeansSettings

SIZES = (30, 60, 20)
KMEANS = KMeansSettings(k=3, restarts=4)
HDBSCAN = HdbscanSettings(min_size=10, neighbours=0)


def test_kmeans_finds_the_groups_and_numbers_them_by_size() -> None:
    found = partition(make_blobs(SIZES), KMEANS)

    assert found.labels.tolist() == [1] * 30 + [0] * 60 + [2] * 20
    assert found.centres.shape == (3, 8)
    assert found.stability is not None
    assert found.stability > 0.9
    assert found.silhouettes == {}


def test_distances_are_to_the_mean_of_the_own_cluster() -> None:
    vectors = np.array([[0, 0], [2, 0], [9, 9], [9, 9]], dtype=np.float32)

    found = partition(vectors, KMeansSettings(k=2))

    assert found.distances.tolist() == [1, 1, 0, 0]


def test_the_same_seed_gives_the_same_clusters_and_another_draws_anew() -> None:
    vectors = np.random.default_rng(1).normal(size=(200, 5)).astype(np.float32)
    settings = replace(KMEANS, k=9)

    first, second = partition(vectors, settings), partition(vectors, settings)

    np.testing.assert_array_equal(first.labels, second.labels)
    assert first.stability == second.stability
    assert (first.stability or 1) < 0.9
    assert not set(draw_seeds(settings)) & set(draw_seeds(replace(settings, seed=8)))


def test_a_single_run_has_no_stability() -> None:
    assert partition(make_blobs(SIZES), replace(KMEANS, restarts=1)).stability is None


def test_the_number_of_clusters_is_that_of_the_largest_silhouette() -> None:
    found = partition(make_blobs((40, 30, 30, 20)), replace(KMEANS, k=0, most=8))

    assert max(found.silhouettes, key=found.silhouettes.__getitem__) == 4
    assert len(found.centres) == 4
    assert sorted(found.silhouettes) == [2, 3, 4, 5, 6, 7, 8]


def test_silhouettes_of_many_vectors_are_taken_over_a_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("textwright.clustering.partition.SAMPLE", 50)

    found = measure_silhouettes(make_blobs((90, 90, 90)), replace(KMEANS, most=4))

    assert max(found, key=found.__getitem__) == 3


def test_two_vectors_leave_no_choice() -> None:
    assert partition(np.eye(2, dtype=np.float32), replace(KMEANS, k=0)).labels.tolist() == [0, 1]


def test_hdbscan_leaves_out_what_lies_alone() -> None:
    alone = np.full((1, 8), 3, dtype=np.float32)
    vectors = np.vstack([make_blobs(SIZES), alone])

    found = partition(vectors, HDBSCAN)

    assert found.labels.max() == 2
    assert found.labels[-1] == -1
    assert np.isnan(found.distances[-1])
    assert found.stability is None


@pytest.mark.parametrize("vectors", [np.eye(4), np.random.default_rng(0).normal(size=(40, 8))])
def test_hdbscan_without_a_dense_place_is_told(vectors: np.ndarray) -> None:
    with pytest.raises(DataError, match="lie closer than the rest") as caught:
        partition(vectors.astype(np.float32), HdbscanSettings(min_size=15, neighbours=0))

    assert "--min-size" in caught.value.hint


def test_clusters_of_one_size_are_numbered_by_their_first_text() -> None:
    assert sort_labels(np.array([2, 0, 0, 2, 1, -1])).tolist() == [0, 1, 1, 0, 2, -1]
