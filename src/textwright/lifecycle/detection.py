"""How many requests a defect would touch before its guard catches it, by simulation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.lifecycle.guards import (
    MEMORY,
    ODDS,
    PRIOR_BAD,
    PRIOR_UNITS,
    Block,
    guess_share,
    log_mean,
    one_sample,
    threshold,
    tolerance,
    two_samples,
)
from textwright.recipe.rollout import RolloutSettings

ROLLOUTS = 200
CANDIDATE_A_MINUTE = 50  # units; how they fall into minutes hardly matters
LONGEST = 1000  # simulated minutes


@dataclass(frozen=True)
class Defect:
    """A candidate that is worse: shares of bad units, 0 to 1, as a guard would count them."""

    guard: str
    before: float
    after: float


@dataclass(frozen=True)
class Detection:
    """What it takes to catch a defect.

    caught:   share of the simulated rollouts in which it was, 0 to 1.
    requests: median number that the candidate answers until then; None where most are not caught.
    touched:  those of them that the defect turned bad.
    """

    defect: Defect
    caught: float
    requests: int | None
    touched: int | None


USUAL = (Defect("errors", 0.01, 0.02), Defect("errors", 0.01, 0.05), Defect("slow", 0.01, 0.03))


def detect_usual(settings: RolloutSettings, *, shadow: bool) -> list[Detection]:
    """Simulate what some defects would touch before they are caught in a rollout's first step."""
    defects = [each for each in USUAL if each.guard in settings.guards]
    if shadow and "disagreement" in settings.guards:
        budget = settings.disagreement
        defects = [Defect("disagreement", budget, min(0.99, 2 * budget))]
    share = 0.5 if shadow else settings.steps[0]
    return [requests_to_detection(settings, each, share=share) for each in defects]


def requests_to_detection(
    settings: RolloutSettings,
    defect: Defect,
    *,
    share: float,
    rollouts: int = ROLLOUTS,
    seed: int = 7,
) -> Detection:
    """Simulate a candidate with a defect that is looked at every minute, at one share of callers.

    Each request is taken to come from a caller of its own; where callers repeat themselves
    within a minute, it takes as many more.
    """
    random = np.random.default_rng(seed)
    minutes = first_proofs(defect.guard, settings, draw_blocks(random, defect, share, rollouts))
    caught = minutes >= 0
    found = float(caught.mean())
    if found <= 0.5:
        return Detection(defect, found, None, None)
    waited = np.where(caught, minutes + 1, LONGEST)
    requests = int(np.median(waited)) * CANDIDATE_A_MINUTE
    touched = round(requests * max(0.0, defect.after - defect.before))
    return Detection(defect, found, requests, touched)


def draw_blocks(
    random: np.random.Generator, defect: Defect, share: float, rollouts: int
) -> Iterator[Block]:
    """Draw minute after minute of all rollouts at once: a Block of arrays [rollouts]."""
    candidate = CANDIDATE_A_MINUTE
    stable = round(candidate * (1.0 - share) / share)
    for _ in range(LONGEST):
        yield array_block(
            np.full(rollouts, stable),
            random.binomial(stable, defect.before, rollouts),
            np.full(rollouts, candidate),
            random.binomial(candidate, defect.after, rollouts),
        )


def array_block(stable: Any, stable_bad: Any, candidate: Any, candidate_bad: Any) -> Block:
    """Make a block of arrays, one entry a rollout, where a guard has numbers."""
    return Block(stable, stable_bad, candidate, candidate_bad)


def first_proofs(
    guard: str, settings: RolloutSettings, blocks: Iterable[Block]
) -> NDArray[np.int64]:
    """Follow a guard through many rollouts at once, looking after every block.

    blocks: of arrays [R], a minute each. Ends early when every rollout is caught.
    Returns [R] int: the minute, from 0, in which the guard spoke; -1 where it never did.
    """
    wealth: Any = 0.0
    recent: Any = PRIOR_UNITS
    bad: Any = PRIOR_BAD
    proved: Any = None
    for minute, block in enumerate(blocks):
        if proved is None:
            size = len(np.asarray(block.stable))
            wealth, proved = np.zeros((size, len(ODDS))), np.full(size, -1)
        if guard == "disagreement":
            wealth += one_sample(block, settings.disagreement)
        else:
            guess = guess_share(recent, bad)
            wealth += two_samples(block, guess, tolerance(guard, settings))
        recent, bad = MEMORY * recent + block.stable, MEMORY * bad + block.stable_bad
        speaks = (proved < 0) & (log_mean(wealth) >= threshold(settings))
        proved = np.where(speaks, minute, proved)
        if (proved >= 0).all():
            break
    assert proved is not None, "no blocks"
    found: NDArray[np.int64] = proved
    return found
