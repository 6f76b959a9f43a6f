"""From the states of a text to its vector.

Shapes: B batch, T tokens, D width of the states, P width of the pooled vector. A mask is True at
real tokens.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from textwright.networks.decoders.match import SHORTEST, add_unit
from textwright.networks.decoders.pooling import POOLINGS, Pooling, StatesInGraph, find_pooling
from textwright.networks.graph import Graph
from textwright.recipe.parts import EmbedSettings
from textwright.tasks.embed import OUTPUT


class EmbedDecoder(nn.Module):
    """Pools the states, takes away what all texts have in common, and keeps the first numbers.

    common: [P] float, a direction of length 1 that no vector keeps any part of; zeros: none.
            Source: Arora, Liang and Ma 2017, algorithm 1, line 6.
    A vector of fewer numbers is the beginning of the whole one (Kusupati et al. 2022).
    """

    output_name = OUTPUT
    usual_pooling = "mean"  # of encoders that were made for none

    def __init__(
        self, settings: EmbedSettings, width: int, backward_width: int, labels: int
    ) -> None:
        super().__init__()
        del labels  # there are none
        self.pooling: Pooling = POOLINGS[find_pooling(settings.pooling, self.usual_pooling)](
            width, backward_width
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.size = min(settings.dimensions or self.pooling.width, self.pooling.width)
        self.unit = settings.normalize == "yes"
        self.register_buffer("common", torch.zeros(self.pooling.width))

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        """Give the vectors [B, P] before anything is taken away."""
        vector: Tensor = self.pooling(states, mask)[0]
        return vector

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, None]:
        """Give the vector of each text.

        states: [B, T, D] float, from an encoder.
        mask:   [B, T] bool, at least one True in every row.
        Returns [B, size] float, and no attention. A vector of zeros stays one.
        """
        common: Tensor = self.common  # type: ignore[assignment]
        vector = self.dropout(self.pool(states, mask))
        vector = vector - (vector @ common)[:, None] * common
        vector = vector[:, : self.size]
        return normalize(vector, eps=SHORTEST) if self.unit else vector, None

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, None]:
        """Add the same to a graph; returns the name of [B, size]."""
        common: Tensor = self.common  # type: ignore[assignment]
        vector, _ = self.pooling.add_nodes(graph, found)
        if common.any():
            share = graph.add("MatMul", vector, graph.constant(common[:, None]))  # [B, 1]
            part = graph.add("MatMul", share, graph.constant(common[None, :]))
            vector = graph.add("Sub", vector, part)
        if self.size < self.pooling.width:
            ends = (graph.constant([each]) for each in (0, self.size, 1))
            vector = graph.add("Slice", vector, *ends)
        return add_unit(graph, vector) if self.unit else vector, None
