"""A transformer that learns from the task alone.

Shapes: B batch, T tokens, E width of the input, D hidden, H heads. A mask is True at real tokens,
at least one in every row.
"""

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from textwright.networks.encoders.layer_graph import (
    Layer,
    add_attention,
    add_column,
    add_norm,
    add_places,
    add_wide,
)
from textwright.networks.graph import Graph
from textwright.networks.positions import SinusoidalPositions
from textwright.recipe.parts import TransformerSettings

WIDER = 4  # times D, the width in the middle of a layer (Vaswani et al. 2017, section 3.3)


class Transformer(nn.Module):
    """Layers in which every token looks at all tokens of its text.

    A layer adds to the states x, with LN the normalisation of each token's state::

        x = x + join(attention(LN(x)))
        x = x + narrow(gelu(widen(LN(x))))

    and LN closes the last one. Source: Vaswani et al. 2017, sections 3.2 and 3.3; normalised
    before each step, not after it (pre-norm: Xiong et al. 2020, table 1), with which small ones
    learn without a long warm-up; GELU (Hendrycks and Gimpel 2016) in place of ReLU.

    Places are the sines and cosines of section 3.5, added to the normalised input: they know no
    longest text. Vectors turned by their places (RoPE) or a table of vectors would do, too; these
    let the exported graph read with the one fused node that it has for BERT.
    """

    def __init__(self, settings: TransformerSettings, width: int) -> None:
        super().__init__()
        self.width = settings.hidden
        self.backward_width = 0
        self.entry = nn.Linear(width, self.width)
        self.entry_norm = nn.LayerNorm(self.width)
        self.dropout = nn.Dropout(settings.dropout)
        self.layers = nn.ModuleList(TransformerLayer(settings) for _ in range(settings.layers))
        self.norm = nn.LayerNorm(self.width)
        self.places = SinusoidalPositions(self.width)
        start_linear(self)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Read the texts.

        states: [B, T, E] float, from an embedding.
        mask:   [B, T] bool.
        Returns [B, T, D] float. What stands at padding means nothing.
        """
        states = self.entry_norm(self.entry(states))  # [B, T, D]
        states = self.dropout(states + self.places(states.shape[1]))
        for layer in self.layers:
            states = layer(states, mask)
        read: Tensor = self.norm(states)
        return read

    def add_nodes(self, graph: Graph, states: str, lengths: str) -> str:
        """Add the same to a graph; returns the name of [B, T, D].

        lengths: the name of [B] int32, the tokens of each text.
        """
        tokens = graph.add("Shape", states, start=1, end=2)  # [1], T
        states = graph.linear(states, self.entry.weight, self.entry.bias)
        states = add_norm(graph, states, self.entry_norm)
        places = self.places.add_nodes(graph, add_column(graph, add_places(graph, tokens)))
        states = graph.add("Add", states, places)
        layers: Any = self.layers
        for layer in (each.weights() for each in layers):
            read = add_norm(graph, states, layer.join_norm)
            found = add_attention(graph, layer, read, lengths)
            found = graph.linear(found, layer.join.weight, layer.join.bias)
            states = graph.add("Add", states, found)
            read = add_norm(graph, states, layer.narrow_norm)
            found = add_wide(graph, layer, read)
            found = graph.linear(found, layer.narrow.weight, layer.narrow.bias)
            states = graph.add("Add", states, found)
        return add_norm(graph, states, self.norm)


def start_linear(network: nn.Module) -> None:
    """Draw the first weights of all linear layers (Glorot and Bengio 2010, equation 16)."""
    for each in network.modules():
        if isinstance(each, nn.Linear):
            nn.init.xavier_uniform_(each.weight)
            if each.bias is not None:
                nn.init.zeros_(each.bias)


class TransformerLayer(nn.Module):
    """Attention, then a wide network at each token, each added to the states."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        width = settings.hidden
        self.heads = settings.heads
        self.join_norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.narrow_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, WIDER * width)
        self.narrow = nn.Linear(WIDER * width, width)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Add both steps to the states [B, T, D]; mask: [B, T] bool."""
        states = states + self.dropout(self.attend(self.join_norm(states), mask))
        wide = self.dropout(gelu(self.widen(self.narrow_norm(states))))  # [B, T, 4D]
        narrow: Tensor = self.dropout(self.narrow(wide))
        return states + narrow

    def attend(self, states: Tensor, mask: Tensor) -> Tensor:
        """Let every token look at the real ones of its text: [B, T, D]."""
        read = self.read(states).unflatten(-1, (3, self.heads, -1))  # [B, T, 3, H, D/H]
        queries, keys, values = read.permute(2, 0, 3, 1, 4)  # each [B, H, T, D/H]
        share = self.dropout.p if self.training else 0.0
        found = scaled_dot_product_attention(
            queries, keys, values, mask[:, None, None, :], dropout_p=share
        )
        joined: Tensor = self.join(found.transpose(1, 2).flatten(2))
        return joined

    def weights(self) -> Layer:
        """Give the weights as the graph takes them."""
        return Layer(
            read=self.read.weight,
            read_bias=self.read.bias,
            heads=self.heads,
            join=self.join,
            join_norm=self.join_norm,
            widen=self.widen,
            narrow=self.narrow,
            narrow_norm=self.narrow_norm,
        )
