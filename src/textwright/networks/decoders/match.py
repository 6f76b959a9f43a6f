"""From the states of two texts to one score.

Shapes: B pairs, T tokens, D width of the states, P width of a text's vector. A mask is True at
real tokens.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from textwright.networks.decoders.pooling import POOLINGS, Pooling, StatesInGraph, find_pooling
from textwright.networks.graph import Graph
from textwright.recipe.parts import MatchSettings
from textwright.tasks.match import OUTPUT

SHORTEST = 1e-12  # length that a vector is divided by at least: one of zeros stays so
GAIN, SHIFT = 5.0, -2.5  # first weights of a cosine that becomes a yes or no


class Cosine(nn.Module):
    """The cosine of two vectors; for a yes or no, weighed and shifted as is learned.

    Source: Reimers and Gurevych 2019, section 3 (regression objective).
    """

    def __init__(self, width: int, *, binary: bool) -> None:  # noqa: ARG002  as all comparisons
        super().__init__()
        self.weights = nn.Parameter(torch.tensor([GAIN, SHIFT])) if binary else None

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Compare [B, P] with [B, P]: [B, 1]."""
        cosine = (normalize(first, eps=SHORTEST) * normalize(second, eps=SHORTEST)).sum(1, True)
        return cosine if self.weights is None else cosine * self.weights[0] + self.weights[1]

    def add_nodes(self, graph: Graph, first: str, second: str) -> str:
        """Add the same to a graph; returns the name of [B, 1]."""
        product = graph.add("Mul", *(add_unit(graph, each) for each in (first, second)))
        cosine = graph.add("ReduceSum", product, graph.constant([1]), keepdims=1)
        if self.weights is None:
            return cosine
        gain, shift = (graph.constant(each) for each in self.weights)
        return graph.add("Add", graph.add("Mul", cosine, gain), shift)


class Features(nn.Module):
    """A weighed sum of u, v, |u - v| and u * v.

    Source: Conneau et al. 2017 (InferSent), section 3.1.
    """

    def __init__(self, width: int, *, binary: bool) -> None:  # noqa: ARG002  as all comparisons
        super().__init__()
        self.output = nn.Linear(4 * width, 1)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Compare [B, P] with [B, P]: [B, 1]."""
        parts = [first, second, (first - second).abs(), first * second]
        found: Tensor = self.output(torch.cat(parts, dim=1))
        return found

    def add_nodes(self, graph: Graph, first: str, second: str) -> str:
        """Add the same to a graph; returns the name of [B, 1]."""
        distance = graph.add("Abs", graph.add("Sub", first, second))
        product = graph.add("Mul", first, second)
        parts = graph.add("Concat", first, second, distance, product, axis=1)
        return graph.linear(parts, self.output.weight, self.output.bias)


COMPARISONS: dict[str, type[Cosine] | type[Features]] = {"cosine": Cosine, "features": Features}


class MatchDecoder(nn.Module):
    """Pools the states of two texts, or of both read as one, and gives one score."""

    output_name = OUTPUT
    usual_pooling = "mean"  # of encoders that were made for none

    def __init__(
        self, settings: MatchSettings, width: int, backward_width: int, labels: int
    ) -> None:
        super().__init__()
        del labels  # there is one score, whatever it is called
        self.pooling: Pooling = POOLINGS[find_pooling(settings.pooling, self.usual_pooling)](
            width, backward_width
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.compare: Cosine | Features | None = None
        self.output: nn.Linear | None = None
        if settings.form == "siamese":
            binary = settings.labels == "binary"
            self.compare = COMPARISONS[settings.compare](self.pooling.width, binary=binary)
        else:
            self.output = nn.Linear(self.pooling.width, 1)
        self.size = 1

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, None]:
        """Score pairs.

        states: [2B, T, D] float: the two texts of a pair one after the other; [B, T, D] of
                pairs that were read as one text.
        mask:   [2B, T] or [B, T] bool.
        Returns the scores [B, 1] float, and no attention.
        """
        vector = self.dropout(self.pooling(states, mask)[0])
        if self.compare is not None:
            return self.compare(vector[0::2], vector[1::2]), None
        assert self.output is not None
        return self.output(vector), None

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, None]:
        """Add the same to a graph; returns the name of the scores."""
        vector, _ = self.pooling.add_nodes(graph, found)
        if self.compare is None:
            assert self.output is not None
            return graph.linear(vector, self.output.weight, self.output.bias), None
        pairs = graph.add("Reshape", vector, graph.constant([-1, 2, self.pooling.width]))
        first, second = (
            graph.add("Gather", pairs, graph.constant(place), axis=1) for place in (0, 1)
        )
        return self.compare.add_nodes(graph, first, second), None


def add_unit(graph: Graph, vector: str) -> str:
    """Add to a graph a vector brought to length 1, [B, P]; one of zeros stays so."""
    length = graph.add("ReduceL2", vector, graph.constant([1]), keepdims=1)
    return graph.add("Div", vector, graph.add("Max", length, graph.constant(SHORTEST)))
