"""A BERT as an ONNX graph: the family that shares its layers, with or without token types.

Shapes: B batch, T tokens, D width.
"""

from typing import Any

import torch

from textwright.networks.encoders.layer_graph import (
    Layer,
    add_attention,
    add_joined,
    add_norm,
    add_wide,
)
from textwright.networks.graph import Graph

FAMILY = ("bert", "roberta", "xlm-roberta", "camembert", "electra")


def can_draw(model: Any) -> bool:
    """Tell whether a model is one that this file draws."""
    config = model.config
    plain = getattr(config, "position_embedding_type", "absolute") == "absolute"
    narrow = getattr(config, "embedding_size", config.hidden_size) == config.hidden_size
    return config.model_type in FAMILY and config.hidden_act == "gelu" and plain and narrow


def add_bert(graph: Graph, model: Any, ids: str, lengths: str, types: str | None = None) -> str:
    """Add embeddings and layers to a graph; returns the name of the states [B, T, D].

    ids, types: the names of [B, T] int64; without types all tokens are of type 0.
    lengths:    that of [B] int32.
    """
    states = add_embeddings(graph, model.embeddings, ids, types)
    for each in map(read_layer, model.encoder.layer):
        found = add_attention(graph, each, states, lengths)
        states = add_joined(graph, found, states, each.join, each.join_norm)
        found = add_wide(graph, each, states)
        states = add_joined(graph, found, states, each.narrow, each.narrow_norm)
    return states


def add_embeddings(graph: Graph, embeddings: Any, ids: str, types: str | None) -> str:
    """Add the sum of the vectors of token, place and type, normalised: [B, T, D]."""
    words = graph.add("Gather", graph.constant(embeddings.word_embeddings.weight), ids)
    first = embeddings.position_embeddings.padding_idx  # RoBERTa counts from behind it
    places = embeddings.position_embeddings.weight[0 if first is None else first + 1 :]
    if types is None:
        places = places + embeddings.token_type_embeddings.weight[0]
    else:
        kinds = graph.constant(embeddings.token_type_embeddings.weight)
        words = graph.add("Add", words, graph.add("Gather", kinds, types))
    size = graph.add("Shape", ids, start=1, end=2)  # [1], T
    shown = graph.add("Slice", graph.constant(places), graph.constant([0]), size)  # [T, D]
    return add_norm(graph, graph.add("Add", words, shown), embeddings.LayerNorm)


def read_layer(layer: Any) -> Layer:
    """Find the weights of a layer as transformers names them."""
    inner = layer.attention.self
    parts = (inner.query, inner.key, inner.value)
    return Layer(
        read=torch.cat([each.weight for each in parts]),
        read_bias=torch.cat([each.bias for each in parts]),
        heads=inner.num_attention_heads,
        join=layer.attention.output.dense,
        join_norm=layer.attention.output.LayerNorm,
        widen=layer.intermediate.dense,
        narrow=layer.output.dense,
        narrow_norm=layer.output.LayerNorm,
    )
