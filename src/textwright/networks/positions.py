"""Where tokens stand: places as sines and cosines, and what scores gain by distances.

Shapes: T tokens, D width, H heads, K classes of distances, P the farthest told apart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textwright.networks.graph import Graph

SLOWEST = 10_000.0  # 2 pi times this is the longest wave


class SinusoidalPositions(nn.Module):
    """A vector for each place: no weights, which few texts would leave half learned.

    Source: Vaswani et al. 2017, section 3.5; here all sines stand before the cosines.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        pairs = torch.arange(0, width, 2) / width  # [D/2]
        self.register_buffer("waves", torch.pow(SLOWEST, -pairs), persistent=False)

    def forward(self, tokens: int) -> Tensor:
        """Give the vectors of so many places, [T, D]."""
        waves = self.get_buffer("waves")
        angles = torch.arange(tokens, device=waves.device)[:, None] * waves
        return torch.cat([angles.sin(), angles.cos()], dim=-1)

    def add_nodes(self, graph: Graph, places: str) -> str:
        """Add the vectors of places [.., 1] float to a graph; returns the name of [.., D]."""
        angles = graph.add("Mul", places, graph.constant(self.get_buffer("waves")))
        return graph.add("Concat", graph.add("Sin", angles), graph.add("Cos", angles), axis=-1)


@dataclass(frozen=True)
class RelativePositionBias:
    """What the score of a head gains by how far behind the token that looks the other stands.

    Source: Raffel et al. 2020 (T5), section 2.1.

    gains: [K, H], for each class of distances.
    kinds: [2P + 1] int64, the class of each distance from -P to P; of all beyond, the last.
    """

    gains: Tensor
    kinds: Tensor
