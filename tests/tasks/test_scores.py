"""A report's numbers, worked out by hand."""

import json
from typing import Any

import numpy as np
import pytest

from textwright.tasks.scores import Rows, score, score_majority
from textwright.text.labels import Labels

LABELS = Labels(("a", "b"), threshold=0.7)


def rows(*confidence_of_a: float, gold: str, slices: str = "") -> Rows:
    scores = np.array([[each, 1 - each] for each in confidence_of_a])
    labels = [() if each == "-" else (each,) for each in gold]
    return Rows(scores, labels, [{"domain": each} for each in slices] or [{}] * len(gold))


def metrics_of(found: dict[str, Any]) -> dict[str, float]:
    return {name: each for name, each in found.items() if isinstance(each, float)}


def test_accuracy_ignores_abstention_and_unknown_labels_count_as_wrong() -> None:
    found = score(rows(0.9, 0.6, 0.2, 0.9, gold="aabz"), LABELS)

    assert found["accuracy"] == 0.75
    assert found["unknown_label_rows"] == 1
    assert found["accuracy_interval"][0] < 0.75 < found["accuracy_interval"][1]


def test_coverage_and_the_accuracy_with_it() -> None:
    found = score(rows(0.9, 0.6, 0.2, 0.1, gold="aaba"), LABELS)

    assert found["coverage"] == 0.75
    assert found["selective_accuracy"] == pytest.approx(2 / 3)


def test_rows_out_of_scope_are_scored_apart() -> None:
    found = score(rows(0.9, 0.2, 0.6, 0.95, gold="ab--"), LABELS)

    assert found["accuracy"] == 1.0
    assert found["in_scope_rows"] == found["out_of_scope_rows"] == 2
    assert found["out_of_scope_recall"] == 0.5
    assert found["out_of_scope_auroc"] == 0.5  # one below both in-scope rows, one above both
    assert found["overall_accuracy"] == 0.75


def test_a_slice_is_scored_as_its_rows_are_alone() -> None:
    whole = rows(0.9, 0.9, 0.2, 0.9, 0.4, gold="aab-a", slices="xyyxy")

    found = score(whole, LABELS)["slices"]["domain"]

    assert found["x"] == {"rows": 2} | metrics_of(score(rows(0.9, 0.9, gold="a-"), LABELS))
    assert found["y"] == {"rows": 3} | metrics_of(score(rows(0.9, 0.2, 0.4, gold="aba"), LABELS))
    assert list(found["y"])[1] == "accuracy"
    assert found["x"]["overall_accuracy"] == 0.5


def test_a_slice_of_rows_out_of_scope_is_scored_by_abstention() -> None:
    found = score(rows(0.9, 0.6, 0.9, gold="a--", slices="xyy"), LABELS)

    assert found["slices"]["domain"]["y"] == {
        "rows": 2,
        "overall_accuracy": 0.5,
        "out_of_scope_recall": 0.5,
    }


def test_per_label_scores_and_the_confusion_matrix() -> None:
    found = score(rows(0.9, 0.9, 0.1, gold="abb"), LABELS)

    assert found["confusion"] == [[1, 0], [1, 1]]
    assert found["labels"]["a"] == {
        "precision": 0.5,
        "recall": 1.0,
        "f1": pytest.approx(2 / 3),
        "rows": 1,
    }


def test_only_rows_out_of_scope_have_no_accuracy() -> None:
    found = score(rows(0.9, 0.5, gold="--"), LABELS)

    assert "accuracy" not in found
    assert found["out_of_scope_recall"] == 0.5


def test_a_report_is_json() -> None:
    assert json.loads(json.dumps(score(rows(0.9, 0.4, gold="a-"), LABELS)))


def test_chosen_rows_are_scored_alone() -> None:
    kept = rows(0.9, 0.9, 0.1, gold="abb").take(np.array([True, False, True]))

    assert score(kept, LABELS)["accuracy"] == 1.0


def test_several_labels_are_right_only_when_all_are() -> None:
    scores = np.array([[0.9, 0.2], [0.9, 0.9], [0.1, 0.1], [0.9, 0.1]])
    gold: list[tuple[str, ...]] = [("a",), ("a",), (), ("a", "new")]

    found = score(Rows(scores, gold, [{"by": "all"}] * 4), Labels(("a", "b"), multi=True))

    assert found["accuracy"] == 0.5
    assert found["unknown_label_rows"] == 1
    assert found["micro_f1"] == pytest.approx(2 * 3 / (4 + 3))
    assert found["slices"]["by"]["all"] == {"rows": 4} | metrics_of(found)


def test_the_majority_is_scored_on_in_scope_rows() -> None:
    assert score_majority([("a",), ("b",), ()], ("a",)) == 0.5
