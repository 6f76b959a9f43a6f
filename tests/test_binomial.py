"""Binomial chances held against SciPy's, and against each other at the edges."""

import math

import numpy as np
import pytest
from scipy import stats

from textwright.binomial import (
    beta_share,
    binomial_chance,
    binomial_tail,
    log_factorial,
    share_interval,
    tail_share,
)

SHARES = np.array([0.0, 1e-9, 0.003, 0.2, 0.5, 0.97, 1.0])


@pytest.mark.parametrize("rows", [1, 2, 7, 50, 300, 30_000])
def test_a_tail_is_that_of_scipy(rows: int) -> None:
    least = np.unique(np.linspace(-1, rows + 2, 40).astype(np.int64))

    ours = binomial_tail(least, np.full(len(least), rows), SHARES)

    theirs = stats.binom.sf(least[None, :] - 1, rows, SHARES[:, None])
    assert ours == pytest.approx(theirs, abs=1e-10)


@pytest.mark.parametrize("rows", [1, 2, 7, 50, 300, 30_000])
def test_a_chance_is_that_of_scipy(rows: int) -> None:
    counts = np.unique(np.linspace(0, rows, 40).astype(np.int64))

    ours = binomial_chance(rows, counts, SHARES)

    assert ours == pytest.approx(stats.binom.pmf(counts[None, :], rows, SHARES[:, None]), abs=1e-12)


def test_all_chances_together_are_one() -> None:
    assert binomial_chance(90, np.arange(91), SHARES).sum(axis=1) == pytest.approx(np.ones(7))


def test_a_tail_from_nothing_is_certain_and_beyond_the_rows_impossible() -> None:
    found = binomial_tail(np.array([-3, 0, 6, 7]), np.array([5, 5, 5, 5]), SHARES)

    assert found[:, :2].tolist() == [[1.0, 1.0]] * 7
    assert found[:, 2:].tolist() == [[0.0, 0.0]] * 7


def test_a_tail_without_rows_needs_none() -> None:
    assert binomial_tail(np.array([0, 1]), np.array([0, 0]), np.array([0.5])).tolist() == [[1, 0]]


def test_factorials_from_the_table_and_from_the_series_are_those_of_the_gamma_function() -> None:
    counts = [0, 1, 2, 255, 256, 257, 100_000]

    theirs = [math.lgamma(each + 1) for each in counts]
    assert log_factorial(np.array(counts)) == pytest.approx(theirs, rel=1e-13)


def test_the_incomplete_beta_function_is_that_of_scipy_on_both_sides() -> None:
    a, b = np.array([1.0, 2.0, 400.0, 3.0]), np.array([1.0, 300.0, 2.0, 3.0])
    x = np.array([0.3, 0.01, 0.999, 0.5])

    assert beta_share(a, b, x) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-12)


@pytest.mark.parametrize(("count", "rows"), [(1, 10), (3, 50), (49, 50), (700, 10_000)])
def test_an_interval_of_a_share_is_that_of_clopper_and_pearson(count: int, rows: int) -> None:
    found = share_interval(count, rows, error=0.05)

    theirs = stats.binomtest(count, rows).proportion_ci(0.95, method="exact")
    assert found == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_an_interval_ends_at_none_and_at_all() -> None:
    edge = 0.05 ** (1 / 20)

    assert share_interval(0, 20, error=0.1) == pytest.approx((0.0, 1 - edge), abs=1e-12)
    assert share_interval(20, 20, error=0.1) == pytest.approx((edge, 1.0), abs=1e-12)


@pytest.mark.parametrize("chance", [1e-6, 0.05, 0.5, 0.999999])
def test_a_share_found_for_a_chance_has_that_chance(chance: float) -> None:
    share = tail_share(7, 40, chance)

    tail = binomial_tail(np.array([7]), np.array([40]), np.array([share]))
    assert tail[0, 0] == pytest.approx(chance, rel=1e-6)
