"""Pretrained encoders as ONNX graphs; most normalise after each step, as BERT does.

Shapes: B batch, T tokens, E embedding, D width, H heads.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from textwright.networks.encoders.families import READERS, EncoderWeights
from textwright.networks.encoders.layer_graph import (
    TextInGraph,
    add_attention,
    add_distances,
    add_joined,
    add_norm,
    add_wide,
)
from textwright.networks.encoders.modernbert_graph import add_modernbert
from textwright.networks.graph import Graph
from textwright.networks.positions import RelativePositionBias


def add_post_norm(
    read: Callable[[Any], EncoderWeights], graph: Graph, model: Any, text: TextInGraph
) -> str:
    """Add an encoder of the kind that ``read`` reads; returns the name of [B, T, D]."""
    weights = read(model)
    tokens = graph.add("Shape", text.ids, start=1, end=2)  # [1], T
    states = add_embeddings(graph, weights, text, tokens)
    if weights.entry is not None:
        states = graph.linear(states, weights.entry.weight, weights.entry.bias)
    nearness = add_nearness(graph, weights.nearness, tokens)
    for each in weights.layers:
        found = add_attention(graph, each, states, text.lengths, nearness)
        states = add_joined(graph, found, states, each.join, each.join_norm)
        found = add_wide(graph, each, states)
        states = add_joined(graph, found, states, each.narrow, each.narrow_norm)
    return states


def add_embeddings(graph: Graph, weights: EncoderWeights, text: TextInGraph, tokens: str) -> str:
    """Add the sum of the vectors of token, place and type, normalised: [B, T, E].

    The constants are the checkpoint's own; what of this depends on them alone is done once, when
    the network is opened.
    """
    words = graph.add("Gather", graph.constant(weights.words), text.ids)
    places = graph.constant(weights.places)
    if weights.first:
        ends = (graph.constant([each]) for each in (weights.first, len(weights.places)))
        places = graph.add("Slice", places, *ends)
    same = [weights.tasks]  # of which all tokens have the first row
    if text.types is None:
        same.append(weights.types)
    else:
        assert weights.types is not None
        kinds = graph.add("Gather", graph.constant(weights.types), text.types)
        words = graph.add("Add", words, kinds)
    for each in same:
        if each is not None:
            row = graph.add("Gather", graph.constant(each), graph.constant([0]))
            places = graph.add("Add", places, row)
    shown = graph.add("Slice", places, graph.constant([0]), tokens)  # [T, E]
    return add_norm(graph, graph.add("Add", words, shown), weights.norm)


def add_nearness(graph: Graph, nearness: RelativePositionBias | None, tokens: str) -> str:
    """Add what scores gain by distance, [1, H, T, T]; gives an empty name where nothing does."""
    if nearness is None:
        return ""
    middle = graph.constant(len(nearness.kinds) // 2)
    behind = graph.add("Add", add_distances(graph, tokens), middle)
    kinds = graph.add("Gather", graph.constant(nearness.kinds), behind)  # [T, T]
    gains = graph.add("Gather", graph.constant(nearness.gains), kinds)  # [T, T, H]
    gains = graph.add("Transpose", gains, perm=[2, 0, 1])
    return graph.add("Unsqueeze", gains, graph.constant([0]))


# Each adds a model of transformers' to a graph, and returns the name of its states [B, T, D].
DRAWN: Mapping[str, Callable[[Graph, Any, TextInGraph], str]] = {
    **{kind: partial(add_post_norm, read) for kind, read in READERS.items()},
    "modernbert": add_modernbert,
}
