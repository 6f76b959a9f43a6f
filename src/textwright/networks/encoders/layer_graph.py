"""The steps of a transformer's layer as nodes of an ONNX graph, for every encoder made of such.

Shapes: B batch, T tokens, D width, H heads.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from textwright.networks.graph import FUSED, Graph


@dataclass(frozen=True)
class Layer:
    """The weights of a layer: attention, then a wide network at each token.

    read:       [3D, D], and ``read_bias`` [3D]: gives queries, keys and values, in this order.
    heads:      H, which share them out evenly.
    join:       brings what the heads found together, [D, D].
    widen:      to the wide network, 4D as a rule; ``narrow``: back to D.
    join_norm, narrow_norm: where they stand is for the encoder to say.
    """

    read: Tensor
    read_bias: Tensor
    heads: int
    join: nn.Linear
    join_norm: nn.LayerNorm
    widen: nn.Linear
    narrow: nn.Linear
    narrow_norm: nn.LayerNorm


def add_attention(graph: Graph, layer: Layer, states: str, lengths: str) -> str:
    """Add what each head finds in the real tokens of the same text, side by side: [B, T, D].

    lengths: the name of [B] int32, the tokens of each text.
    """
    weight, bias = graph.constant(layer.read.T), graph.constant(layer.read_bias)
    return graph.add(
        "Attention", states, weight, bias, lengths, domain=FUSED, num_heads=layer.heads
    )


def add_wide(graph: Graph, layer: Layer, states: str) -> str:
    """Add the wide network up to its middle: [B, T, 4D]."""
    wide = graph.linear(states, layer.widen.weight)
    return graph.add("BiasGelu", wide, graph.constant(layer.widen.bias), domain=FUSED)


def add_norm(graph: Graph, states: str, norm: nn.LayerNorm) -> str:
    """Add the normalisation of each token's state."""
    weight, bias = (graph.constant(each) for each in (norm.weight, norm.bias))
    return graph.add("LayerNormalization", states, weight, bias, axis=-1, epsilon=norm.eps)


def add_joined(graph: Graph, found: str, states: str, last: nn.Linear, norm: nn.LayerNorm) -> str:
    """Add the projection of what was found to the states, and normalise the sum: [B, T, D]."""
    return graph.add(
        "SkipLayerNormalization",
        graph.linear(found, last.weight),
        states,
        *(graph.constant(each) for each in (norm.weight, norm.bias, last.bias)),
        domain=FUSED,
        epsilon=norm.eps,
    )
