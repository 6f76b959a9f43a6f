"""What every way of writing shares: a network that goes on token by token, and what it wrote.

Shapes: N sources, K rows of each (beams or samples), V vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class State:
    """What a network knows when it writes its next token.

    source: [N, ...] arrays, one and the same for all rows of a source, such as what was read.
    past:   [N, K, ...] arrays, each row's own, such as what it has written.
    """

    source: Arrays = field(default_factory=dict)
    past: Arrays = field(default_factory=dict)

    def take(self, sources: Ints, rows: Ints) -> "State":
        """Go on with some sources, and with some rows of each of these.

        sources: [M] int64, places in N, rising.
        rows:    [M, J] int64, places in K: a row may be taken often, or not at all.
        """
        source = self.source
        if any(len(each) != len(sources) for each in source.values()):
            source = {name: each[sources] for name, each in source.items()}
        if self.stays(rows):
            return State(source, self.past)
        place = sources[:, None]
        return State(source, {name: each[place, rows] for name, each in self.past.items()})

    def stays(self, rows: Ints) -> bool:
        """Tell whether all rows of all sources go on in their order: then nothing is copied."""
        shapes = {each.shape[:2] for each in self.past.values()}
        return shapes == {rows.shape} and bool((rows == np.arange(rows.shape[1])).all())


class Step(Protocol):
    """A network that writes: takes each row's last token, and scores what may come next."""

    def __call__(self, tokens: Ints, state: State) -> tuple[Floats, State]:
        """Take one token further.

        tokens: [N, K] int64.
        Returns the logits [N, K, V] float, which the caller may write over, and the state after
        these tokens.
        """
        ...


@dataclass(frozen=True)
class Bounds:
    """Where what is written begins and ends.

    first:   [N] int64, the token that each source starts from.
    longest: [N] int64, at least 1: most tokens to write, a stop token among them.
    stops:   tokens that end a text; at least one other is left to write.
    banned:  tokens never written, such as padding.
    """

    first: Ints
    longest: Ints
    stops: tuple[int, ...]
    banned: tuple[int, ...] = ()


@dataclass(frozen=True)
class Written:
    """What was written from one source.

    tokens:   without the stop token.
    log_probability: of the tokens and of the stop token, if there is one: the sum, in nats.
    score:    what it was chosen by among others; higher is better.
    finished: it ended by itself, with a stop token; False: it was cut at the longest length.
    """

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    finished: bool


def log_normalizers(logits: Floats) -> Floats:
    """Logarithm of the sum of the exponentials of each row: [..., V] to [...] float."""
    top = logits.max(axis=-1)
    shifted = logits - top[..., None]
    np.exp(shifted, out=shifted)
    normalizers: Floats = np.log(shifted.sum(axis=-1)) + top
    return normalizers


def take_each(values: NDArray[Any], places: Ints) -> NDArray[Any]:
    """Take from each row of values [R, C] those at its own places [R, J]."""
    return np.take_along_axis(values, places, axis=1)
