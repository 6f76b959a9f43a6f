"""Guards: live tests of a candidate over counts, valid however often they are looked at.

Each guard is an e-process: wealth that a fair game keeps at one on average, so that it ever
reaches 1/alpha with a chance of at most alpha (Ville 1939). The state is a few floats, so that
restarts lose nothing. A guard's null is "in every minute the candidate's mean share of bad units
is at most stable's plus the tolerance"; the level itself may change from minute to minute.

A block is one minute of both versions: the E-variable of Turner, Ly and Gruenwald 2024 ("Generic
E-variables for exact sequential k-sample tests", section 2: likelihood under the alternative over
likelihood under the weighted mean), which we write as bets so that a tolerance d fits in. With
null points m and m+d and bets of equal sums, n_b * l_b = n_a * l_a, a block's expectation is at
most (1 + l_b x)^n_b (1 - l_a x)^n_a <= 1 for every x (weighted means), and less where the
candidate is better. Units need one mean a version, not one distribution: by concavity the bound
holds for callers that differ. With d = 0 it is Turner's, to the last digit.

Assumed: the units of a minute are independent given the past. So a caller's first request in a
window of minutes is the unit (``per_caller`` = 1); more of them buy speed with that assumption.
Callers keep their version, so one that always fails weighs on one side, window after window:
longer windows (``caller_minutes``) and the tolerance absorb it; docs/lifecycle.md has figures.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.rollout import RolloutSettings

Floats = NDArray[np.float64]
GuardVerdict = Literal["bad", "continue", "no_data"]

ODDS = np.array([1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0])  # of the alternatives, against the null's
MEMORY = 0.99  # what a minute's counts are worth a minute later, in guessing stable's share
PRIOR_UNITS, PRIOR_BAD = 50.0, 0.5  # the guess before the first minute: 1 %
LOWEST, HIGHEST = 1e-4, 0.98  # of that guess
LARGEST_BET = 0.999  # of the wealth, so that it stays above zero
SILENT_MINUTES = 5  # without a unit of both versions: no data


@dataclass(frozen=True)
class Block:
    """Units of one minute, and those of them that were bad; stable's and the candidate's."""

    stable: int = 0
    stable_bad: int = 0
    candidate: int = 0
    candidate_bad: int = 0


@dataclass(frozen=True)
class GuardState:
    """What a guard remembers of a rollout.

    wealth:  log of it, one for each of ``ODDS``.
    peak:    log of the largest mean wealth so far; what it once proved stays proved.
    recent, recent_bad: stable's counts, older ones worth less.
    silent:  minutes since both versions had a unit.
    The others are sums over the rollout, to show.
    """

    wealth: tuple[float, ...] = (0.0,) * len(ODDS)
    peak: float = 0.0
    recent: float = PRIOR_UNITS
    recent_bad: float = PRIOR_BAD
    silent: int = 0
    stable: int = 0
    stable_bad: int = 0
    candidate: int = 0
    candidate_bad: int = 0


def update(guard: str, settings: RolloutSettings, state: GuardState, block: Block) -> GuardState:
    """Take a minute's counts in; a minute in which a version has none changes no wealth."""
    if guard == "disagreement":
        return take_in(state, block, one_sample(block, settings.disagreement), block.candidate > 0)
    guess = guess_share(state.recent, state.recent_bad)
    growth = two_samples(block, guess, tolerance(guard, settings))
    return take_in(state, block, growth, block.stable > 0 and block.candidate > 0)


def take_in(state: GuardState, block: Block, growth: Floats, heard: bool) -> GuardState:
    """Add a block and the growth of the wealth it brought."""
    wealth = np.array(state.wealth) + growth
    return GuardState(
        wealth=tuple(wealth.tolist()),
        peak=max(state.peak, float(log_mean(wealth))),
        recent=MEMORY * state.recent + block.stable,
        recent_bad=MEMORY * state.recent_bad + block.stable_bad,
        silent=0 if heard else state.silent + 1,
        stable=state.stable + block.stable,
        stable_bad=state.stable_bad + block.stable_bad,
        candidate=state.candidate + block.candidate,
        candidate_bad=state.candidate_bad + block.candidate_bad,
    )


def judge_guard(settings: RolloutSettings, state: GuardState) -> GuardVerdict:
    """Say what a guard's state means; proof of harm outlasts a lack of data."""
    if state.peak >= threshold(settings):
        return "bad"
    return "no_data" if state.candidate == 0 or state.silent >= SILENT_MINUTES else "continue"


