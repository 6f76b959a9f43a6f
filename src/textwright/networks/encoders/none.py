"""No encoder: the vectors of the tokens are pooled as they are.

Shapes: B batch, T tokens, D width. A mask is True at real tokens.
"""

from torch import Tensor, nn

from textwright.networks.graph import Graph
from textwright.recipe.parts import NoEncoderSettings


class NoEncoder(nn.Module):
    """Hands the vectors of the tokens on.

    Source: Shen et al. 2018, section 3 (simple word-embedding models).
    """

    def __init__(self, settings: NoEncoderSettings, width: int) -> None:
        super().__init__()
        del settings  # there are none
        self.width = width
        self.backward_width = 0

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002  every encoder's call
        """Give the states [B, T, D] back; mask: [B, T] bool."""
        return states

    def add_nodes(self, graph: Graph, states: str, lengths: str) -> str:  # noqa: ARG002  as above
        """Add nothing to a graph; returns the name of [B, T, D]."""
        return states
