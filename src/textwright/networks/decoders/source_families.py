"""Where checkpoints of transformers that write from a source keep their weights.

To add an architecture that works as these: write what reads it, then add its line at the end.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from textwright.networks.decoders.checkpoint_parts import (
    Attention,
    HeadSizes,
    Layer,
    SourceAttention,
    Stack,
    Wide,
    WriterWeights,
    stack_linear,
)
from textwright.networks.positions import RelativePositionBias


def read_t5(model: Any) -> WriterWeights:
    """Read T5 (Raffel et al. 2020, section 2.1), and its version 1.1 with a gated middle."""
    source, stack = (read_t5_stack(each) for each in (model.encoder, model.decoder))
    factor = model.model_dim**-0.5 if model.config.scale_decoder_outputs else 1.0
    return WriterWeights(stack, model.lm_head.weight, factor, source=source)


def read_t5_stack(inner: Any) -> Stack:
    """Read one side of T5."""
    config = inner.config
    firsts = [each.layer[0].layer_norm for each in inner.block]
    afters = [*firsts[1:], inner.final_layer_norm]
    return Stack(
        words=inner.embed_tokens.weight,
        layers=[read_t5_layer(*each, config) for each in zip(inner.block, afters, strict=True)],
        heads=HeadSizes(config.num_heads, config.num_heads, config.d_kv),
        first=firsts[0],
        near=read_t5_nearness(inner.block[0].layer[0].SelfAttention),
    )


def read_t5_layer(block: Any, after: nn.Module, config: Any) -> Layer:
    """Read a layer of T5's; after: what normalises behind it."""
    itself, wide = block.layer[0].SelfAttention, block.layer[-1].DenseReluDense
    norms = [each.layer_norm for each in block.layer]
    attention = Attention(
        stack_linear(itself.q, itself.k, itself.v),
        itself.scaling,
        stack_linear(itself.o),
        norms[1],
    )
    source = None
    if len(block.layer) > 2:
        inner = block.layer[1].EncDecAttention
        ask, keys, values = (stack_linear(each) for each in (inner.q, inner.k, inner.v))
        join = stack_linear(inner.o)
        source = SourceAttention(ask, keys, values, inner.scaling, join, norms[2])
    gated = config.is_gated_act
    widen = stack_linear(wide.wi_0, wide.wi_1) if gated else stack_linear(wide.wi)
    narrow = stack_linear(wide.wo)
    return Layer(attention, Wide(widen, narrow, config.dense_act_fn, after, gated), source)


def read_t5_nearness(attention: Any) -> RelativePositionBias:
    """Read what scores gain by distance; from the largest that it tells apart on, all is one."""
    most = attention.relative_attention_max_distance
    kinds = attention._relative_position_bucket(
        torch.arange(-most, most + 1),
        bidirectional=not attention.is_decoder,
        num_buckets=attention.relative_attention_num_buckets,
        max_distance=most,
    )
    return RelativePositionBias(attention.relative_attention_bias.weight, kinds)


def read_bart(model: Any) -> WriterWeights:
    """Read BART (Lewis et al. 2020, section 2.1), or Marian, whose places are sines."""
    inner = model.model
    source, stack = (read_bart_stack(each) for each in (inner.encoder, inner.decoder))
    bias = model.final_logits_bias[0]
    return WriterWeights(
        stack, model.lm_head.weight, bias=bias if bias.any() else None, source=source
    )


def read_bart_stack(inner: Any) -> Stack:
    """Read one side of BART."""
    config, places = inner.config, inner.embed_positions
    heads = inner.layers[0].self_attn.num_heads
    return Stack(
        words=inner.embed_tokens.weight,
        layers=[read_bart_layer(each, config.activation_function) for each in inner.layers],
        heads=HeadSizes(heads, heads, config.d_model // heads),
        first=getattr(inner, "layernorm_embedding", None),
        pre=False,
        factor=config.d_model**0.5 if config.scale_embedding else 1.0,
        places=places.weight[getattr(places, "offset", 0) :],
    )


def read_bart_layer(layer: Any, activation: str) -> Layer:
    """Read a layer of BART's."""
    itself = layer.self_attn
    attention = Attention(
        stack_linear(itself.q_proj, itself.k_proj, itself.v_proj),
        itself.scaling,
        stack_linear(itself.out_proj),
        layer.self_attn_layer_norm,
    )
    source, inner = None, getattr(layer, "encoder_attn", None)
    if inner is not None:
        parts = (inner.q_proj, inner.k_proj, inner.v_proj, inner.out_proj)
        ask, keys, values, join = map(stack_linear, parts)
        after = layer.encoder_attn_layer_norm
        source = SourceAttention(ask, keys, values, inner.scaling, join, after)
    widen, narrow = stack_linear(layer.fc1), stack_linear(layer.fc2)
    return Layer(attention, Wide(widen, narrow, activation, layer.final_layer_norm), source)


FROM_SOURCE: Mapping[str, Callable[[Any], WriterWeights]] = {
    "bart": read_bart,
    "marian": read_bart,
    "t5": read_t5,
}
