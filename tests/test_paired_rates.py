"""Error rates of the paired gate over thousands of simulated comparisons (``make test-faults``)."""

from functools import cache

import numpy as np
import pytest

from textwright.binomial import share_interval
from textwright.metrics import Floats, Ints
from textwright.paired import Counts, holm, p_value, resampled_difference

ALPHA = 0.05


@cache
def passes(counts: Counts, margin: float) -> bool:
    return p_value(counts, -margin) <= ALPHA


def draw(rows: int, differ: float, difference: float, comparisons: int) -> list[Counts]:
    shares = ((differ + difference) / 2, (differ - difference) / 2, 1 - differ)
    drawn = np.random.default_rng(rows).multinomial(rows, shares, size=comparisons)
    return [Counts(int(won), int(lost), rows) for won, lost, _ in drawn]


def false_passes(rows: int, differ: float, margin: float, comparisons: int) -> float:
    """Lower limit of the share of comparisons that passed at a true loss of the margin."""
    samples = draw(rows, differ, -margin, comparisons)
    passed = sum(passes(each, margin) for each in samples)
    return share_interval(passed, comparisons, error=0.01)[0]


def test_a_sample_of_comparisons_passes_falsely_no_more_often_than_alpha() -> None:
    assert false_passes(150, 0.1, 0.03, 400) <= ALPHA


@pytest.mark.faults
@pytest.mark.parametrize(
    ("differ", "margin"), [(0.02, 0.02), (0.05, 0.01), (0.1, 0.02), (0.5, 0.1)]
)
@pytest.mark.parametrize("rows", [40, 300, 2_000])
def test_false_passes_at_the_margin_are_not_more_than_alpha(
    rows: int, differ: float, margin: float
) -> None:
    assert false_passes(rows, differ, margin, 2_000) <= ALPHA


@pytest.mark.faults
def test_the_more_rows_the_fewer_verdicts_stay_unknown_for_equal_models() -> None:
    shares = []
    for rows in (200, 1_000, 5_000):
        samples = draw(rows, 0.1, 0.0, 1_000)
        known = [passes(each, 0.02) or passes(each.swapped, -0.02) for each in samples]
        shares.append(1 - np.mean(known))

    assert shares[0] > shares[1] > shares[2]
    assert shares[2] < 0.05


@pytest.mark.faults
def test_over_ten_equal_slices_one_is_seldom_said_to_have_lost() -> None:
    failed = 0
    for start in range(1_000):
        chance = np.random.default_rng(start)
        drawn = chance.multinomial(80, (0.06, 0.06, 0.88), size=10)
        slices = [Counts(int(won), int(lost), 80) for won, lost, _ in drawn]
        failed += min(holm([p_value(each.swapped, 0.0) for each in slices])) <= ALPHA

    assert share_interval(failed, 1_000, error=0.01)[0] <= ALPHA


@pytest.mark.faults
def test_the_bootstrap_passes_falsely_about_as_often_as_alpha() -> None:
    passed = 0
    for start in range(1_000):
        values = np.random.default_rng(start).normal(-0.02, 0.3, 500)

        def mean(rows: Ints, values: Floats = values) -> float:
            return float(values[rows].mean())

        found = resampled_difference(mean, 500, resamples=400)
        assert found is not None
        passed += found.low[ALPHA] > -0.02

    assert share_interval(passed, 1_000, error=0.01)[0] <= ALPHA
