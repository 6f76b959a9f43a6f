"""What a checkpoint makes of a source before anything is written, as an ONNX graph.

Shapes: N sources, S tokens of each, D width, H heads, A width of a head.
"""

from textwright.networks.decoders.cached_graph import (
    Attributes,
    add_first_norm,
    add_gains,
    add_hidden,
    add_joined,
    add_linear,
    add_range,
    add_wide,
)
from textwright.networks.decoders.checkpoint_parts import (
    Attention,
    HeadSizes,
    Linear,
    Stack,
    WriterWeights,
)
from textwright.networks.decoders.step_graph import BIAS
from textwright.networks.graph import FUSED, INT32, Graph


def draw_source(weights: WriterWeights) -> Graph:
    """Give as a graph what is done once a source: ids and mask in, what steps need out."""
    assert weights.source is not None
    graph = Graph()
    ids = graph.add_input("ids", "int64", ["N", "S"])
    mask = graph.add_input("mask", "bool", ["N", "S"])
    states = add_states(graph, weights.source, ids, mask)
    bias = add_hidden(graph, graph.add("Not", mask), [])
    graph.add_output(bias, BIAS, ["N", "S"])
    for number, layer in enumerate(weights.stack.layers):
        assert layer.source is not None
        for kind, each in (("keys", layer.source.keys), ("values", layer.source.values)):
            add_given(graph, f"source.{kind}{number}", states, each, weights.stack.heads)
    return graph


def add_given(graph: Graph, name: str, states: str, layer: Linear, heads: HeadSizes) -> None:
    """Give out the keys or values of all heads, [N, H, S, A]."""
    read = add_linear(graph, states, layer)
    apart = graph.add("Reshape", read, graph.constant([0, 0, heads.asking, heads.size]))
    graph.add("Transpose", apart, perm=[0, 2, 1, 3], called=name)
    graph.add_output(name, name, ["N", heads.asking, "S", heads.size])


def add_states(graph: Graph, stack: Stack, ids: str, mask: str) -> str:
    """Add the last states of a source, [N, S, D]."""
    counted = graph.add("Cast", mask, to=INT32)
    lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)  # [N]
    length = graph.add("Shape", ids, start=1, end=2)  # [1], S
    places = add_range(graph, graph.constant([0]), length)
    words = graph.add("Gather", graph.constant(stack.words), ids)
    if stack.factor != 1:
        words = graph.add("Mul", words, graph.constant(stack.factor))
    if stack.places is not None:
        words = graph.add("Add", words, graph.add("Gather", graph.constant(stack.places), places))
    gains = ""
    if stack.near is not None:
        ahead = graph.add("Sub", places, graph.add("Unsqueeze", places, graph.constant([1])))
        inside = add_gains(graph, stack.near, ahead)
        gains = graph.add("Unsqueeze", inside, graph.constant([0]))  # [1, H, S, S]
    normal = add_first_norm(graph, words, stack.first)
    states = words if stack.pre else normal
    for layer in stack.layers:
        found = add_itself(graph, layer.itself, normal, (lengths, gains), stack.heads.asking)
        normal, states = add_joined(graph, found, states, layer.itself.after, pre=stack.pre)
        found = add_wide(graph, layer.wide, normal)
        normal, states = add_joined(graph, found, states, layer.wide.after, pre=stack.pre)
    return normal


def add_itself(
    graph: Graph, layer: Attention, normal: str, seen: tuple[str, str], heads: int
) -> str:
    """Add what each token finds in all real tokens of its text.

    seen: the names of [N] int32, the tokens of each text, and of what scores gain, or nothing.
    """
    read = add_linear(graph, normal, layer.read)
    parts = graph.add_all("Split", read, outputs=3, num_outputs=3, axis=-1)
    kind: Attributes = {"domain": FUSED, "num_heads": heads, "scale": layer.scale}
    lengths, gains = seen
    found = graph.add("MultiHeadAttention", *parts, "", lengths, gains, **kind)
    return add_linear(graph, found, layer.join)
