"""From the states of a text to one score a label.

Shapes: B batch, T tokens, D width of the states, L labels. A mask is True at real tokens.
"""

from torch import Tensor, nn

from textwright.networks.decoders.pooling import POOLINGS, Pooling, StatesInGraph, find_pooling
from textwright.networks.graph import Graph
from textwright.recipe.parts import ClassifySettings
from textwright.tasks.classify import OUTPUT


class ClassifyDecoder(nn.Module):
    """Pools the states and multiplies by a weight for each label."""

    output_name = OUTPUT
    usual_pooling = "attention"  # of encoders that were made for none

    def __init__(
        self, settings: ClassifySettings, width: int, backward_width: int, labels: int
    ) -> None:
        super().__init__()
        self.pooling: Pooling = POOLINGS[find_pooling(settings.pooling, self.usual_pooling)](
            width, backward_width
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(self.pooling.width, labels)
        self.size = labels

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Score the labels.

        states: [B, T, D] float, from an encoder.
        mask:   [B, T] bool, at least one True in every row.
        Returns the logits [B, L] float, and the attention [B, T] float or None.
        """
        vector, attention = self.pooling(states, mask)
        return self.output(self.dropout(vector)), attention

    def add_nodes(self, graph: Graph, found: StatesInGraph) -> tuple[str, str | None]:
        """Add the same to a graph; returns the names of logits and attention."""
        vector, attention = self.pooling.add_nodes(graph, found)
        return graph.linear(vector, self.output.weight, self.output.bias), attention
