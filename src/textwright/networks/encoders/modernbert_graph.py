"""A ModernBERT as an ONNX graph.

It normalises before each step, turns queries and keys by their places, and in most layers looks no
further than a window. Source: Warner et al. 2024, section 2.1.

Shapes: B batch, T tokens, D width, H heads, F width in the middle of a layer.
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

from textwright.networks.encoders.layer_graph import (
    TextInGraph,
    add_angles,
    add_distances,
    add_norm,
)
from textwright.networks.graph import FUSED, Graph

FAR = -1e9  # gained by the score of a token that is out of sight
EVERYWHERE = "full_attention"  # a kind of layer, as transformers names them


@dataclass(frozen=True)
class Sight:
    """How the heads of a layer look, by names in the graph.

    angles:  [T, D / 2H], by which each pair of a head's numbers is turned at each place.
    lengths: [B] int32, the tokens of each text.
    hidden:  [1, 1, T, T], what the scores of pairs of tokens gain; empty: nothing.
    """

    heads: int
    angles: str
    lengths: str
    hidden: str


def add_modernbert(graph: Graph, model: Any, text: TextInGraph) -> str:
    """Add embeddings and layers to a graph; returns the name of the states [B, T, D]."""
    assert text.types is None  # it tells no two texts apart
    tokens = graph.add("Shape", text.ids, start=1, end=2)  # [1], T
    hidden = add_hidden(graph, tokens, model.config.sliding_window)
    words = graph.add("Gather", graph.constant(model.embeddings.tok_embeddings.weight), text.ids)
    states = add_norm(graph, words, model.embeddings.norm)
    for layer in model.layers:
        waves = getattr(model.rotary_emb, f"{layer.attention_type}_inv_freq")
        sight = Sight(
            model.config.num_attention_heads,
            add_angles(graph, waves, tokens),
            text.lengths,
            "" if layer.attention_type == EVERYWHERE else hidden,
        )
        first = isinstance(layer.attn_norm, nn.Identity)
        read = states if first else add_norm(graph, states, layer.attn_norm)
        states = graph.add("Add", states, add_turned_attention(graph, layer.attn, read, sight))
        read = add_norm(graph, states, layer.mlp_norm)
        states = graph.add("Add", states, add_gated(graph, layer.mlp, read))
    return add_norm(graph, states, model.final_norm)


def add_hidden(graph: Graph, tokens: str, window: int) -> str:
    """Add what scores gain in layers with a window, 0 or ``FAR``: [1, 1, T, T]."""
    far = graph.add("Abs", add_distances(graph, tokens))
    outside = graph.add("Greater", far, graph.constant(window))
    hidden = graph.add("Where", outside, graph.constant(FAR), graph.constant(0.0))
    return graph.add("Unsqueeze", hidden, graph.constant([0, 1]))


def add_turned_attention(graph: Graph, attention: Any, states: str, sight: Sight) -> str:
    """Add what each head finds, its queries and keys turned by their places: [B, T, D]."""
    read = attention.Wqkv
    biases = [None] * 3 if read.bias is None else read.bias.chunk(3)
    parts = (graph.linear(states, *each) for each in zip(read.weight.chunk(3), biases, strict=True))
    queries, keys, values = parts
    begin = graph.constant([0])
    waves = (graph.add("Cos", sight.angles), graph.add("Sin", sight.angles))
    queries, keys = (
        graph.add("RotaryEmbedding", each, begin, *waves, domain=FUSED, num_heads=sight.heads)
        for each in (queries, keys)
    )
    inputs = (queries, keys, values, "", sight.lengths, sight.hidden)
    found = graph.add("MultiHeadAttention", *inputs, domain=FUSED, num_heads=sight.heads)
    return graph.linear(found, attention.Wo.weight, attention.Wo.bias)


def add_gated(graph: Graph, network: Any, states: str) -> str:
    """Add the wide network, one half of whose middle opens or closes the other: [B, T, D]."""
    biases = [None] * 2 if network.Wi.bias is None else network.Wi.bias.chunk(2)
    halves = zip(network.Wi.weight.chunk(2), biases, strict=True)
    middle, gate = (graph.linear(states, *each) for each in halves)  # [B, T, F]
    opened = graph.add("Mul", graph.add("Gelu", middle, domain=FUSED), gate)
    return graph.linear(opened, network.Wo.weight, network.Wo.bias)
