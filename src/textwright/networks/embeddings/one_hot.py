"""Each token as a vector with a single one.

Shapes: B batch, T tokens, V vocabulary. A mask is True at real tokens.
"""

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import one_hot

from textwright.networks.graph import Graph
from textwright.recipe.parts import OneHotSettings


class OneHotEmbedding(nn.Module):
    """Nothing is learned here: the encoder's first weights stand for the tokens.

    A batch takes B x T x V numbers, so this is for small vocabularies.
    """

    def __init__(self, settings: OneHotSettings, vocabulary: int) -> None:
        super().__init__()
        self.width = vocabulary
        self.settings = settings

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002  every embedding's call
        """Encode the tokens.

        ids:  [B, T] int64, each in 0..V-1.
        mask: [B, T] bool, not needed.
        Returns [B, T, V] float.
        """
        return one_hot(ids, self.width).float()

    def add_nodes(self, graph: Graph, ids: str, lengths: str) -> str:  # noqa: ARG002  every embedding's call
        """Add the encoding to a graph; returns the name of [B, T, V]."""
        off_on = graph.constant(np.array([0.0, 1.0], dtype=np.float32))
        return graph.add("OneHot", ids, graph.constant(self.width), off_on, axis=-1)
