"""Raw scores into answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.errors import UnknownNameError
from textwright.tasks import classify
from textwright.tasks.classify import answers, probabilities
from textwright.tasks.table import find_task
from textwright.text.labels import Labels

LABELS = Labels(("a", "b", "c", "d", "e", "f", "g"))


def logits(*rows: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(rows, dtype=np.float32)


def test_the_most_probable_label_is_the_answer_with_the_five_best_scores() -> None:
    found = answers(logits([0, 1, 5, 2, 0, 0, 3]), LABELS)[0]

    assert found.label == "c"
    assert list(found.scores) == ["c", "g", "d", "b", "a"]
    assert found.score == found.scores["c"] == max(found.scores.values())


@given(st.lists(st.floats(-1e4, 1e4), min_size=7, max_size=7), st.floats(0.01, 100))
def test_probabilities_sum_to_one_at_any_temperature(row: list[float], scale: float) -> None:
    labels = Labels(LABELS.names, temperature=scale)

    found = probabilities(logits(row), labels)

    assert found.sum() == pytest.approx(1.0)
    assert np.isfinite(found).all()


def test_a_higher_temperature_makes_a_model_less_sure() -> None:
    sure = probabilities(logits([0, 2]), Labels(("a", "b"), temperature=0.5))
    unsure = probabilities(logits([0, 2]), Labels(("a", "b"), temperature=5.0))

    assert sure[0, 1] > unsure[0, 1] > 0.5


def test_below_the_threshold_the_model_abstains_and_still_names_its_best_guess() -> None:
    found = answers(logits([0, 0.1]), Labels(("a", "b"), threshold=0.9))[0]

    assert (found.label, found.abstained) == ("b", True)


def test_equal_scores_go_by_label_order() -> None:
    assert answers(logits([1, 1, 1, 1, 1, 1, 1]), LABELS)[0].label == "a"


def test_several_labels_hold_or_none() -> None:
    labels = Labels(("a", "b", "c"), multi=True)

    found = answers(logits([3, -3, 1], [-2, -2, -3]), labels)

    assert [each.labels for each in found] == [("a", "c"), ()]


def test_extreme_scores_of_several_labels_stay_finite() -> None:
    found = probabilities(logits([1e30, -1e30]), Labels(("a", "b"), multi=True))

    assert found.tolist() == [[1.0, pytest.approx(0.0)]]


def test_an_answer_on_the_wire_leaves_out_what_does_not_apply() -> None:
    single = answers(logits([0, 2]), Labels(("a", "b")))[0].table()
    multi = answers(logits([3, -3]), Labels(("a", "b"), multi=True))[0].table()

    assert list(single) == ["label", "score", "scores", "abstained"]
    assert multi["labels"] == ("a",)


def test_no_texts_give_no_answers() -> None:
    assert answers(np.zeros((0, 2), dtype=np.float32), Labels(("a", "b"))) == []


def test_a_task_is_found_by_name_and_a_mistyped_one_answered() -> None:
    assert find_task("classify") is classify
    with pytest.raises(UnknownNameError, match="Did you mean 'classify'"):
        find_task("clasify")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0, 1))
def test_an_answer_is_its_row_sorted_and_compared(row: list[float], threshold: float) -> None:
    labels = Labels(tuple("abcdefghi"[: len(row)]), threshold=threshold)

    found = classify.answer(np.array(row), labels)

    assert found.score == max(row)
    assert found.label == "abcdefghi"[row.index(max(row))]
    assert list(found.scores.values()) == sorted(row, reverse=True)[:5]
    assert found.abstained == (max(row) < threshold)


def test_a_score_at_the_threshold_is_answered_and_a_probability_of_a_half_holds() -> None:
    single = classify.answer(np.array([0.7, 0.3]), Labels(("a", "b"), threshold=0.7))
    several = classify.answer(np.array([0.5, 0.4999]), Labels(("a", "b"), multi=True))

    assert single.abstained is False
    assert several.labels == ("a",)


def test_what_applies_stands_on_the_wire() -> None:
    found = classify.ClassifyAnswer("a", 0.0, {"a": 0.0}, False, (), True, "Look out.")

    assert found.table() == {
        "label": "a",
        "score": 0.0,
        "scores": {"a": 0.0},
        "abstained": False,
        "labels": (),
        "truncated": True,
        "warning": "Look out.",
    }


def test_an_answer_is_one_line_to_read() -> None:
    plain = answers(logits([0, 3]), Labels(("a", "b")))[0]
    unsure = answers(logits([0, 0.1]), Labels(("a", "b"), threshold=0.9))[0]

    assert plain.line() == "b\t0.9526"
    assert unsure.line().endswith("(abstains)")
