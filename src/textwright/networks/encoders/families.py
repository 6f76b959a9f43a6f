"""Where the architectures of transformers keep their weights, each told in the same words.

To add one whose layers work as BERT's: write what reads it, then add its line at the end.

Shapes: V vocabulary, P places, E embedding, D width, H heads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textwright.networks.encoders.layer_graph import Layer
from textwright.networks.positions import RelativePositionBias


@dataclass(frozen=True)
class EncoderWeights:
    """The weights of an encoder, as they stand in its checkpoint.

    words:  [V, E], a vector for each token.
    places: [P + first, E], one for each place, behind ``first`` others that no text has.
    norm:   of the sum of both, and of the type's.
    layers: lowest first.
    types:  [2, E] or more, for the first and second of two texts; None: it tells none apart.
    tasks:  [.., E], whose first row is added to all; None: nothing is.
    entry:  from E to D; None where they are the same.
    nearness: None: scores go by what tokens hold alone.
    """

    words: Tensor
    places: Tensor
    first: int
    norm: nn.LayerNorm
    layers: Sequence[Layer]
    types: Tensor | None = None
    tasks: Tensor | None = None
    entry: nn.Linear | None = None
    nearness: RelativePositionBias | None = None


def read_bert(model: Any) -> EncoderWeights:
    """Read BERT and what was made of it: RoBERTa, ELECTRA, ERNIE."""
    embeddings = model.embeddings
    tasks = getattr(embeddings, "task_type_embeddings", None)  # ERNIE's
    return EncoderWeights(
        words=embeddings.word_embeddings.weight,
        places=embeddings.position_embeddings.weight,
        first=first_place(embeddings),
        norm=embeddings.LayerNorm,
        layers=[read_bert_layer(each, model.config) for each in model.encoder.layer],
        types=embeddings.token_type_embeddings.weight,
        tasks=None if tasks is None else tasks.weight,
        entry=getattr(model, "embeddings_project", None),
    )


def first_place(embeddings: Any) -> int:
    """Say where places begin; RoBERTa and MPNet count from behind the id of padding."""
    padding: int | None = embeddings.position_embeddings.padding_idx
    return 0 if padding is None else padding + 1


def read_bert_layer(layer: Any, config: Any) -> Layer:
    """Read a layer of BERT's."""
    inner, joined = layer.attention.self, layer.attention.output
    weight, bias = stack(inner.query, inner.key, inner.value)
    return Layer(
        read=weight,
        read_bias=bias,
        heads=config.num_attention_heads,
        join=joined.dense,
        join_norm=joined.LayerNorm,
        widen=layer.intermediate.dense,
        activation=config.hidden_act,
        narrow=layer.output.dense,
        narrow_norm=layer.output.LayerNorm,
    )


def read_distilbert(model: Any) -> EncoderWeights:
    """Read DistilBERT, which tells no two texts apart."""
    return EncoderWeights(
        words=model.embeddings.word_embeddings.weight,
        places=model.embeddings.position_embeddings.weight,
        first=first_place(model.embeddings),
        norm=model.embeddings.LayerNorm,
        layers=[read_distilbert_layer(each, model.config) for each in model.transformer.layer],
    )


def read_distilbert_layer(layer: Any, config: Any) -> Layer:
    """Read a layer of DistilBERT's."""
    inner = layer.attention
    weight, bias = stack(inner.q_lin, inner.k_lin, inner.v_lin)
    return Layer(
        read=weight,
        read_bias=bias,
        heads=config.n_heads,
        join=inner.out_lin,
        join_norm=layer.sa_layer_norm,
        widen=layer.ffn.lin1,
        activation=config.activation,
        narrow=layer.ffn.lin2,
        narrow_norm=layer.output_layer_norm,
    )


def read_mpnet(model: Any) -> EncoderWeights:
    """Read MPNet, whose heads look by distance, too."""
    places, first = model.embeddings.position_embeddings.weight, first_place(model.embeddings)
    count = len(places) - first
    kinds = model.encoder.relative_position_bucket(torch.arange(1 - count, count))
    return EncoderWeights(
        words=model.embeddings.word_embeddings.weight,
        places=places,
        first=first,
        norm=model.embeddings.LayerNorm,
        layers=[read_mpnet_layer(each, model.config) for each in model.encoder.layer],
        nearness=RelativePositionBias(model.encoder.relative_attention_bias.weight, kinds),
    )


def read_mpnet_layer(layer: Any, config: Any) -> Layer:
    """Read a layer of MPNet's."""
    inner = layer.attention.attn
    weight, bias = stack(inner.q, inner.k, inner.v)
    return Layer(
        read=weight,
        read_bias=bias,
        heads=config.num_attention_heads,
        join=inner.o,
        join_norm=layer.attention.LayerNorm,
        widen=layer.intermediate.dense,
        activation=config.hidden_act,
        narrow=layer.output.dense,
        narrow_norm=layer.output.LayerNorm,
    )


def read_albert(model: Any) -> EncoderWeights:
    """Read ALBERT, whose layers share their weights in groups."""
    config, groups = model.config, model.encoder.albert_layer_groups
    read = [[read_albert_layer(each, config) for each in group.albert_layers] for group in groups]
    chosen = (
        number * len(groups) // config.num_hidden_layers
        for number in range(config.num_hidden_layers)
    )
    return EncoderWeights(
        words=model.embeddings.word_embeddings.weight,
        places=model.embeddings.position_embeddings.weight,
        first=first_place(model.embeddings),
        norm=model.embeddings.LayerNorm,
        layers=[layer for number in chosen for layer in read[number]],
        types=model.embeddings.token_type_embeddings.weight,
        entry=model.encoder.embedding_hidden_mapping_in,
    )


def read_albert_layer(layer: Any, config: Any) -> Layer:
    """Read a layer of ALBERT's."""
    inner = layer.attention
    weight, bias = stack(inner.query, inner.key, inner.value)
    return Layer(
        read=weight,
        read_bias=bias,
        heads=config.num_attention_heads,
        join=inner.dense,
        join_norm=inner.LayerNorm,
        widen=layer.ffn,
        activation=config.hidden_act,
        narrow=layer.ffn_output,
        narrow_norm=layer.full_layer_layer_norm,
    )


def stack(*parts: nn.Linear) -> tuple[Tensor, Tensor]:
    """Give the weights of linear layers as those of a single one."""
    return torch.cat([each.weight for each in parts]), torch.cat([each.bias for each in parts])


READERS: Mapping[str, Callable[[Any], EncoderWeights]] = {
    "albert": read_albert,
    "bert": read_bert,
    "camembert": read_bert,
    "distilbert": read_distilbert,
    "electra": read_bert,
    "ernie": read_bert,
    "mpnet": read_mpnet,
    "roberta": read_bert,
    "xlm-roberta": read_bert,
}
