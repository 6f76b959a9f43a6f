"""The steps of a transformer's layer as nodes of an ONNX graph, for every encoder made of such.

Shapes: B batch, T tokens, D width, H heads.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from textwright.networks.graph import FLOAT, FUSED, Graph

ACTIVATIONS = {  # operators by transformers' names; a fused one adds the bias first
    "gelu": "BiasGelu",
    "gelu_new": "FastGelu",
    "gelu_pytorch_tanh": "FastGelu",
    "relu": "Relu",
}


@dataclass(frozen=True)
class TextInGraph:
    """What an encoder finds in a graph, by name.

    ids:     [B, T] int64.
    lengths: [B] int32, the tokens of each text.
    types:   [B, T] int64, 1 at the second text of a pair; None: each is one text.
    """

    ids: str
    lengths: str
    types: str | None = None


@dataclass(frozen=True)
class Layer:
    """The weights of a layer: attention, then a wide network at each token.

    read:       [3D, D], and ``read_bias`` [3D]: gives queries, keys and values, in this order.
    heads:      H, which share them out evenly.
    join:       brings what the heads found together, [D, D].
    widen:      to the wide network, 4D as a rule; ``narrow``: back to D.
    activation: what is between the two, one of ``ACTIVATIONS``.
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
    activation: str = "gelu"


def add_attention(graph: Graph, layer: Layer, states: str, lengths: str, nearness: str = "") -> str:
    """Add what each head finds in the real tokens of the same text, side by side: [B, T, D].

    lengths:  the name of [B] int32, the tokens of each text.
    nearness: of [1, H, T, T], what the scores gain; empty: nothing.
    """
    weight, bias = graph.constant(layer.read.T), graph.constant(layer.read_bias)
    inputs = [states, weight, bias, lengths, *(["", nearness] if nearness else [])]
    return graph.add("Attention", *inputs, domain=FUSED, num_heads=layer.heads)


def add_wide(graph: Graph, layer: Layer, states: str) -> str:
    """Add the wide network up to its middle: [B, T, 4D]."""
    operator = ACTIVATIONS[layer.activation]
    if operator == "Relu":
        return graph.add(operator, graph.linear(states, layer.widen.weight, layer.widen.bias))
    wide = graph.linear(states, layer.widen.weight)
    return graph.add(operator, wide, graph.constant(layer.widen.bias), domain=FUSED)


def add_norm(graph: Graph, states: str, norm: nn.LayerNorm) -> str:
    """Add the normalisation of each token's state."""
    learned = (graph.constant(each) for each in (norm.weight, norm.bias) if each is not None)
    return graph.add("LayerNormalization", states, *learned, axis=-1, epsilon=norm.eps)


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


def add_places(graph: Graph, tokens: str) -> str:
    """Add the numbers from 0 on of as many places as the name of [1] says: [T] int64."""
    end = graph.add("Squeeze", tokens)
    return graph.add("Range", graph.constant(0), end, graph.constant(1))


def add_distances(graph: Graph, tokens: str) -> str:
    """Add how far behind each token, in its row, every other stands: [T, T] int64."""
    places = add_places(graph, tokens)
    return graph.add("Sub", places, graph.add("Unsqueeze", places, graph.constant([1])))


def add_column(graph: Graph, numbers: str) -> str:
    """Add whole numbers [T] as a column of others: [T, 1] float."""
    return graph.add("Unsqueeze", graph.add("Cast", numbers, to=FLOAT), graph.constant([1]))


def add_angles(graph: Graph, waves: Tensor, tokens: str) -> str:
    """Add place times wave, for waves of some lengths [W]: [T, W]."""
    return graph.add("Mul", add_column(graph, add_places(graph, tokens)), graph.constant(waves))
