"""Token vectors learned with the task.

Shapes: B batch, T tokens, E embedding, V vocabulary. A mask is True at real tokens.
"""

import torch
from torch import Tensor, nn

from textwright.networks.graph import Graph
from textwright.recipe.parts import LearnedSettings
from textwright.text.tokenizer import UNKNOWN_ID

FIRST_SPREAD = 0.2  # standard deviation of the first vectors; with 1 clinc150 loses 0.02 on dev


class LearnedEmbedding(nn.Module):
    """A row of numbers for each token of the vocabulary.

    While training, some tokens are shown as [UNK], so that its row means something when an
    unknown word comes, and a text is not known by one word alone (Iyyer et al. 2015, section
    2.3: word dropout; there the word is left out).
    """

    def __init__(self, settings: LearnedSettings, vocabulary: int) -> None:
        super().__init__()
        self.width = settings.dimensions
        self.token_dropout = settings.token_dropout
        self.table = nn.Embedding(vocabulary, settings.dimensions, padding_idx=0)
        self.dropout = nn.Dropout(settings.dropout)
        with torch.no_grad():
            self.table.weight.mul_(FIRST_SPREAD)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Look the tokens up.

        ids:  [B, T] int64, each in 0..V-1.
        mask: [B, T] bool.
        Returns [B, T, E] float.
        """
        if self.training and self.token_dropout > 0:
            hidden = torch.rand(ids.shape, device=ids.device) < self.token_dropout
            ids = ids.masked_fill(hidden & mask, UNKNOWN_ID)
        vectors: Tensor = self.dropout(self.table(ids))  # [B, T, E]
        return vectors

    def extra_repr(self) -> str:
        """Name what no inner part shows."""
        return f"token_dropout={self.token_dropout}"

    def add_nodes(self, graph: Graph, ids: str, lengths: str) -> str:  # noqa: ARG002  every embedding's call
        """Add the look-up to a graph; returns the name of [B, T, E]."""
        return graph.add("Gather", graph.constant(self.table.weight), ids)
