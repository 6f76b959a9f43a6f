"""Scores of clusters against labels."""

import numpy as np
import pytest

from textwright.clustering.agreement import best_accuracy, score_agreement


def test_the_same_groups_under_other_names_score_one() -> None:
    found = score_agreement(["x", "x", "y", "z"], np.array([2, 2, 0, 1]))

    assert (found.nmi, found.v_measure, found.accuracy, found.rand_index) == (1, 1, 1, 1)
    assert (found.classes, found.texts) == (3, 4)


def test_one_cluster_for_all_is_complete_and_says_nothing() -> None:
    found = score_agreement(["x", "x", "y", "y"], np.array([0, 0, 0, 0]))

    assert (found.completeness, found.homogeneity, found.nmi) == (1, 0, 0)
    assert found.accuracy == 0.5


def test_nmi_is_mutual_information_over_the_mean_entropy() -> None:
    found = score_agreement(["x", "x", "x", "y"], np.array([0, 0, 1, 1]))

    classes, clusters = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)), np.log(2)
    joint = -(0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25))
    information = classes + clusters - joint
    assert found.nmi == pytest.approx(information / ((classes + clusters) / 2))
    assert found.v_measure == pytest.approx(found.nmi)
    assert found.homogeneity == pytest.approx(information / classes)


@pytest.mark.parametrize(
    ("classes", "labels", "accuracy"),
    [
        ([0, 0, 1, 1], [0, 1, 1, 1], 3 / 4),
        ([0, 0, 0, 1, 1], [0, 0, 1, 0, 0], 3 / 5),  # not each cluster's largest class: 4 / 5
        ([0, 1, 2], [0, 0, 0], 1 / 3),
        ([0, 0, 1, 1], [0, -1, 1, -1], 2 / 4),  # in no cluster is wrong
    ],
)
def test_each_cluster_stands_for_one_class_at_most(
    classes: list[int], labels: list[int], accuracy: float
) -> None:
    assert best_accuracy(np.array(classes), np.array(labels)) == pytest.approx(accuracy)
