"""What goes step by step through the layers of a checkpoint, as nodes of an ONNX graph.

A step takes T new tokens of each row; keys and values of the P before are its past. At the left of
the past may stand places that hold nothing, so that texts that begin at different steps go on
together.

Shapes: N sources, K rows of each, R = N K, T new tokens, P tokens before, Q = P + T, S tokens of a
source, D width, H heads that ask, G heads that are looked at, A width of a head.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from textwright.networks.decoders.checkpoint_parts import HeadSizes, Linear, Wide
from textwright.networks.decoders.writing import Named
from textwright.networks.encoders.layer_graph import add_norm
from textwright.networks.graph import FUSED, Graph
from textwright.networks.positions import RelativePositionBias

FAR = -1e9  # gained by the score of a place that is out of sight
ACTIVATIONS = {  # operators by transformers' names, and where they are from
    "gelu": ("Gelu", FUSED),
    "gelu_new": ("FastGelu", FUSED),
    "gelu_pytorch_tanh": ("FastGelu", FUSED),
    "relu": ("Relu", ""),
    "silu": ("QuickGelu", FUSED),
    "swish": ("QuickGelu", FUSED),
}

Attributes = dict[str, Any]  # of a node


@dataclass(frozen=True)
class Rows:
    """What all layers of a step take, by names in the graph.

    count:  [2] int64, N and K. new: [1] int64, T.
    places: [R, T] int64, of the new tokens in their texts.
    bias:   [N, 1, 1 or G, HT / G, Q] float, what the scores of places gain.
    asked, kept, found, joined, across: shapes on the way through the heads.
    """

    heads: HeadSizes
    count: str
    new: str
    places: str
    bias: str
    asked: str
    kept: str
    found: str
    joined: str
    across: str


def add_rows(
    graph: Graph, tokens: str, given: Named, heads: HeadSizes, near: RelativePositionBias | None
) -> Rows:
    """Add what all layers take; tokens: the name of [N, K, T]."""
    count = graph.add("Shape", tokens, start=0, end=2)
    new = graph.add("Shape", tokens, start=2, end=3)
    before = graph.add("Shape", given["past.keys0"], start=3, end=4)  # [1], P
    end = graph.add("Add", before, new)
    places = add_range(graph, before, end)  # [T]
    pads = graph.add("Unsqueeze", given["source.pads"], graph.constant([1]))  # [N, 1]
    own = graph.add("Max", graph.add("Sub", places, pads), graph.constant([0]))  # [N, T]
    middle = graph.add("Unsqueeze", own, graph.constant([1]))
    spread = graph.add("Expand", middle, add_shape(graph, count, new))  # [N, K, T]
    every = add_range(graph, graph.constant([0]), end)  # [Q]
    ahead = graph.add("Sub", every, graph.add("Unsqueeze", places, graph.constant([1])))  # [T, Q]
    later = graph.add("Greater", ahead, graph.constant(0))
    empty = graph.add("Unsqueeze", graph.add("Less", every, pads), graph.constant([1]))
    bias = add_hidden(graph, graph.add("Or", empty, later), [1, 2])  # [N, 1, 1, T, Q]
    bias = graph.add("Concat", *[bias] * heads.each, axis=3)
    if near is not None:
        bias = graph.add("Add", bias, add_gains(graph, near, ahead))
    groups, each, size = heads.groups, heads.each, heads.size
    sources = graph.add("Shape", tokens, start=0, end=1)
    return Rows(
        heads,
        count,
        new,
        places=graph.add("Reshape", spread, add_shape(graph, [-1], new)),
        bias=bias,
        asked=add_shape(graph, count, new, [groups, each, size]),
        kept=add_shape(graph, count, new, [groups, size]),
        found=add_shape(graph, count, [groups, each], new, [size]),
        joined=add_shape(graph, [-1], new, [heads.asking * size]),
        across=add_shape(graph, sources, [-1, heads.asking, size]),
    )


def add_range(graph: Graph, first: str, end: str) -> str:
    """Add the whole numbers from one to below another, [1] each: [count] int64."""
    ends = [graph.add("Squeeze", each) for each in (first, end)]
    return graph.add("Range", *ends, graph.constant(1))


def add_shape(graph: Graph, *parts: str | list[int]) -> str:
    """Add a shape put together from names and numbers."""
    named = [each if isinstance(each, str) else graph.constant(each) for each in parts]
    return graph.add("Concat", *named, axis=0)


def add_hidden(graph: Graph, hidden: str, axes: list[int]) -> str:
    """Add what scores gain where a place is hidden, with new axes if there are to be any."""
    gained = graph.add("Where", hidden, graph.constant(FAR), graph.constant(0.0))
    return graph.add("Unsqueeze", gained, graph.constant(axes)) if axes else gained


def add_gains(graph: Graph, near: RelativePositionBias, ahead: str) -> str:
    """Add what scores gain by how far ahead the other token stands, [T, Q]: [H, T, Q]."""
    most = len(near.kinds) // 2
    inside = graph.add("Min", ahead, graph.constant(most))
    inside = graph.add("Max", inside, graph.constant(-most))
    places = graph.add("Add", inside, graph.constant(most))
    kinds = graph.add("Gather", graph.constant(near.kinds), places)
    gains = graph.add("Gather", graph.constant(near.gains), kinds)  # [T, Q, H]
    return graph.add("Transpose", gains, perm=[2, 0, 1])


def add_queries(graph: Graph, queries: str, rows: Rows) -> str:
    """Share queries [R, T, HA] out: [N, K, G, HT / G, A]."""
    apart = graph.add("Reshape", queries, rows.asked)  # [N, K, T, G, H / G, A]
    turned = graph.add("Transpose", apart, perm=[0, 1, 3, 4, 2, 5])
    return graph.add("Reshape", turned, graph.constant([0, 0, 0, -1, rows.heads.size]))


def add_kept(graph: Graph, states: str, rows: Rows) -> str:
    """Share keys or values [R, T, GA] out: [N, K, G, T, A]."""
    apart = graph.add("Reshape", states, rows.kept)  # [N, K, T, G, A]
    return graph.add("Transpose", apart, perm=[0, 1, 3, 2, 4])


@dataclass(frozen=True)
class Looked:
    """What is looked at, by names: keys and values [.., Q, A], and what scores gain.

    scale: what scores are multiplied by.
    """

    keys: str
    values: str
    bias: str
    scale: float


def add_found(graph: Graph, queries: str, looked: Looked) -> str:
    """Add what queries [.., A] find, head by head."""
    product: Attributes = {"domain": FUSED, "transB": 1, "alpha": looked.scale}
    scores = graph.add("FusedMatMul", queries, looked.keys, **product)
    weights = graph.add("Softmax", graph.add("Add", scores, looked.bias), axis=-1)
    return graph.add("MatMul", weights, looked.values)


def add_attention(graph: Graph, queries: str, looked: Looked, rows: Rows) -> str:
    """Add what each head finds in what is written, side by side, for queries [R, T, HA]."""
    found = add_found(graph, add_queries(graph, queries, rows), looked)  # [N, K, G, HT / G, A]
    apart = graph.add("Reshape", found, rows.found)  # [N, K, G, H / G, T, A]
    turned = graph.add("Transpose", apart, perm=[0, 1, 4, 2, 3, 5])
    return graph.add("Reshape", turned, rows.joined)


def add_source_attention(graph: Graph, queries: str, looked: Looked, rows: Rows) -> str:
    """Add what each head finds in the source, side by side, for queries [R, T, HA].

    All rows of a source look at its keys and values [N, H, S, A] at once.
    """
    apart = graph.add("Reshape", queries, rows.across)  # [N, KT, H, A]
    found = add_found(graph, graph.add("Transpose", apart, perm=[0, 2, 1, 3]), looked)
    return graph.add("Reshape", graph.add("Transpose", found, perm=[0, 2, 1, 3]), rows.joined)


def add_linear(graph: Graph, states: str, layer: Linear) -> str:
    """Add a linear layer."""
    return graph.linear(states, layer.weight, layer.bias)


def add_wide(graph: Graph, wide: Wide, states: str) -> str:
    """Add a wide network at each token."""
    middle = add_linear(graph, states, wide.widen)
    operator, domain = ACTIVATIONS[wide.activation]
    kind: Attributes = {"domain": domain}
    if operator == "QuickGelu":
        kind["alpha"] = 1.0
    if not wide.gated:
        return add_linear(graph, graph.add(operator, middle, **kind), wide.narrow)
    gate, middle = graph.add_all("Split", middle, outputs=2, num_outputs=2, axis=-1)
    opened = graph.add("Mul", graph.add(operator, gate, **kind), middle)
    return add_linear(graph, opened, wide.narrow)


def add_first_norm(graph: Graph, states: str, norm: nn.Module | None) -> str:
    """Add the normalisation of states [R, T, D] by themselves; they stay as they are without."""
    if norm is None:
        return states
    if isinstance(norm, nn.LayerNorm):
        return add_norm(graph, states, norm)
    weight, least = root_norm(norm)
    square = graph.add("Mul", states, states)
    mean = graph.add("ReduceMean", square, graph.constant([-1]), keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", mean, graph.constant(least)))
    return graph.add("Mul", graph.add("Div", states, root), graph.constant(weight))


def add_joined(
    graph: Graph, found: str, states: str, norm: nn.Module, *, pre: bool
) -> tuple[str, str]:
    """Add what was found to the states: the names of the sum, normalised and as it goes on.

    pre: it goes on as it was before it was normalised.
    """
    if isinstance(norm, nn.LayerNorm):
        operator, least = "SkipLayerNormalization", norm.eps
        learned: list[Tensor] = [norm.weight, norm.bias]
    else:
        weight, least = root_norm(norm)
        operator, learned = "SkipSimplifiedLayerNormalization", [weight]
    inputs = [found, states, *map(graph.constant, learned)]
    skipped = (1, 2) if pre else (1, 2, 3)
    kind: Attributes = {"domain": FUSED, "epsilon": least}
    normal, _, _, whole = graph.add_all(operator, *inputs, outputs=4, skipped=skipped, **kind)
    return normal, whole or normal


def root_norm(norm: nn.Module) -> tuple[Tensor, float]:
    """Give the weight of a normalisation by the root of the mean square, and what that gains.

    Source: Zhang and Sennrich 2019, equation 4.
    """
    return norm.get_parameter("weight"), float(norm.variance_epsilon)  # type: ignore[arg-type]
