"""A step of a checkpoint that writes, as an ONNX graph: of its own text alone, or from a source.

Shapes: N sources, K rows of each, R = N K, T new tokens, P tokens before, Q = P + T, S tokens of a
source, L logits wanted, D width, H heads that ask, G heads that are looked at, A width of a head, C
tokens of the longest text, V vocabulary.
"""

import torch

from textwright.networks.decoders.cached_graph import (
    Attributes,
    Looked,
    add_attention,
    add_first_norm,
    add_joined,
    add_kept,
    add_linear,
    add_rows,
    add_shape,
    add_source_attention,
    add_wide,
)
from textwright.networks.decoders.checkpoint_parts import (
    Attention,
    Layer,
    SourceAttention,
    Stack,
    WriterWeights,
)
from textwright.networks.decoders.writing import Shapes
from textwright.networks.graph import FUSED, Graph

PADS, BIAS = "source.pads", "source.bias"
LAST = 2**62  # behind the end of any axis


def draw_step(weights: WriterWeights, longest: int) -> Graph:
    """Give a step as a graph: tokens, source and past in, logits and the new past out.

    longest: C, no place is counted above it.
    """
    graph = Graph()
    step = Step(graph, weights, longest)
    words = step.add_words()
    normal = add_first_norm(graph, words, weights.stack.first)
    states = words if weights.stack.pre else normal
    for number, layer in enumerate(weights.stack.layers):
        normal, states = step.add_layer(number, layer, normal, states)
    step.add_logits(normal)
    return graph


def step_shapes(stack: Stack) -> Shapes:
    """Give the shapes of what a step takes besides its tokens, by name."""
    heads, shapes = stack.heads, Shapes({PADS: ["N"]})
    for number, layer in enumerate(stack.layers):
        for each in ("keys", "values"):
            shapes[f"past.{each}{number}"] = ["N", "K", heads.groups, "P", heads.size]
            if layer.source is not None:
                shapes[f"source.{each}{number}"] = ["N", heads.asking, "S", heads.size]
                shapes[BIAS] = ["N", "S"]
    return shapes


class Step:
    """A step under way into a graph."""

    def __init__(self, graph: Graph, weights: WriterWeights, longest: int) -> None:
        stack = weights.stack
        self.graph, self.weights, self.stack = graph, weights, stack
        self.tokens = graph.add_input("tokens", "int64", ["N", "K", "T"])
        self.given = {
            name: graph.add_input(name, "int64" if name == PADS else "float32", shape)
            for name, shape in step_shapes(stack).items()
        }
        self.rows = add_rows(graph, self.tokens, self.given, stack.heads, stack.near)
        self.source = ""
        if BIAS in self.given:  # [N, 1, 1, S]
            self.source = graph.add("Unsqueeze", self.given[BIAS], graph.constant([1, 2]))
        self.waves: list[str] = []
        if stack.waves is not None:
            angles = torch.arange(longest)[:, None] * stack.waves.float()  # [C, A / 2]
            turns = (angles.cos(), angles.sin())
            self.waves = [graph.constant(each * stack.stretch) for each in turns]

    def add_words(self) -> str:
        """Add the vectors of the tokens, and of their places: [R, T, D]."""
        graph, stack = self.graph, self.stack
        ids = graph.add("Reshape", self.tokens, add_shape(graph, [-1], self.rows.new))
        words = graph.add("Gather", graph.constant(stack.words), ids)
        if stack.factor != 1:
            words = graph.add("Mul", words, graph.constant(stack.factor))
        if stack.places is None:
            return words
        places = graph.add("Gather", graph.constant(stack.places), self.rows.places)
        return graph.add("Add", words, places)

    def add_layer(self, number: int, layer: Layer, normal: str, states: str) -> tuple[str, str]:
        """Add a layer; takes and gives the states, normalised and as they go on."""
        graph, pre = self.graph, self.stack.pre
        found = self.add_itself(number, layer.itself, normal)
        normal, states = add_joined(graph, found, states, layer.itself.after, pre=pre)
        if layer.source is not None:
            found = self.add_source(number, layer.source, normal)
            normal, states = add_joined(graph, found, states, layer.source.after, pre=pre)
        found = add_wide(graph, layer.wide, normal)
        return add_joined(graph, found, states, layer.wide.after, pre=pre)

    def add_itself(self, number: int, layer: Attention, normal: str) -> str:
        """Add what a layer finds in what is written; its past is given out."""
        graph, heads = self.graph, self.stack.heads
        widths = [each * heads.size for each in (heads.asking, heads.groups, heads.groups)]
        read = add_linear(graph, normal, layer.read)  # [R, T, (H + 2G) A]
        parts = graph.add_all("Split", read, graph.constant(widths), outputs=3, axis=-1)
        queries, keys, values = parts
        if self.waves:
            queries = self.add_turned(queries, heads.asking)
            keys = self.add_turned(keys, heads.groups)
        keys = self.add_past(f"keys{number}", keys)
        values = self.add_past(f"values{number}", values)
        looked = Looked(keys, values, self.rows.bias, layer.scale)
        return add_linear(graph, add_attention(graph, queries, looked, self.rows), layer.join)

    def add_source(self, number: int, layer: SourceAttention, normal: str) -> str:
        """Add what a layer finds in the source."""
        keys, values = (self.given[f"source.{each}{number}"] for each in ("keys", "values"))
        looked = Looked(keys, values, self.source, layer.scale)
        queries = add_linear(self.graph, normal, layer.ask)
        found = add_source_attention(self.graph, queries, looked, self.rows)
        return add_linear(self.graph, found, layer.join)

    def add_turned(self, states: str, heads: int) -> str:
        """Add queries or keys turned by the places of their tokens (Su et al. 2021)."""
        inputs = (states, self.rows.places, *self.waves)
        return self.graph.add("RotaryEmbedding", *inputs, domain=FUSED, num_heads=heads)

    def add_past(self, name: str, new: str) -> str:
        """Add keys or values behind those of the past, and give them out as the new one."""
        kept = add_kept(self.graph, new, self.rows)
        past, called = f"past.{name}", f"new.past.{name}"
        self.graph.add("Concat", self.given[past], kept, axis=3, called=called)
        heads = self.stack.heads
        self.graph.add_output(called, called, ["N", "K", heads.groups, "Q", heads.size])
        return called

    def add_logits(self, states: str) -> None:
        """Add the logits of the last tokens of each row, as many as are wanted; gives them out."""
        graph, weights = self.graph, self.weights
        wanted = graph.add_input("wanted", "int64", [1])
        ends = (graph.add("Neg", wanted), graph.constant([LAST]), graph.constant([1]))
        last = graph.add("Slice", states, *ends)
        shape = add_shape(graph, self.rows.count, [-1, weights.head.shape[1]])
        inputs = (graph.add("Reshape", last, shape), graph.constant(weights.head))
        kind: Attributes = {"domain": FUSED, "transB": 1, "alpha": weights.factor}
        if weights.bias is None:
            graph.add("FusedMatMul", *inputs, called="logits", **kind)
        else:
            product = graph.add("FusedMatMul", *inputs, **kind)
            graph.add("Add", product, graph.constant(weights.bias), called="logits")
        graph.add_output("logits", "logits", ["N", "K", "L", len(weights.head)])
