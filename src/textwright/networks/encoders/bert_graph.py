"""A BERT as an ONNX graph: the family that shares its layers, with or without token types.

Shapes: B batch, T tokens, D width.
"""

from typing import Any

import torch
from torch import nn

from textwright.networks.graph import FUSED, Graph

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
    for layer in model.encoder.layer:
        states = add_layer(graph, layer, states, lengths)
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


def add_layer(graph: Graph, layer: Any, states: str, lengths: str) -> str:
    """Add one layer: attention, then a wide network at each token, both added to what came in."""
    inner = layer.attention.self
    parts = (inner.query, inner.key, inner.value)
    attended = graph.add(
        "Attention",
        states,
        graph.constant(torch.cat([each.weight for each in parts]).T),
        graph.constant(torch.cat([each.bias for each in parts])),
        lengths,
        domain=FUSED,
        num_heads=inner.num_attention_heads,
    )  # [B, T, D]
    states = add_residual(graph, attended, states, layer.attention.output)
    wide = graph.linear(states, layer.intermediate.dense.weight)
    wide = graph.add(
        "BiasGelu", wide, graph.constant(layer.intermediate.dense.bias), domain=FUSED
    )  # [B, T, 4D]
    return add_residual(graph, wide, states, layer.output)


def add_residual(graph: Graph, found: str, states: str, output: Any) -> str:
    """Add the projection of what was found to the states, and normalise: [B, T, D]."""
    return graph.add(
        "SkipLayerNormalization",
        graph.linear(found, output.dense.weight),
        states,
        graph.constant(output.LayerNorm.weight),
        graph.constant(output.LayerNorm.bias),
        graph.constant(output.dense.bias),
        domain=FUSED,
        epsilon=output.LayerNorm.eps,
    )


def add_norm(graph: Graph, states: str, norm: nn.LayerNorm) -> str:
    """Add the normalisation of each token's state."""
    weight, bias = (graph.constant(each) for each in (norm.weight, norm.bias))
    return graph.add("LayerNormalization", states, weight, bias, axis=-1, epsilon=norm.eps)
