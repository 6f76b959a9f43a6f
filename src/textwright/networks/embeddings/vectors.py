"""Token vectors that were trained as word vectors.

Shapes: B batch, T tokens, E embedding, V vocabulary. A mask is True at real tokens.
"""

import torch
from torch import Tensor, nn

from textwright.networks.graph import Graph
from textwright.recipe.parts import VectorsEmbeddingSettings
from textwright.vectors.formats import Floats


class VectorsEmbedding(nn.Module):
    """A row of numbers for each token, which was there before the task.

    They stay as they are unless the recipe says ``trainable``; [PAD] stays all zeros either way.
    """

    def __init__(self, settings: VectorsEmbeddingSettings, rows: Floats) -> None:
        """Take the first rows, [V, E] float32, that of [PAD] being zeros."""
        super().__init__()
        self.width = rows.shape[1]
        self.trainable = settings.trainable
        self.table = nn.Embedding(len(rows), self.width, padding_idx=0)
        with torch.no_grad():
            self.table.weight.copy_(torch.tensor(rows))
        self.table.requires_grad_(settings.trainable)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002  every embedding's call
        """Look the tokens up.

        ids:  [B, T] int64, each in 0..V-1.
        mask: [B, T] bool, not needed.
        Returns [B, T, E] float.
        """
        vectors: Tensor = self.dropout(self.table(ids))  # [B, T, E]
        return vectors

    def extra_repr(self) -> str:
        """Name what no inner part shows."""
        return f"trainable={self.trainable}"

    def add_nodes(self, graph: Graph, ids: str, lengths: str) -> str:  # noqa: ARG002  every embedding's call
        """Add the look-up to a graph; returns the name of [B, T, E]."""
        return graph.add("Gather", graph.constant(self.table.weight), ids)
