"""Paired tests: their error rates by trying every sample, their power against the usual formula."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from textwright.binomial import log_factorial
from textwright.metrics import Floats
from textwright.paired import (
    LEVELS,
    Counts,
    count_pairs,
    exact_interval,
    holm,
    least_won,
    p_value,
    resampled_difference,
    rows_to_settle,
)

SAMPLES = st.integers(1, 60).flatmap(
    lambda rows: st.tuples(st.integers(0, rows), st.integers(0, rows), st.just(rows))
)


def every_sample(rows: int) -> list[Counts]:
    return [Counts(w, n - w, rows) for n in range(rows + 1) for w in range(n + 1)]


def chances(samples: list[Counts], differ: float, difference: float) -> Floats:
    """Chance of each sample when so large a share of rows differs, by so much."""
    won, lost, rows = (np.array([getattr(s, n) for s in samples]) for n in ("won", "lost", "rows"))
    same = rows - won - lost
    found = log_factorial(rows) - log_factorial(won) - log_factorial(lost) - log_factorial(same)
    parts = ((differ + difference) / 2, (differ - difference) / 2, 1 - differ)
    with np.errstate(divide="ignore", invalid="ignore"):
        for count, share in zip((won, lost, same), parts, strict=True):
            found = found + np.where(count == 0, 0.0, count * np.log(max(share, 0.0)))
    return np.exp(found)


@pytest.mark.parametrize("rows", [1, 4, 13])
@pytest.mark.parametrize("margin", [0.0, 0.05, 0.3])
def test_no_level_is_exceeded_at_the_margin_or_beyond_whatever_the_share_that_differs(
    rows: int, margin: float
) -> None:
    samples = every_sample(rows)
    found = np.array([p_value(each, -margin) for each in samples])

    for alpha in (0.01, 0.05, 0.2):
        passed = found <= alpha
        for difference in (-margin, -margin - 0.02, -margin - 0.2):
            for differ in np.linspace(abs(difference), 1, 101):
                assert chances(samples, differ, difference)[passed].sum() <= alpha


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_a_limit_covers_the_truth_as_often_as_it_says(alpha: float) -> None:
    samples = every_sample(7)
    lows = np.array([exact_interval(each, alpha=alpha).low for each in samples])

    for difference in np.linspace(-0.9, 0.0, 10):
        for differ in np.linspace(abs(difference), 1, 12):
            above = chances(samples, differ, difference)[lows > difference].sum()
            assert above <= alpha


@settings(deadline=None, max_examples=25)
@given(SAMPLES, st.floats(-0.9, 0.9), st.floats(0.0, 0.5))
def test_a_p_value_grows_with_the_difference_it_is_held_against(
    sample: tuple[int, int, int], difference: float, more: float
) -> None:
    won, lost, rows = sample
    counts = Counts(won, min(lost, rows - won), rows)

    low, high = p_value(counts, difference), p_value(counts, min(difference + more, 1.0))

    assert 0 < low <= 1
    assert low <= high + 2e-3 or difference > 0  # exactly so up to 0, where gates ask


@settings(deadline=None, max_examples=25)
@given(SAMPLES)
def test_one_more_row_won_never_speaks_against_the_candidate(sample: tuple[int, int, int]) -> None:
    won, lost, rows = sample[0], min(sample[1], sample[2] - sample[0]), sample[2]
    counts, better = Counts(won, lost, rows + 1), Counts(won + 1, lost, rows + 1)

    assert p_value(better, -0.05) <= p_value(counts, -0.05) + 1e-3


def test_a_sample_is_ordered_as_high_as_itself() -> None:
    for counts in every_sample(12):
        differ = counts.won + counts.lost

        assert least_won(counts, np.array([differ]))[0] == counts.won


@pytest.mark.parametrize(
    ("won", "lost", "rows"), [(50, 50, 1_000), (30, 42, 600), (500, 480, 9000)]
)
def test_with_many_rows_the_interval_is_close_to_the_usual_one(
    won: int, lost: int, rows: int
) -> None:
    counts = Counts(won, lost, rows)
    error = math.sqrt(won + lost - (won - lost) ** 2 / rows) / rows

    found = exact_interval(counts, alpha=0.05)

    assert found.value == pytest.approx((won - lost) / rows)
    assert found.low == pytest.approx(found.value - 1.645 * error, abs=0.12 * error)
    assert found.high == pytest.approx(found.value + 1.645 * error, abs=0.12 * error)


def test_the_exact_p_value_is_close_to_mcnemars_where_nothing_is_shifted() -> None:
    ours = p_value(Counts(40, 22, 800), 0.0)

    theirs = stats.binomtest(40, 62, 0.5, alternative="greater").pvalue
    assert ours == pytest.approx(theirs, rel=0.15)


def test_an_interval_is_the_mirror_of_that_seen_from_the_other_model() -> None:
    counts = Counts(12, 5, 90)

    one, other = exact_interval(counts, alpha=0.05), exact_interval(counts.swapped, alpha=0.05)

    assert (one.low, one.high) == (-other.high, -other.low)


def test_limits_and_p_values_say_the_same() -> None:
    counts = Counts(12, 9, 300)

    low = exact_interval(counts, alpha=0.05).low

    assert p_value(counts, low) <= 0.05 < p_value(counts, low + 0.001)


def test_models_that_agree_on_every_row_may_still_differ_elsewhere() -> None:
    found = exact_interval(Counts(0, 0, 300), alpha=0.05)

    assert found.low == pytest.approx(-(1 - 0.05 ** (1 / 300)), rel=0.01)  # rule of three
    assert found.high == -found.low


def test_one_row_and_none_settle_nothing() -> None:
    one, none = (
        exact_interval(Counts(1, 0, 1), alpha=0.05),
        exact_interval(Counts(0, 0, 0), alpha=0.1),
    )

    assert one.low == pytest.approx(-0.9, abs=0.01)
    assert one.high == 1.0
    assert math.isnan(none.value)
    assert (none.low, none.high) == (-1.0, 1.0)
    assert p_value(Counts(0, 0, 0), -0.5) == 1.0
    assert p_value(Counts(3, 0, 3), 1.0) == 1.0


def test_counts_leave_out_the_rows_that_do_not_count() -> None:
    ours = np.array([1.0, 0.0, 1.0, np.nan, 1.0])
    theirs = np.array([0.0, 1.0, 1.0, 1.0, np.nan])

    assert count_pairs(ours, theirs) == Counts(1, 1, 3)


def test_holm_worked_out_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_holm_never_says_less_than_a_test_alone_nor_more_than_bonferroni() -> None:
    chance = np.random.default_rng(0)
    for _ in range(50):
        values = chance.random(6).tolist()
        for value, adjusted in zip(values, holm(values), strict=True):
            assert value <= adjusted <= min(1.0, 6 * value) or adjusted >= max(values)


@pytest.mark.parametrize("counts", [Counts(10, 10, 200), Counts(3, 9, 200), Counts(0, 0, 50)])
def test_the_rows_that_would_settle_a_verdict_do(counts: Counts) -> None:
    needed = rows_to_settle(counts, 0.02, alpha=0.05)

    assert needed is not None
    assert needed > counts.rows

    def settled(rows: int) -> bool:
        part = rows / counts.rows
        grown = Counts(round(counts.won * part), round(counts.lost * part), rows)
        found = exact_interval(grown, alpha=0.05)
        return found.low > -0.02 or found.high < -0.02

    assert settled(needed)
    assert not settled(int(needed * 0.75))


def test_no_number_of_rows_settles_a_difference_of_just_the_margin() -> None:
    assert rows_to_settle(Counts(3, 7, 200), 0.02, alpha=0.05) is None
    assert rows_to_settle(Counts(0, 0, 0), 0.02, alpha=0.05) is None


def test_a_bootstrap_of_means_is_that_of_the_formula() -> None:
    values = np.random.default_rng(3).normal(0.1, 1.0, 400)

    found = resampled_difference(lambda rows: float(values[rows].mean()), 400)

    assert found is not None
    error = values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low[0.05] == pytest.approx(values.mean() - 1.645 * error, abs=0.15 * error)
    assert found.high[0.05] == pytest.approx(values.mean() + 1.645 * error, abs=0.15 * error)
    assert list(found.low) == list(found.high) == list(LEVELS)


def test_what_is_undefined_is_not_resampled() -> None:
    values = np.array([1.0] + [np.nan] * 9)

    assert resampled_difference(lambda _: math.nan, 5) is None
    assert resampled_difference(lambda rows: float(values[rows].min()), 10, resamples=100) is None
