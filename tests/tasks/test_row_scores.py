"""What each row counts, held against the metrics over all rows."""

import numpy as np
import pytest

from textwright.tasks.row_scores import (
    LOWER_IS_BETTER,
    RESAMPLED,
    Told,
    exact_matches,
    row_outcomes,
)
from textwright.tasks.scores import Rows, score
from textwright.text.labels import Labels

LABELS = Labels(("a", "b", "c"), threshold=0.45)
MULTI = Labels(("a", "b"), multi=True)


def make_rows(seed: int, *, count: int = 120, known: tuple[str, ...] = ("a", "b", "c")) -> Rows:
    chance = np.random.default_rng(seed)
    scores = chance.dirichlet(np.ones(3), size=count)
    gold = [
        () if each == 0 else (known[each % len(known)],) for each in chance.integers(0, 5, count)
    ]
    return Rows(scores, gold, [{} for _ in gold])


@pytest.mark.parametrize("seed", range(4))
def test_the_mean_of_the_rows_is_the_metric(seed: int) -> None:
    rows = make_rows(seed)

    outcomes, whole = row_outcomes(rows, LABELS), score(rows, LABELS)

    assert set(outcomes) == {"accuracy", "overall_accuracy", "coverage", "out_of_scope_recall"}
    for name, values in outcomes.items():
        assert np.nanmean(values) == pytest.approx(whole[name])
        assert set(np.unique(values[~np.isnan(values)])) <= {0.0, 1.0}


@pytest.mark.parametrize("metric", RESAMPLED)
@pytest.mark.parametrize("seed", range(3))
def test_a_metric_on_all_rows_is_that_of_the_report(metric: str, seed: int) -> None:
    rows = make_rows(seed)
    told = Told(rows, LABELS, ("a", "b", "c"))

    found = RESAMPLED[metric](told, np.arange(120))

    assert found == pytest.approx(score(rows, LABELS)[metric])


@pytest.mark.parametrize("metric", RESAMPLED)
def test_a_metric_on_some_rows_is_that_of_those_rows(metric: str) -> None:
    rows, chosen = make_rows(5), np.arange(120) % 3 == 0
    told = Told(rows, LABELS, ("a", "b", "c"))

    found = RESAMPLED[metric](told, np.flatnonzero(chosen))

    assert found == pytest.approx(score(rows.take(chosen), LABELS)[metric])


@pytest.mark.parametrize("metric", RESAMPLED)
def test_a_metric_without_rows_is_no_number(metric: str) -> None:
    told = Told(make_rows(1), LABELS, LABELS.names)

    assert np.isnan(RESAMPLED[metric](told, np.zeros(0, dtype=np.int64)))


def test_labels_are_told_apart_by_name_and_not_by_place() -> None:
    turned = Labels(("c", "a", "b"), threshold=0.45)
    rows = make_rows(2)
    other = Rows(rows.scores[:, [2, 0, 1]], rows.gold, rows.slices)

    for name, values in row_outcomes(rows, LABELS).items():
        np.testing.assert_array_equal(values, row_outcomes(other, turned)[name])
    mine, theirs = Told(rows, LABELS, ("a", "b", "c")), Told(other, turned, ("a", "b", "c"))
    assert mine.predicted.tolist() == theirs.predicted.tolist()


def test_a_true_label_that_the_model_does_not_know_counts_as_wrong() -> None:
    rows = Rows(np.array([[0.9, 0.05, 0.05]]), [("z",)], [{}])

    assert row_outcomes(rows, LABELS)["accuracy"].tolist() == [0.0]
    assert Told(rows, LABELS, LABELS.names).gold.tolist() == [-1]
    assert Told(rows, LABELS, ("a", "b", "c", "z")).gold.tolist() == [3]


def test_rows_out_of_scope_count_for_abstention_alone() -> None:
    rows = Rows(np.array([[0.9, 0.05, 0.05], [0.4, 0.3, 0.3]]), [(), ()], [{}, {}])

    found = row_outcomes(rows, LABELS)

    assert np.isnan(found["accuracy"]).all()
    assert np.isnan(found["coverage"]).all()
    assert found["out_of_scope_recall"].tolist() == [0.0, 1.0]
    assert found["overall_accuracy"].tolist() == [0.0, 1.0]


def test_with_several_labels_only_the_whole_answer_counts() -> None:
    scores = np.array([[0.9, 0.9], [0.9, 0.1], [0.1, 0.1], [0.9, 0.1]])
    rows = Rows(scores, [("a", "b"), ("a", "b"), (), ("a", "z")], [{}] * 4)

    assert exact_matches(rows, MULTI).tolist() == [1.0, 0.0, 1.0, 0.0]
    assert list(row_outcomes(rows, MULTI)) == ["accuracy"]
    assert np.mean(exact_matches(rows, MULTI)) == score(rows, MULTI)["accuracy"]


def test_no_rows_give_no_outcomes() -> None:
    rows = Rows(np.zeros((0, 3)), [], [])

    assert all(len(each) == 0 for each in row_outcomes(rows, LABELS).values())


def test_only_an_error_is_better_when_it_is_lower() -> None:
    assert [each for each in RESAMPLED if "error" in each] == list(LOWER_IS_BETTER)
