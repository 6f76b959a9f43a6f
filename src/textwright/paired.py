"""Two models on the same rows: exact tests of right and wrong answers, resampling for the rest.

A difference is the candidate's value less the other's. Of N rows the candidate alone is right on
``won``, the other alone on ``lost``; the rows on which they agree say nothing of the difference
but how sure it is.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from textwright.binomial import binomial_chance, binomial_tail, share_interval
from textwright.metrics import Floats, Interval, Ints

ORDER_Z = NormalDist().inv_cdf(0.95)  # samples are ordered by their approximate 95 % lower limit
NUISANCE = 1e-5  # chance left out when the share of rows that differ is bounded; added to p
POINTS = 72  # at which that share is tried: about eight to one standard error
WINDOW = 7.0  # standard errors of it that are summed over; the rest is added to p
MOST_ROWS = 10_000_000  # beyond which no test set is asked for
LEVELS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.25)  # of one-sided limits


@dataclass(frozen=True)
class Counts:
    """How often one model alone was right, of ``rows`` rows."""

    won: int
    lost: int
    rows: int

    @property
    def difference(self) -> float:
        """Observed difference of the two shares, -1 to 1."""
        return (self.won - self.lost) / self.rows

    @property
    def swapped(self) -> "Counts":
        """The same rows seen from the other model."""
        return Counts(self.lost, self.won, self.rows)


def count_pairs(ours: Floats, theirs: Floats) -> Counts:
    """Count rows by who is right, [N] float of 0 and 1; a row with NaN does not count."""
    counted = ~(np.isnan(ours) | np.isnan(theirs))
    won = int(((ours > theirs) & counted).sum())
    return Counts(won, int(((ours < theirs) & counted).sum()), int(counted.sum()))


def p_value(counts: Counts, difference: float) -> float:
    """Chance of a sample that speaks as much for more than ``difference``, were it just that.

    Exact: at a true difference of ``difference`` or less, it is at most a in at most a share a of
    samples, whatever share of rows the models differ on. Samples are ordered by the approximate
    lower limit of Agresti & Min 2005 (section 2); the chance is the largest over that share (Lloyd
    & Moldovan 2007, section 2), tried where it can lie (Berger & Boos 1994, equation 2).

    counts:     at least one row. difference: -1 to 1.
    """
    if counts.rows == 0 or difference >= 1:
        return 1.0
    limits = share_interval(counts.won + counts.lost, counts.rows, error=NUISANCE)
    low, high = (min(max(each, abs(difference)), 1.0) for each in limits)
    shares = np.linspace(low, high, POINTS)
    return min(1.0, float(tail(counts, shares, difference).max()) + NUISANCE)


def tail(counts: Counts, shares: Floats, difference: float) -> Floats:
    """Chance of a sample ordered as high as this one, for each share of rows that differ, [P]."""
    rows = counts.rows
    reach = WINDOW * np.sqrt(rows * shares * (1 - shares)) + WINDOW**2
    first = int(max(0, np.floor((rows * shares - reach).min())))
    last = int(min(rows, np.ceil((rows * shares + reach).max())))
    differ = np.arange(first, last + 1)  # [K] rows that differ
    needed = least_won(counts, differ)  # [K]
    chance = binomial_chance(rows, differ, shares)  # [P, K]
    favour = np.clip(
        (1 + difference / np.maximum(shares, 1e-300)) / 2, 0, 1
    )  # of a row that differs
    above = binomial_tail(needed, differ, favour)  # [P, K]
    found: Floats = (chance * above).sum(axis=1) + np.maximum(1 - chance.sum(axis=1), 0)
    return found


def least_won(counts: Counts, differ: Ints) -> Ints:
    """Fewest rows won, of so many that differ, for a sample ordered as high as this one, [K]."""
    rows = counts.rows + 2
    limit = lower_limit(counts) * rows
    steep = 1 + ORDER_Z**2 / rows
    inside = limit**2 - steep * (limit**2 - ORDER_Z**2 * (differ + 1))
    ahead = (
        limit + np.sqrt(np.maximum(inside, 0))
    ) / steep  # won less lost, from the limit's formula
    needed: Ints = np.ceil((differ + ahead) / 2 - 1e-9).astype(np.int64)
    return needed


def lower_limit(counts: Counts) -> float:
    """Approximate lower limit of the difference (Agresti & Min 2005: half a row in each cell)."""
    ahead = counts.won - counts.lost
    return ahead / (counts.rows + 2) - ORDER_Z * standard_error(counts)


def exact_interval(counts: Counts, *, alpha: float) -> Interval:
    """Difference with a lower and an upper limit, each exact at the level ``alpha`` by itself.

    A true difference lies below ``low`` in at most a share alpha of samples, above ``high``
    likewise. Without rows the limits are -1 and 1.
    """
    if not counts.rows:
        return Interval(math.nan, -1.0, 1.0)
    low = lower_end(counts, alpha)
    return Interval(counts.difference, low, -lower_end(counts.swapped, alpha))


def lower_end(counts: Counts, alpha: float) -> float:
    """Find where the p-value reaches alpha: from 0.998 alpha to alpha, so on the safe side.

    By secants on the scale of normal quantiles, where the curve is nearly straight, and by
    halving where a secant leads out of the bracket.
    """
    low, high = -1.0, counts.difference
    if p_value(counts, high) <= alpha:
        return high  # nothing speaks more for the candidate than this sample
    goal, slope = quantile(0.999 * alpha), 1 / standard_error(counts)
    guess, before = (
        max(lower_limit(counts), (low + high) / 2),
        (high, quantile(p_value(counts, high))),
    )
    while high - low > 1e-7:
        p = p_value(counts, guess)
        if 0.998 * alpha <= p <= alpha:
            return guess
        low, high = (guess, high) if p <= alpha else (low, guess)
        here = (guess, quantile(p))
        if here[0] != before[0] and here[1] != before[1]:
            slope = (here[1] - before[1]) / (here[0] - before[0])
        guess, before = guess + (goal - here[1]) / slope, here
        if not low < guess < high:
            guess = (low + high) / 2
    return low


def standard_error(counts: Counts) -> float:
    """Approximate standard error of the difference, half a row in each cell."""
    rows, ahead, differ = counts.rows + 2, counts.won - counts.lost, counts.won + counts.lost + 1
    return math.sqrt(differ - ahead**2 / rows) / rows


def quantile(p: float) -> float:
    """Give the normal quantile of a p-value, kept finite."""
    return NormalDist().inv_cdf(min(max(p, 1e-12), 1 - 1e-12))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for being several (Holm 1979): each at most a where its own test may say so.

    Gives them in the order of the input, each from its own value to 1.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for place, each in enumerate(order):
        highest = max(highest, min(1.0, p_values[each] * (len(order) - place)))
        adjusted[each] = highest
    return adjusted


def rows_to_settle(counts: Counts, margin: float, *, alpha: float) -> int | None:
    """About how many rows would settle whether the difference is above -margin.

    Supposes that the models go on to differ as they do here. None when no test set would do.
    """
    gap = abs(counts.difference + margin) if counts.rows else 0.0
    if gap < 1e-9:
        return None
    z = NormalDist().inv_cdf(1 - alpha)
    spread = standard_error(counts) * math.sqrt(counts.rows)
    rows = max(counts.rows + 1, math.ceil((z * spread / gap) ** 2 / 2))
    while rows <= MOST_ROWS:
        part = rows / counts.rows
        grown = Counts(round(counts.won * part), round(counts.lost * part), rows)
        if p_value(grown, -margin) <= alpha or p_value(grown.swapped, margin) <= alpha:
            return rows
        rows = math.ceil(rows * 1.1)
    return None


@dataclass(frozen=True)
class Spread:
    """A difference with its one-sided bootstrap limits.

    low, high: by level: the difference lies below ``low[0.05]`` with a chance of about 0.05,
               above ``high[0.05]`` likewise.
    """

    value: float
    rows: int
    low: Mapping[float, float]
    high: Mapping[float, float]


def resampled_difference(
    difference: Callable[[Ints], float], rows: int, *, seed: int = 0, resamples: int = 2_000
) -> Spread | None:
    """Bootstrap a difference of two models over the rows that both answered (Koehn 2004).

    difference: the candidate's metric less the other's on the rows at these places, [rows] int.
    None when it is undefined, on all rows or on more than one draw in a hundred.
    """
    value = difference(np.arange(rows))
    chance = np.random.default_rng(seed)
    drawn = np.array([difference(chance.integers(0, rows, rows)) for _ in range(resamples)])
    defined = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or len(defined) < 0.99 * resamples:
        return None
    low = {level: float(np.quantile(defined, level)) for level in LEVELS}
    high = {level: float(np.quantile(defined, 1 - level)) for level in LEVELS}
    return Spread(float(value), rows, low, high)
