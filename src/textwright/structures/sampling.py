"""Write a token at a time: the likeliest, or one drawn at random.

Shapes: N sources, K samples of each, R rows, V vocabulary, T tokens written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textwright.structures.search import Scores, best_tokens
from textwright.structures.writing import (
    Bools,
    Bounds,
    Floats,
    Ints,
    State,
    Step,
    Written,
    log_normalizers,
    take_each,
)

LIKELIEST = 256  # tokens of a row that are looked at first


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    temperature:        what the logits are divided by, at least 0; 0: the likeliest token.
    top_k:              draw among the so many likeliest tokens only; 0: among all.
    top_p:              draw among the fewest tokens that have this probability together, above
                        0 and at most 1 (Holtzman et al. 2020, section 3.1).
    repetition_penalty: above 0; a token written before has its logit divided by this, or
                        multiplied where it is below 0 (Keskar et al. 2019, section 4.1, where
                        it is always divided, which would favour what is below 0). 1: none.
    seed:               of the random numbers, at least 0; equal seeds write equal texts.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0


GREEDY = Sampling(temperature=0.0)


def sample(
    step: Step, state: State, bounds: Bounds, samplings: Sequence[Sampling], *, count: int = 1
) -> list[list[Written]]:
    """Write ``count`` texts from each source, each source by its own settings.

    Every text has random numbers of its own, from its seed and its number among those of its
    source: it does not depend on what else is written at the same time. Limits apply in the
    order penalty, temperature, top k, top p.
    state: before the first token, with one row for each source.
    Returns the texts of each source in the order of their numbers; a text's score is its
    log-probability.
    """
    samples = Samples(bounds, samplings, count=count)
    state = state.take(samples.sources, np.zeros(samples.last.shape, dtype=np.int64))
    while len(samples.sources):
        logits, state = step(samples.last, state)
        state = state.take(*samples.advance(logits))
    return samples.written()


class Samples:
    """Texts under way.

    sources: [N] int64, the sources still written from; the first numbers of ``last``.
    last:    [N, K] int64, the last token of each text.
    """

    def __init__(self, bounds: Bounds, samplings: Sequence[Sampling], *, count: int) -> None:
        sources, most = len(bounds.first), int(bounds.longest.max(initial=1))
        self.bounds = bounds
        self.samplings = samplings
        self.sources = np.arange(sources)
        self.last = bounds.first[:, None].repeat(count, axis=1)
        self.tokens = np.zeros((sources, count, most), dtype=np.int64)
        self.length = 0  # of every text still under way
        self.lengths = np.zeros((sources, count), dtype=np.int64)
        self.finished = np.zeros((sources, count), dtype=np.bool_)
        self.totals = np.zeros((sources, count))
        self.chance = np.array(
            [
                [chance_of(each, number).random(most) for number in range(count)]
                for each in samplings
            ]
        ).reshape(sources, count, most)

    def advance(self, logits: Floats) -> tuple[Ints, Ints]:
        """Write every text's next token.

        logits: [N, K, V] float; written over.
        Returns which sources [M] go on with all their rows [M, K], for ``State.take``.
        """
        logits[..., list(self.bounds.banned)] = -np.inf
        told = logits - log_normalizers(logits)[..., None]
        chosen = self.choose(logits)
        self.last = chosen
        stopped = np.isin(chosen, self.bounds.stops)
        under_way = ~self.finished[self.sources]
        gained = np.take_along_axis(told, chosen[..., None], axis=2)[..., 0]
        self.totals[self.sources] += np.where(under_way, gained, 0.0)
        self.tokens[self.sources, :, self.length] = chosen
        self.lengths[self.sources] += under_way & ~stopped
        self.finished[self.sources] |= stopped
        self.length += 1
        going = ~self.finished[self.sources].all(axis=1)
        kept = np.flatnonzero(going & (self.bounds.longest[self.sources] > self.length))
        rows = np.arange(chosen.shape[1])[None, :].repeat(len(kept), axis=0)
        self.sources, self.last = self.sources[kept], self.last[kept]
        return kept, rows

    def choose(self, logits: Floats) -> Ints:
        """Choose the next tokens [N, K] by logits [N, K, V]."""
        samples, vocabulary = logits.shape[1:]
        settings = [self.samplings[each] for each in self.sources.tolist() for _ in range(samples)]
        penalties = np.array([each.repetition_penalty for each in settings])
        flat = logits.reshape(-1, vocabulary)
        if (penalties != 1).any():
            written = self.tokens[self.sources, :, : self.length].reshape(len(flat), -1)
            flat = penalize(flat, written, penalties)
        chances = self.chance[self.sources, :, self.length].reshape(-1)
        limits = limits_of(settings, vocabulary)
        return choose_tokens(flat, chances, limits).reshape(logits.shape[:2])

    def written(self) -> list[list[Written]]:
        """Give the texts of all sources."""
        return [
            [
                Written(tuple(tokens[:length].tolist()), float(total), float(total), bool(finished))
                for tokens, length, total, finished in zip(*source, strict=True)
            ]
            for source in zip(self.tokens, self.lengths, self.totals, self.finished, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Limits:
    """Among which tokens each row draws: temperature [R], top k [R] and top p [R]."""

    temperature: Scores
    top_k: Ints
    top_p: Scores

    def take(self, rows: Ints) -> "Limits":
        """Give those of some rows."""
        return Limits(self.temperature[rows], self.top_k[rows], self.top_p[rows])


def limits_of(samplings: Sequence[Sampling], vocabulary: int) -> Limits:
    """Give the limits of rows by their settings."""
    return Limits(
        np.array([each.temperature for each in samplings]),
        np.array([min(each.top_k or vocabulary, vocabulary) for each in samplings]),
        np.array([each.top_p for each in samplings]),
    )


def chance_of(sampling: Sampling, number: int) -> np.random.Generator:
    """Give the random numbers of a text by its seed, and its number among those of its source."""
    return np.random.default_rng([sampling.seed, number])


def choose_tokens(logits: Floats, chances: NDArray[np.float64], limits: Limits) -> Ints:
    """Choose a token for each row.

    logits:  [R, V] float.
    chances: [R] float, from 0 to below 1, each drawn evenly.
    Returns [R] int64. Only rows whose choice is not among the likeliest tokens sort all of them.
    """
    chosen: Ints = logits.argmax(axis=1)
    drawn = np.flatnonzero(limits.temperature > 0)
    for ranks in (LIKELIEST, logits.shape[1]):
        if len(drawn):
            found, sure = draw(logits[drawn], chances[drawn], limits.take(drawn), ranks)
            chosen[drawn[sure]] = found[sure]
            drawn = drawn[~sure]
    return chosen


def draw(
    logits: Floats, chances: NDArray[np.float64], limits: Limits, ranks: int
) -> tuple[Ints, Bools]:
    """Draw a token for each row among its ``ranks`` likeliest; tells where that is as among all."""
    vocabulary = logits.shape[1]
    ranks = min(ranks, vocabulary)
    told, tokens = best_tokens(logits, ranks)
    order = np.argsort(-told, axis=1, kind="stable")
    told, tokens = take_each(told, order), take_each(tokens, order)
    shares = np.exp((told - told[:, :1]) / limits.temperature[:, None])  # [R, ranks]
    shares[np.arange(ranks) >= limits.top_k[:, None]] = 0.0
    whole, total = limits.top_k <= ranks, shares.sum(axis=1)
    if not whole.all():
        tops = logits.max(axis=1, keepdims=True)
        every = np.exp((logits - tops) / limits.temperature[:, None].astype(np.float32))
        total = np.where(whole, total, every.sum(axis=1, dtype=np.float64))
    cut = np.cumsum(shares, axis=1) - shares >= (limits.top_p * total)[:, None]
    shares[cut] = 0.0
    every_one = limits.top_k >= vocabulary  # may be drawn, as far as their number goes
    ends = whole | (every_one & cut.any(axis=1))  # no less likely token belongs to them
    sums = np.cumsum(shares, axis=1)
    goals = chances * np.where(ends, sums[:, -1], total)
    sure = ends | (every_one & (limits.top_p >= 1) & (goals < sums[:, -1]))
    place = np.minimum((sums <= goals[:, None]).sum(axis=1), ranks - 1)
    return take_each(tokens, place[:, None])[:, 0], sure


def penalize(logits: Floats, written: Ints, penalties: Scores) -> Floats:
    """Lower the logits [R, V] of tokens written before [R, T] by a penalty of each row [R]."""
    logits = logits.copy()
    old = take_each(logits, written)
    factor = penalties[:, None].astype(np.float32)
    np.put_along_axis(logits, written, np.where(old > 0, old / factor, old * factor), axis=1)
    return logits
