"""Binomial chances to the last digits, for exact tests; numpy alone.

Shapes: P parameters, K counts.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TABLE = 256  # factorials up to here come from a table
STEPS = 2_000  # of the continued fraction at most: enough for some millions of rows
CLOSE = 1e-13
TINY = 1e-300
ROUNDS = 7  # of narrowing a quantile, each by a factor of 64


def log_factorial(count: Ints) -> Floats:
    """Natural logarithm of count!, from a table or by Stirling's series (DLMF 5.11.1)."""
    table = small_factorials()
    z = np.maximum(count, TABLE) + 1.0
    series = 1 / (12 * z) - 1 / (360 * z**3) + 1 / (1260 * z**5)
    large = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi) + series
    return np.where(count < TABLE, table[np.minimum(count, TABLE - 1)], large)


@cache
def small_factorials() -> Floats:
    """Logarithms of 0!, 1! and so on."""
    return np.array([math.lgamma(each + 1) for each in range(TABLE)])


def binomial_chance(rows: int, counts: Ints, shares: Floats) -> Floats:
    """Chance of each count among so many rows, for each share: [P, K] float."""
    all_rows = log_factorial(np.array(rows))
    choices = all_rows - log_factorial(counts) - log_factorial(rows - counts)  # [K]
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(counts == 0, 0.0, counts * np.log(shares)[:, None])
        second = np.where(counts == rows, 0.0, (rows - counts) * np.log1p(-shares)[:, None])
    found: Floats = np.exp(choices + first + second)
    return found


def binomial_tail(least: Ints, rows: Ints, shares: Floats) -> Floats:
    """Chance of ``least`` or more among so many rows, for each share: [P, K] float.

    least, rows: [K] int; least may be below 0 or above rows. shares: [P] float, 0 to 1.
    """
    share, first = np.broadcast_arrays(shares[:, None], least[None, :])  # [P, K]
    first = first.astype(np.float64)
    second = rows[None, :] - first + 1.0
    found = np.where(first <= 0, 1.0, 0.0)
    open_ = (first >= 1) & (second >= 1)
    found[open_ & (share >= 1)] = 1.0
    open_ &= (share > 0) & (share < 1)
    found[open_] = beta_share(first[open_], second[open_], share[open_])
    return found


def beta_share(a: Floats, b: Floats, x: Floats) -> Floats:
    """Regularized incomplete beta function, [N] float, for a, b >= 1 and 0 < x < 1.

    By its continued fraction (DLMF 8.17.22) on the side where that converges fast.
    """
    turned = x > (a + 1) / (a + b + 2)
    a, b = np.where(turned, b, a), np.where(turned, a, b)
    x = np.where(turned, 1 - x, x)
    whole = (a + b - 1).astype(np.int64)
    log_beta = log_factorial(whole) - log_factorial((a - 1).astype(np.int64))
    log_beta -= log_factorial((b - 1).astype(np.int64))
    front = np.exp(log_beta + a * np.log(x) + b * np.log1p(-x)) / a
    part = front * fraction(a, b, x)
    found: Floats = np.clip(np.where(turned, 1 - part, part), 0, 1)
    return found


def fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """Continued fraction of the incomplete beta function, evaluated from its front (Lentz 1976)."""
    c = np.ones_like(x)
    d = 1 / away(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for step in range(1, STEPS):
        twice = a + 2 * step
        even = step * (b - step) * x / ((twice - 1) * twice)
        d, c = 1 / away(1 + even * d), away(1 + even / c)
        value *= c * d
        odd = -(a + step) * (a + b + step) * x / (twice * (twice + 1))
        d, c = 1 / away(1 + odd * d), away(1 + odd / c)
        change = c * d
        value *= change
        if np.abs(change - 1).max(initial=0.0) < CLOSE:
            break
    return value


def away(values: Floats) -> Floats:
    """Keep a divisor away from 0."""
    return np.where(np.abs(values) < TINY, TINY, values)


def share_interval(count: int, rows: int, *, error: float) -> tuple[float, float]:
    """Exact interval of a share (Clopper & Pearson 1934), wrong on either side with error / 2.

    count: 0 to rows. The limits are 0 and 1 where there is nothing below or above.
    """
    low = 0.0 if count == 0 else tail_share(count, rows, error / 2)
    high = 1.0 if count == rows else tail_share(count + 1, rows, 1 - error / 2)
    return low, high


def tail_share(least: int, rows: int, chance: float) -> float:
    """Share at which ``least`` or more of so many rows have the given chance, to 1e-12."""
    low, high = 0.0, 1.0
    for _ in range(ROUNDS):
        shares = np.linspace(low, high, 65)
        chances = binomial_tail(np.array([least]), np.array([rows]), shares)[:, 0]
        place = int(np.clip(np.searchsorted(chances, chance), 1, 64))
        low, high = float(shares[place - 1]), float(shares[place])
    return (low + high) / 2
