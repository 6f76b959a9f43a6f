"""Poolings: the states of a text become one vector.

Each is called with states [B, T, D] float and mask [B, T] bool, True at real tokens, which
stand before the padding, at least one in every row. It returns the vector [B, P] float, and the
weights [B, T] float of the attention, or None where there is none.

Shapes: B batch, T tokens, D width of the states, P width of the vector.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textwright.networks.attention import AdditiveAttention, weighted_sum
from textwright.networks.graph import FLOAT, INT64, Graph


@dataclass(frozen=True)
class StatesInGraph:
    """What a pooling finds in a graph, by name.

    states:  [B, T, D] float.
    mask:    [B, T] bool.
    lengths: [B] int32, real tokens of each text.
    """

    states: str
    mask: str
    lengths: str


class LastPooling(nn.Module):
    """The state each direction ends with.

    Forwards that is the state at the last real token, backwards the one at the first.
    """

    def __init__(self, width: int, backward_width: int) -> None:
        super().__init__()
        self.width = width
        self.forward_width = width - backward_width

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, None]:
        """Take the two ends."""
        texts = torch.arange(len(states), device=states.device)
        last = states[texts, mask.sum(dim=1) - 1, : self.forward_width]  # [B, D forwards]
        first = states[:, 0, self.forward_width :]  # [B, D backwards]
        return torch.cat([last, first], dim=-1), None

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, None]:
        """Add the same to a graph; returns the name of [B, P]."""
        place = graph.add("Cast", found.lengths, to=INT64)
        place = graph.add("Sub", place, graph.constant([1]))
        place = graph.add("Unsqueeze", place, graph.constant([1]))  # [B, 1]
        last = graph.add("GatherND", found.states, place, batch_dims=1)  # [B, D]
        if self.forward_width == self.width:
            return last, None
        first = graph.add("Gather", found.states, graph.constant(0), axis=1)
        seam, end, axis = (graph.constant([each]) for each in (self.forward_width, self.width, 1))
        last = graph.add("Slice", last, graph.constant([0]), seam, axis)
        first = graph.add("Slice", first, seam, end, axis)
        return graph.add("Concat", last, first, axis=-1), None


class FirstPooling(nn.Module):
    """The state of the first token, which BERT's tokenizer puts there to stand for the text.

    Source: Devlin et al. 2019, section 3 ([CLS]).
    """

    def __init__(self, width: int, backward_width: int) -> None:  # noqa: ARG002  as all poolings
        super().__init__()
        self.width = width

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, None]:  # noqa: ARG002
        """Take the first states."""
        return states[:, 0], None

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, None]:
        """Add the same to a graph; returns the name of [B, P]."""
        return graph.add("Gather", found.states, graph.constant(0), axis=1), None


class MeanPooling(nn.Module):
    """The mean of the states at real tokens."""

    def __init__(self, width: int, backward_width: int) -> None:  # noqa: ARG002  as all poolings
        super().__init__()
        self.width = width

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, None]:
        """Take the mean."""
        weights = mask / mask.sum(dim=1, keepdim=True)  # [B, T]
        return torch.bmm(weights[:, None, :].to(states.dtype), states).squeeze(1), None

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, None]:
        """Add the same to a graph; returns the name of [B, P]."""
        count = graph.add("Cast", found.lengths, to=FLOAT)
        count = graph.add("Unsqueeze", count, graph.constant([1]))  # [B, 1]
        weights = graph.add("Div", graph.add("Cast", found.mask, to=FLOAT), count)  # [B, T]
        return weighted_sum(graph, weights, found.states), None


class MaxPooling(nn.Module):
    """The largest value at each position of the state, over real tokens.

    Source: Collobert et al. 2011, section 3.2.2 (max over time).
    """

    def __init__(self, width: int, backward_width: int) -> None:  # noqa: ARG002  as all poolings
        super().__init__()
        self.width = width

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, None]:
        """Take the largest values."""
        return states.masked_fill(~mask[:, :, None], float("-inf")).amax(dim=1), None

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, None]:
        """Add the same to a graph; returns the name of [B, P]."""
        mask = graph.add("Unsqueeze", found.mask, graph.constant([2]))  # [B, T, 1]
        masked = graph.add("Where", mask, found.states, graph.constant(float("-inf")))
        return graph.add("ReduceMax", masked, graph.constant([1]), keepdims=0), None


class AttentionPooling(nn.Module):
    """The sum of the states, weighed by additive attention."""

    def __init__(self, width: int, backward_width: int) -> None:  # noqa: ARG002  as all poolings
        super().__init__()
        self.width = width
        self.attention = AdditiveAttention(width, max(width // 2, 1))

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh and sum."""
        vector, weights = self.attention(states, mask)
        return vector, weights

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, str]:
        """Add the same to a graph; returns the names of [B, P] and [B, T]."""
        return self.attention.add_nodes(graph, found.states, found.mask)


class AttentionMaxPooling(nn.Module):
    """Attention and the largest values, side by side: what matters most, and whether it occurs."""

    def __init__(self, width: int, backward_width: int) -> None:
        super().__init__()
        self.width = 2 * width
        self.attention = AttentionPooling(width, backward_width)
        self.largest = MaxPooling(width, backward_width)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Pool both ways."""
        vector, weights = self.attention(states, mask)
        largest, _ = self.largest(states, mask)
        return torch.cat([vector, largest], dim=-1), weights  # [B, 2D]

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, str]:
        """Add the same to a graph; returns the names of [B, P] and [B, T]."""
        vector, weights = self.attention.add_nodes(graph, found)
        largest, _ = self.largest.add_nodes(graph, found)
        return graph.add("Concat", vector, largest, axis=-1), weights


Pooling = (
    FirstPooling | LastPooling | MeanPooling | MaxPooling | AttentionPooling | AttentionMaxPooling
)


def find_pooling(name: str, usual: str) -> str:
    """Give the pooling that a recipe names; vectors weighed by how rare words are have the mean.

    usual: what the task takes where the recipe leaves it open.
    """
    return {"sif": "mean", "auto": usual}.get(name, name)


POOLINGS: dict[str, type[Pooling]] = {
    "first": FirstPooling,
    "last": LastPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": AttentionPooling,
    "attention-max": AttentionMaxPooling,
}
