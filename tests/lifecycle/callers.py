"""Simulated traffic for the guards: callers of very different activity who keep their version."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from textwright.lifecycle.guards import Block

STEPS = (0.01, 0.1, 0.5)  # shares of callers, each for a third of the minutes


@dataclass(frozen=True)
class Callers:
    """A population and what goes wrong.

    stable, candidate: mean share of bad answers.
    spread: 0: every caller's share is the mean; above: callers differ for good, as a Beta
            distribution with that standard deviation.
    bursts: chance that all requests of a caller's minute share one fate.
    window:  minutes in which a caller's first request counts; 0: every request counts.
    """

    stable: float
    candidate: float
    number: int = 400
    spread: float = 0.0
    bursts: float = 0.5
    window: int = 1


def simulate(callers: Callers, *, rollouts: int, minutes: int, seed: int) -> Iterator[Block]:
    """Give minute after minute of all rollouts at once, a Block of arrays [R].

    R rollouts, N callers. A caller's requests a minute are Poisson with a mean drawn from a
    Pareto distribution of index 1.1: few callers make most of the traffic.
    """
    random = np.random.default_rng(seed)
    shape = (rollouts, callers.number)
    means = np.minimum(0.2 * (1.0 + random.pareto(1.1, shape)), 50.0)  # [R, N]
    places = random.random(shape)  # [R, N]
    own = draw_shares(callers, random, shape)  # [R, N]; relative to the mean
    counted = np.full(shape, -1)  # [R, N]; the last window in which a caller counted
    level = 1.0 + 0.5 * np.sin(np.arange(minutes) / 30.0)  # the same for both versions
    for minute in range(minutes):
        taken = places < STEPS[minute * len(STEPS) // minutes]  # [R, N]
        mean = np.where(taken, callers.candidate, callers.stable) * own * level[minute]
        units = random.poisson(means)  # [R, N]
        if callers.window:
            units = 1 * ((units > 0) & (counted < minute // callers.window))
            counted = np.where(units > 0, minute // callers.window, counted)
        fate = random.random(shape) < np.minimum(mean, 1.0)  # [R, N]
        alone = random.binomial(units, np.minimum(mean, 1.0))  # [R, N]
        bad = np.where(random.random(shape) < callers.bursts, units * fate, alone)  # [R, N]
        yield Block(
            (units * ~taken).sum(1), (bad * ~taken).sum(1), (units * taken).sum(1),
            (bad * taken).sum(1),
        )  # fmt: skip


def draw_shares(
    callers: Callers, random: np.random.Generator, shape: tuple[int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Draw what each caller's share of bad answers is, relative to the mean."""
    if callers.spread == 0.0:
        return np.ones(shape)
    mean = callers.stable
    total = mean * (1.0 - mean) / callers.spread**2 - 1.0  # of the Beta's two parameters
    return random.beta(mean * total, (1.0 - mean) * total, shape) / mean
