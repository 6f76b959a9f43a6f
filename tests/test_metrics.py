"""Scores held against trying every case, scikit-learn, or numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, precision_recall_fscore_support, roc_auc_score

from textwright import metrics

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def columns(pairs: list[tuple[int, int]]) -> tuple[metrics.Ints, metrics.Ints]:
    table = np.array(pairs, dtype=np.int64)
    return table[:, 0], table[:, 1]


@given(PAIRS)
def test_label_scores_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    gold, predicted = columns(pairs)
    table = metrics.confusion(gold, predicted, 4)

    ours = metrics.label_scores(np.diag(table), table.sum(axis=0), table.sum(axis=1))

    theirs = precision_recall_fscore_support(gold, predicted, labels=range(4), zero_division=0)
    for name, column in zip(("precision", "recall", "f1", "rows"), theirs, strict=True):
        assert [getattr(each, name) for each in ours] == pytest.approx(list(column))


@given(PAIRS)
def test_macro_f1_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    gold, predicted = columns(pairs)

    ours = metrics.macro_f1_interval(gold, predicted, 4)

    assert ours.value == pytest.approx(f1_score(gold, predicted, average="macro"))
    assert ours.low <= ours.high


def test_an_unknown_true_label_counts_against_the_label_answered() -> None:
    gold, predicted = np.array([0, 0, -1]), np.array([0, 0, 0])

    assert metrics.macro_f1_interval(gold, predicted, 2).value == pytest.approx(2 * 2 / 5)
    assert metrics.confusion(gold, predicted, 2).tolist() == [[2, 0], [0, 0]]


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.booleans()), min_size=2, max_size=30
    )
)
def test_auroc_counts_the_pairs_in_order(rows: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in rows])
    positive = np.array([each for _, each in rows])

    ours = metrics.auroc(scores, positive)

    if positive.all() or not positive.any():
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(roc_auc_score(positive, scores))


def test_calibration_error_worked_out_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([True, False, True, True])

    # two bins of two rows: |0.95 - 0.5| and |0.55 - 1.0|, each half of the rows
    assert metrics.calibration_error(confidence, right) == pytest.approx(0.45)


def test_calibration_error_takes_certainty_and_no_rows() -> None:
    assert metrics.calibration_error(np.array([1.0]), np.array([True])) == 0.0
    assert metrics.calibration_error(np.zeros(0), np.zeros(0, dtype=np.bool_)) == 0.0


def test_a_mean_lies_in_its_interval_which_narrows_with_rows() -> None:
    few = metrics.mean_interval(np.array([0.0, 1.0, 1.0, 1.0] * 5))
    many = metrics.mean_interval(np.array([0.0, 1.0, 1.0, 1.0] * 500))

    assert few.low < 0.75 < few.high
    assert many.high - many.low < few.high - few.low


def test_drawing_by_counts_and_by_rows_give_the_same_interval() -> None:
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 2, 800).astype(np.float64)
    fine = coarse + chance.uniform(-1e-9, 1e-9, 800)

    by_counts, by_rows = metrics.mean_interval(coarse), metrics.mean_interval(fine)

    assert by_counts.low == pytest.approx(by_rows.low, abs=0.01)
    assert by_counts.high == pytest.approx(by_rows.high, abs=0.01)


def test_a_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    chance = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        found = metrics.mean_interval((chance.random(150) < 0.8).astype(np.float64))
        covered += found.low <= 0.8 <= found.high

    assert 0.90 <= covered / 400 <= 0.98


def test_the_same_values_give_the_same_interval() -> None:
    values = np.array([0.0, 1.0, 1.0])

    assert metrics.mean_interval(values) == metrics.mean_interval(values)


def test_reliability_leaves_empty_bins_out() -> None:
    bins = metrics.reliability(np.array([0.1, 0.9, 0.92]), np.array([False, True, True]), bins=10)

    assert [each.rows for each in bins] == [1, 2]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.integers(1, 20)
)
def test_calibration_error_is_that_of_every_bin_taken_one_by_one(
    rows: list[tuple[float, bool]], bins: int
) -> None:
    gap = 0.0
    for each in range(bins):
        inside = [row for row in rows if min(int(row[0] * bins), bins - 1) == each]
        gap += abs(sum(score for score, _ in inside) - sum(right for _, right in inside))

    confidence, right = (np.array(column) for column in zip(*rows, strict=True))

    assert metrics.calibration_error(confidence, right, bins=bins) == pytest.approx(gap / len(rows))


def test_the_edges_of_a_bin_are_below_inside_and_above_outside() -> None:
    confidence = np.array([0.0, 0.0999, 0.1, 0.2, 1.0])

    bins = metrics.reliability(confidence, np.zeros(5, dtype=np.bool_), bins=10)

    assert [each.rows for each in bins] == [2, 1, 1, 1]
    assert bins[-1].confidence == 1.0


@given(PAIRS, st.integers(-1, 3))
def test_each_row_counts_once_in_the_confusion_matrix(
    pairs: list[tuple[int, int]], strange: int
) -> None:
    gold, predicted = columns(pairs)
    gold = np.where(gold == strange, -1, gold)

    table = metrics.confusion(gold, predicted, 4)

    for row in range(4):
        for column in range(4):
            assert table[row, column] == int(((gold == row) & (predicted == column)).sum())


def test_an_interval_holds_the_share_it_says_of_the_resampled_means() -> None:
    values = np.random.default_rng(0).normal(size=50)
    means = metrics.resampled_means(values)

    found = metrics.mean_interval(values)

    assert len(means) == metrics.RESAMPLES
    assert float(((means >= found.low) & (means <= found.high)).mean()) == pytest.approx(
        0.95, abs=0.01
    )
    assert float(means.std()) == pytest.approx(float(values.std()) / 50**0.5, rel=0.1)


def test_macro_f1_of_many_tables_is_that_of_each() -> None:
    right, answered, true = (
        np.array([[1, 0], [2, 0]]),
        np.array([[2, 0], [2, 1]]),
        np.array([[1, 0], [2, 0]]),
    )

    found = metrics.macro_f1(right, answered, true)

    assert found.tolist() == pytest.approx([2 / 3, 0.5])  # a label nobody met does not count
    assert metrics.macro_f1(right[0] * 0, answered[0] * 0, true[0] * 0) == 0.0


@given(
    st.lists(st.booleans(), min_size=2, max_size=20).filter(
        lambda each: any(each) and not all(each)
    )
)
def test_auroc_of_turned_scores_is_the_rest_to_one(positive: list[bool]) -> None:
    flags = np.array(positive)
    scores = np.arange(len(flags), dtype=np.float64) // 2

    assert metrics.auroc(-scores, flags) == pytest.approx(1 - metrics.auroc(scores, flags))


@pytest.mark.parametrize("seed", range(5))
def test_spearman_with_ties_is_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, 9, 50).astype(float), rng.normal(size=50).round(1)

    assert metrics.spearman(left, right) == pytest.approx(spearmanr(left, right).statistic)


def test_spearman_runs_from_minus_one_to_one_and_is_zero_for_a_constant() -> None:
    up = np.arange(5.0)

    assert metrics.spearman(up, up**3) == pytest.approx(1)
    assert metrics.spearman(up, -up) == pytest.approx(-1)
    assert metrics.spearman(up, np.ones(5)) == 0


def test_pearson_is_scipys() -> None:
    chance = np.random.default_rng(0)
    left, right = chance.normal(size=(2, 50))

    assert metrics.pearson(left, right) == pytest.approx(pearsonr(left, right).statistic)


def test_the_interval_of_a_metric_holds_its_value_and_is_the_same_each_time() -> None:
    chance = np.random.default_rng(0)
    left = chance.normal(size=200)
    right = left + chance.normal(size=200)

    found, again = (
        metrics.resampled_interval(lambda rows: metrics.spearman(left[rows], right[rows]), 200)
        for _ in range(2)
    )

    assert found == again
    assert found.low < found.value == metrics.spearman(left, right) < found.high
    assert 0.05 < found.high - found.low < 0.3
