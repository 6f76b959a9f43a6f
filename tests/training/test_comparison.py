"""Two models on the same rows, counted by hand."""

import numpy as np
import pytest

from textwright.paired import LEVELS
from textwright.tasks.scores import score
from textwright.text.examples import Example
from textwright.text.labels import Labels
from textwright.training.comparison import Scored, compare_scored, count_slices
from textwright.training.evaluate import make_rows

LABELS = Labels(("a", "b"), threshold=0.6)
EXAMPLES = [
    Example("1", ("a",), {"language": "en"}),
    Example("2", ("b",), {"language": "en"}),
    Example("3", ("a",), {"language": "zh"}),
    Example("4", (), {"language": "zh"}),
]
OURS = Scored(np.array([[0.9, 0.1], [0.9, 0.1], [0.7, 0.3], [0.55, 0.45]]), LABELS)
THEIRS = Scored(np.array([[0.2, 0.8], [0.3, 0.7], [0.59, 0.41], [0.9, 0.1]]), LABELS)


def random_models(count: int = 200) -> tuple[Scored, Scored, list[Example]]:
    chance = np.random.default_rng(0)
    scored = [Scored(chance.dirichlet(np.ones(2), size=count), LABELS) for _ in range(2)]
    gold = [(("a",), ("b",), ())[each] for each in chance.integers(0, 3, count)]
    return scored[0], scored[1], [Example(str(place), each) for place, each in enumerate(gold)]


def test_rows_are_counted_by_who_is_right() -> None:
    found = compare_scored(OURS, THEIRS, EXAMPLES, ())["metrics"]

    assert found["accuracy"] == {
        "ours": pytest.approx(2 / 3),
        "theirs": pytest.approx(2 / 3),
        "won": 1,
        "lost": 1,
        "rows": 3,
    }
    assert found["coverage"] == {
        "ours": 1.0,
        "theirs": pytest.approx(2 / 3),
        "won": 1,
        "lost": 0,
        "rows": 3,
    }
    assert (found["out_of_scope_recall"]["won"], found["out_of_scope_recall"]["rows"]) == (1, 1)
    assert found["overall_accuracy"]["rows"] == 4


def test_slices_are_counted_by_accuracy() -> None:
    assert compare_scored(OURS, THEIRS, EXAMPLES, ())["slices"] == {
        "language": {
            "en": {"won": 1, "lost": 1, "rows": 2},
            "zh": {"won": 0, "lost": 0, "rows": 1},
        }
    }


def test_a_slice_without_a_row_that_counts_is_left_out() -> None:
    slices = [{"language": "en"}, {"language": "zh"}]

    found = count_slices(slices, np.array([1.0, np.nan]), np.array([0.0, np.nan]))

    assert found == {"language": {"en": {"won": 1, "lost": 0, "rows": 1}}}
    assert count_slices([], np.zeros(0), np.zeros(0)) == {}


def test_differences_of_other_metrics_are_resampled_when_they_are_asked_for() -> None:
    ours, theirs, examples = random_models()

    plain = compare_scored(ours, theirs, examples, ())["metrics"]
    found = compare_scored(ours, theirs, examples, ("macro_f1", "calibration_error"))["metrics"]

    assert "macro_f1" not in plain
    for name, sign in (("macro_f1", 1), ("calibration_error", -1)):
        whole = [score(make_rows(each.scores, examples), LABELS)[name] for each in (ours, theirs)]
        assert found[name]["value"] == pytest.approx(sign * (whole[0] - whole[1]))
        assert found[name]["low"]["0.05"] < found[name]["value"] < found[name]["high"]["0.05"]
        assert list(found[name]["low"]) == [f"{each:g}" for each in LEVELS]


def test_a_model_compared_with_itself_does_not_differ() -> None:
    ours, _, examples = random_models()

    found = compare_scored(ours, ours, examples, ("macro_f1",))["metrics"]

    assert all(each["won"] == each["lost"] == 0 for each in found.values() if "won" in each)
    assert found["macro_f1"]["value"] == 0.0


def test_models_that_know_other_labels_are_compared_by_name() -> None:
    other = Scored(THEIRS.scores[:, [1, 0]], Labels(("b", "a"), threshold=0.6))

    assert compare_scored(OURS, other, EXAMPLES, ()) == compare_scored(OURS, THEIRS, EXAMPLES, ())


def test_an_undefined_metric_is_left_out() -> None:
    ours, theirs = (Scored(each.scores[:3], LABELS) for each in (OURS, THEIRS))
    asked = ("out_of_scope_auroc", "no_such")

    found = compare_scored(ours, theirs, EXAMPLES[:3], asked)["metrics"]

    assert "out_of_scope_auroc" not in found
    assert "out_of_scope_recall" not in found
    assert "no_such" not in found


def test_with_several_labels_whole_answers_are_compared() -> None:
    multi = Labels(("a", "b"), multi=True)
    examples = [Example("1", ("a",)), Example("2", ("a", "b"))]
    ours = Scored(np.array([[0.9, 0.1], [0.9, 0.9]]), multi)
    theirs = Scored(np.array([[0.9, 0.6], [0.9, 0.9]]), multi)

    found = compare_scored(ours, theirs, examples, ("macro_f1",))["metrics"]

    assert list(found) == ["accuracy"]
    assert (found["accuracy"]["won"], found["accuracy"]["lost"]) == (1, 0)