def threshold(settings: RolloutSettings) -> float:
    """Log of the wealth at which a guard rolls back: the rollout's alpha is split evenly."""
    return math.log(len(settings.guards) / settings.alpha)


def tolerance(guard: str, settings: RolloutSettings) -> float:
    """Give the difference from stable that a guard lets pass, 0 to 0.5."""
    allowed = {
        "errors": settings.error_tolerance,
        "slow": settings.slow_tolerance,
        "wrong": settings.wrong_tolerance,
        "length": settings.length_tolerance,
        "repetition": settings.repetition_tolerance,
        "cut": settings.cut_tolerance,
    }
    return allowed[guard]


def guess_share(recent: Any, recent_bad: Any) -> Any:
    """Guess stable's share of bad units from the minutes before; any guess keeps the test valid."""
    return np.clip(recent_bad / recent, LOWEST, HIGHEST)


def two_samples(block: Any, guess: Any, allowed: float) -> Floats:
    """Log growth of each alternative's wealth over one block, [..., G] float; G is len(ODDS).

    block:   a Block, of numbers or of arrays [...].
    guess:   of stable's share of bad units, made before the block, [...].
    allowed: the tolerance, 0 to 0.5.
    """
    n_a, n_b = column(block.stable), column(block.candidate)
    bad_a, bad_b = column(block.stable_bad), column(block.candidate_bad)
    compared = n_a > 0  # without units of the candidate every term below is zero anyway
    n_a = np.where(compared, n_a, 1.0)
    edge = np.minimum(column(guess) + allowed, HIGHEST)  # [..., 1]; the null's largest share
    share = shift_odds(edge, ODDS)  # [..., G]; the candidate's under each alternative
    null_b = (n_a * edge + n_b * share) / (n_a + n_b)  # [..., G]
    null_a = np.maximum(null_b - allowed, LOWEST)
    null_b = null_a + allowed
    bet_b = np.maximum(share - null_b, 0.0) / (null_b * (1.0 - null_b))
    bet_a = bet_b * n_b / n_a  # equal sums: what makes the game fair at the null's edge
    most = np.maximum(bet_b * null_b, bet_a * (1.0 - null_a))
    scale = np.minimum(1.0, LARGEST_BET / np.maximum(most, LOWEST))
    bet_a, bet_b = scale * bet_a, scale * bet_b
    growth = (
        bad_b * np.log1p(bet_b * (1.0 - null_b))
        + (n_b - bad_b) * np.log1p(-bet_b * null_b)
        + bad_a * np.log1p(-bet_a * (1.0 - null_a))
        + (n_a - bad_a) * np.log1p(bet_a * null_a)
    )
    return np.where(compared, growth, 0.0)


def one_sample(block: Any, budget: float) -> Floats:
    """Log growth of each alternative's wealth where the candidate alone is held to a budget.

    The likelihood ratio against ``budget``; fair there, and below it to the house's advantage.
    budget: share of bad units, above 0 and below 1. Returns [..., G] float.
    """
    n, bad = column(block.candidate), column(block.candidate_bad)
    share = shift_odds(budget, ODDS)  # [G]
    growth: Floats = bad * np.log(share / budget) + (n - bad) * np.log((1 - share) / (1 - budget))
    return growth


def shift_odds(share: Any, ratio: Any) -> Any:
    """Give the share whose odds are ``ratio`` times those of ``share``."""
    return share * ratio / (1.0 - share + share * ratio)


def log_mean(wealth: Floats) -> Floats:
    """Log of the mean wealth over the alternatives: a mean of fair games is a fair game.

    wealth: [..., G] float, logs. Returns [...] float.
    """
    largest = wealth.max(axis=-1, keepdims=True)  # [..., 1]
    mean: Floats = np.log(np.exp(wealth - largest).mean(axis=-1)) + largest[..., 0]
    return mean


def column(value: Any) -> Floats:
    """Give numbers [...] as floats [..., 1], to stand beside the alternatives."""
    return np.asarray(value, dtype=np.float64)[..., None]


def write_state(state: GuardState) -> dict[str, Any]:
    """Give a state as JSON can hold it."""
    return {
        key: list(each) if isinstance(each, tuple) else each for key, each in asdict(state).items()
    }


def read_state(table: Mapping[str, Any] | None) -> GuardState:
    """Read what ``write_state`` gave; None begins anew."""
    if table is None:
        return GuardState()
    return GuardState(**{**table, "wealth": tuple(table["wealth"])})
