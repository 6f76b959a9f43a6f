"""The weights of checkpoints that write, told in the same words for every architecture.

Shapes: V vocabulary, P places, D width, H heads that ask, G heads that are looked at, A width of
one head, F width in the middle of a layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textwright.networks.positions import RelativePositionBias


@dataclass(frozen=True)
class Linear:
    """A linear layer: weight [out, in], bias [out] or None."""

    weight: Tensor
    bias: Tensor | None = None


@dataclass(frozen=True)
class HeadSizes:
    """How attention is shared out: H heads that ask, G that are looked at, A numbers in each."""

    asking: int
    groups: int
    size: int

    @property
    def each(self) -> int:
        """Heads that ask for each that is looked at."""
        return self.asking // self.groups


@dataclass(frozen=True)
class Attention:
    """Each token looks at tokens of its own text.

    read:  gives queries [HA], keys [GA] and values [GA], in this order.
    scale: what scores are multiplied by.
    join:  brings what the heads found together, [D, HA].
    after: what normalises once that is added to the states.
    """

    read: Linear
    scale: float
    join: Linear
    after: nn.Module


@dataclass(frozen=True)
class SourceAttention:
    """Each token that is written looks at the source; all else as in ``Attention``."""

    ask: Linear
    keys: Linear
    values: Linear
    scale: float
    join: Linear
    after: nn.Module


@dataclass(frozen=True)
class Wide:
    """A wide network at each token: widen [F, D], narrow [D, F].

    gated: widen is [2F, D], and what comes of its first half opens or closes the second.
    """

    widen: Linear
    narrow: Linear
    activation: str
    after: nn.Module
    gated: bool = False


@dataclass(frozen=True)
class Layer:
    """What a layer adds to the states, one after the other."""

    itself: Attention
    wide: Wide
    source: SourceAttention | None = None


@dataclass(frozen=True)
class Stack:
    """Layers over the vectors of tokens, lowest first.

    words:   [V, D], multiplied by ``factor``.
    places:  [P, D], added to them; None: there is none.
    first:   normalises the vectors; None: nothing does.
    pre:     states go on as they were before they were normalised.
    waves:   [A / 2], by which queries and keys are turned at each place; None: they are not.
    stretch: what turned queries and keys are multiplied by.
    near:    None: scores go by what tokens hold alone.
    """

    words: Tensor
    layers: Sequence[Layer]
    heads: HeadSizes
    first: nn.Module | None
    pre: bool = True
    factor: float = 1.0
    places: Tensor | None = None
    waves: Tensor | None = None
    stretch: float = 1.0
    near: RelativePositionBias | None = None


@dataclass(frozen=True)
class WriterWeights:
    """What writes: its stack, and what tells the next token by its states.

    head:   [V, D], multiplied by ``factor``; the words' own table, where it is one with it.
    bias:   [V], what is added; None: nothing.
    source: the stack that reads what is written from; None: there is none.
    """

    stack: Stack
    head: Tensor
    factor: float = 1.0
    bias: Tensor | None = None
    source: Stack | None = None


def stack_linear(*parts: nn.Linear) -> Linear:
    """Give linear layers as a single one."""
    if len(parts) == 1:
        return Linear(parts[0].weight, parts[0].bias)
    biases: list[Tensor] = [each.bias for each in parts if each.bias is not None]
    weights: list[Tensor] = [each.weight for each in parts]
    weight = torch.cat(weights)
    return Linear(weight, torch.cat(biases) if biases else None)


def turned(layer: Any) -> Linear:
    """Give a linear layer whose weight lies [in, out]."""
    return Linear(layer.weight.T, layer.bias)
