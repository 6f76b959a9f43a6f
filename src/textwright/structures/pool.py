"""Texts written together that come and go between any two tokens.

Shapes: N texts, each a source with one row; V vocabulary.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from textwright.structures.joining import Axes, cut_unused, join_states
from textwright.structures.sampling import (
    Sampling,
    chance_of,
    choose_tokens,
    limits_of,
    penalize,
)
from textwright.structures.writing import Floats, State, Step, log_normalizers

End = Literal["", "stop", "length"]


@dataclass(eq=False)
class Stream:
    """A text under way: how it is written, and how far it is.

    last:     the token that it goes on from.
    longest:  at least 1: most tokens to write, a stop token among them.
    stops:    tokens that end it.
    number:   among the texts of its source; with the seed it gives the random numbers, as for
              ``sampling.sample``.
    tokens:   written so far, without the stop token.
    total:    the sum of their log-probabilities, and of that of the stop token, in nats.
    ended:    how it came to its end: by a stop token, or at the longest length; empty: not yet.
    """

    last: int
    longest: int
    sampling: Sampling
    stops: tuple[int, ...] = ()
    number: int = 0
    tokens: list[int] = field(default_factory=list)
    total: float = 0.0
    ended: End = ""

    def __post_init__(self) -> None:
        self.chance = chance_of(self.sampling, self.number)

    def take(self, token: int, gained: float) -> None:
        """Take the next token with its log-probability."""
        self.total += gained
        if token in self.stops:
            self.ended = "stop"
            return
        self.last = token
        self.tokens.append(token)
        if len(self.tokens) == self.longest:
            self.ended = "length"


class Pool:
    """Texts that a network writes a token at a time, all of them in one call.

    A text does not depend on which others are there. One thread at a time uses it.
    streams: those under way, in the order of the state's sources.
    """

    def __init__(self, step: Step, axes: Axes, banned: Sequence[int] = ()) -> None:
        self.step = step
        self.axes = axes
        self.banned = list(banned)
        self.streams: list[Stream] = []
        self.state = State()

    def join(self, streams: Sequence[Stream], state: State) -> None:
        """Let texts in that all go on from one state, of one source and one row."""
        new = [state] * len(streams)
        self.state = join_states([self.state, *new] if self.streams else new, self.axes)
        self.streams += streams

    def leave(self, streams: Collection[Stream]) -> None:
        """Let texts go; what only they used of the past is cut off."""
        kept = [place for place, each in enumerate(self.streams) if each not in streams]
        if len(kept) == len(self.streams):
            return
        self.streams = [self.streams[place] for place in kept]
        if not kept:
            self.state = State()
            return
        rows = np.zeros((len(kept), 1), dtype=np.int64)
        self.state = cut_unused(self.state.take(np.array(kept), rows), self.axes)

    def advance(self) -> list[Stream]:
        """Write the next token of every text; those that end leave.

        Returns all that were written on, in no order that means anything.
        """
        streams = self.streams
        if not streams:
            return []
        last = np.array([[each.last] for each in streams])
        logits, self.state = self.step(last, self.state)
        self.choose(streams, logits[:, 0])
        self.leave([each for each in streams if each.ended])
        return streams

    def choose(self, streams: Sequence[Stream], logits: Floats) -> None:
        """Choose a token for each text by logits [N, V], which are written over."""
        logits[:, self.banned] = -np.inf
        normalizers = log_normalizers(logits)
        scored = logits
        for row, each in enumerate(streams):
            penalty = each.sampling.repetition_penalty
            if penalty != 1 and each.tokens:
                scored = logits.copy() if scored is logits else scored
                written = np.array([each.tokens])
                scored[row] = penalize(logits[row : row + 1], written, np.array([penalty]))[0]
        chances = np.array([each.chance.random() for each in streams])
        limits = limits_of([each.sampling for each in streams], logits.shape[1])
        chosen = choose_tokens(scored, chances, limits)
        gained = logits[np.arange(len(streams)), chosen] - normalizers
        for each, token, more in zip(streams, chosen.tolist(), gained.tolist(), strict=True):
            each.take(token, more)
