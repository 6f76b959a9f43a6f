"""Beam search: the best of what a network could write, as far as few hypotheses reach.

Shapes: N sources, K live hypotheses of each, V vocabulary, T tokens written, C candidates.
"""

from bisect import insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textwright.structures.writing import (
    Bounds,
    Floats,
    Ints,
    State,
    Step,
    Written,
    log_normalizers,
    take_each,
)

Scores = NDArray[np.float64]
DEPTH = 64  # logits of which just the largest is looked at first


@dataclass(frozen=True)
class Beam:
    """How to search.

    width:          hypotheses kept alive for each source, at least 1.
    length_penalty: at least 0. 0 compares sums of log-probabilities and so favours short texts,
                    1 compares nearly their means.
    best:           texts to give for each source, 1 to ``width``.
    """

    width: int = 5
    length_penalty: float = 1.0
    best: int = 1


def search_beams(step: Step, state: State, bounds: Bounds, beam: Beam) -> list[list[Written]]:
    """Search for the best texts of each source; best first, at most ``beam.best`` of each.

    The continuations of all live hypotheses of a source are ranked together by the sum of their
    log-probabilities. Of the first ``width`` those that end the text are kept as finished; the
    best ``width`` that do not end it live on. Texts are compared by their score::

        score(Y) = log P(Y) / ((5 + |Y|) / 6)^a

    with a the length penalty and |Y| the tokens, the stop token among them (Wu et al. 2016,
    section 7, equation 14, without its coverage). What lives at the longest length is compared,
    too, as it stands. With a width of 1 the first text that ends is the one: the search is greedy.

    A source is done when no live hypothesis can get better than what was found. Their
    log-probabilities only fall, so none can score above what it has today over the longest
    length. This early stop changes no result; the usual one, after ``width`` texts, does.

    state: before the first token, with one row for each source.
    """
    search = BeamSearch(bounds, beam)
    while len(search.sources):
        logits, state = step(search.last, state)
        state = state.take(*search.advance(logits))
    return search.found


class BeamSearch:
    """A search under way.

    found:   of every source the best finished texts, best first.
    sources: [N] int64, the sources still searched; the first numbers of the arrays below.
    last:    [N, K] int64, the last token of each live hypothesis.
    """

    def __init__(self, bounds: Bounds, beam: Beam) -> None:
        count = len(bounds.first)
        self.bounds = bounds
        self.beam = beam
        self.found: list[list[Written]] = [[] for _ in range(count)]
        self.sources = np.arange(count)
        self.last = bounds.first[:, None]
        self.tokens = np.zeros((count, 1, 0), dtype=np.int64)  # [N, K, T]
        self.totals = np.zeros((count, 1))  # [N, K], sums of log-probabilities
        self.to_beat = np.full(count, -np.inf)  # [N], the least score in a full list

    def advance(self, logits: Floats) -> tuple[Ints, Ints]:
        """Take every live hypothesis one token further.

        logits: [N, K, V] float; written over.
        Returns which sources [M] go on with which of their rows [M, K], for ``State.take``.
        """
        width, stops = self.beam.width, self.bounds.stops
        logits[..., list(self.bounds.banned)] = -np.inf
        told, tokens = best_tokens(logits, min(width + len(stops), logits.shape[-1]))
        candidates = tokens.shape[-1]
        totals = (self.totals[..., None] + told).reshape(len(told), -1)  # [N, K * C]
        order = np.argsort(-totals, axis=1, kind="stable")
        ends = np.isin(take_each(tokens.reshape(totals.shape), order), stops)  # [N, K * C]
        for source, rank in np.argwhere(ends[:, :width]):
            place = order[source, rank]
            self.keep(int(source), place // candidates, totals[source, place], finished=True)
        going = np.argsort(ends, axis=1, kind="stable")  # what does not end stands first
        count = min(width, int((~ends).sum(axis=1).min()))
        chosen = take_each(order, going[:, :count])  # [N, K]
        rows, token = np.divmod(chosen, candidates)
        source = np.arange(len(told))[:, None]
        self.last = tokens[source, rows, token]
        self.tokens = np.concatenate([self.tokens[source, rows], self.last[..., None]], axis=2)
        self.totals = take_each(totals, chosen)
        return self.drop_done(rows)

    def drop_done(self, rows: Ints) -> tuple[Ints, Ints]:
        """Leave out the sources that are done; rows: [N, K], where each hypothesis comes from."""
        length, longest = self.tokens.shape[2], self.bounds.longest[self.sources]
        for source in np.flatnonzero(longest == length):
            for row, total in enumerate(self.totals[source]):
                self.keep(int(source), row, float(total), finished=False)
        reachable = self.totals.max(axis=1) / self.penalty(longest)
        if self.beam.width == 1:
            reachable[self.to_beat > -np.inf] = -np.inf
        kept = np.flatnonzero((longest > length) & (reachable > self.to_beat))
        self.sources, self.to_beat = self.sources[kept], self.to_beat[kept]
        self.last, self.tokens, self.totals = self.last[kept], self.tokens[kept], self.totals[kept]
        return kept, rows[kept]

    def keep(self, source: int, row: int, total: float, *, finished: bool) -> None:
        """Put a text among the best of its source, if it is one of them."""
        if total == -np.inf:
            return
        tokens = self.tokens[source, row].tolist()
        score = float(total / self.penalty(len(tokens) + finished))
        found = self.found[self.sources[source]]
        written = Written(tuple(tokens), float(total), score, finished)
        insort(found, written, key=lambda each: -each.score)
        del found[self.beam.best :]
        if len(found) == self.beam.best:
            self.to_beat[source] = found[-1].score

    def penalty(self, length: Ints | int) -> Scores:
        """Give what a sum of log-probabilities over so many tokens is divided by."""
        return ((5.0 + np.asarray(length, dtype=np.float64)) / 6.0) ** self.beam.length_penalty


def best_tokens(logits: Floats, count: int) -> tuple[Scores, Ints]:
    """Give the likeliest tokens of each row, in no order.

    logits: [..., V] float.
    count:  at most V.
    Returns their log-probabilities and the tokens, both [..., count].

    They stand in the ``count`` columns with the largest maxima, when the row is folded to a
    table, so that nothing else is sorted.
    """
    shape = (*logits.shape[:-1], count)
    logits = logits.reshape(-1, logits.shape[-1])
    tokens = np.broadcast_to(np.arange(logits.shape[1]), logits.shape)
    sought = logits
    columns = logits.shape[1] // DEPTH
    if columns > 2 * count:
        folded = logits[:, : columns * DEPTH].reshape(len(logits), DEPTH, columns).max(axis=1)
        chosen = np.argpartition(-folded, count - 1, axis=1)[:, :count, None]
        inside = (chosen + np.arange(DEPTH) * columns).reshape(len(logits), -1)
        tokens = np.concatenate([inside, tokens[:, columns * DEPTH :]], axis=1)
        sought = take_each(logits, tokens)
    if count < sought.shape[1]:
        place = np.argpartition(-sought, count - 1, axis=1)[:, :count]
        tokens, sought = take_each(tokens, place), take_each(sought, place)
    told = sought.astype(np.float64) - log_normalizers(logits)[:, None]
    return told.reshape(shape), tokens.reshape(shape)
