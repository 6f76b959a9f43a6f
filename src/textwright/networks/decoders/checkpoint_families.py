"""Where causal checkpoints of transformers keep their weights.

To add an architecture that works as these: write what reads it, then add its line at the end.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from textwright.networks.decoders.checkpoint_parts import (
    Attention,
    HeadSizes,
    Layer,
    Stack,
    Wide,
    WriterWeights,
    stack_linear,
    turned,
)


def read_llama(model: Any) -> WriterWeights:
    """Read Llama and what is built as it: Mistral, Qwen2.

    Source: Touvron et al. 2023, section 2.2, with groups of heads (Ainslie et al. 2023).
    """
    inner, config = model.model, model.config
    norms = [*(each.input_layernorm for each in inner.layers), inner.norm]
    layers = [
        read_llama_layer(layer, after, config.hidden_act)
        for layer, after in zip(inner.layers, norms[1:], strict=True)
    ]
    size = inner.layers[0].self_attn.head_dim
    stack = Stack(
        words=inner.embed_tokens.weight,
        layers=layers,
        heads=HeadSizes(config.num_attention_heads, config.num_key_value_heads, size),
        first=norms[0],
        waves=inner.rotary_emb.inv_freq,
        stretch=float(inner.rotary_emb.attention_scaling),
    )
    return WriterWeights(stack, model.lm_head.weight)


def read_llama_layer(layer: Any, after: nn.Module, activation: str) -> Layer:
    """Read a layer of Llama's; after: what normalises behind it."""
    inner, wide = layer.self_attn, layer.mlp
    attention = Attention(
        read=stack_linear(inner.q_proj, inner.k_proj, inner.v_proj),
        scale=inner.scaling,
        join=stack_linear(inner.o_proj),
        after=layer.post_attention_layernorm,
    )
    widen = stack_linear(wide.gate_proj, wide.up_proj)
    narrow = stack_linear(wide.down_proj)
    return Layer(attention, Wide(widen, narrow, activation, after, gated=True))


def read_gpt2(model: Any) -> WriterWeights:
    """Read GPT-2 (Radford et al. 2019, section 2.3)."""
    inner, config = model.transformer, model.config
    norms = [*(each.ln_1 for each in inner.h), inner.ln_f]
    layers = [
        read_gpt2_layer(layer, after, config.activation_function)
        for layer, after in zip(inner.h, norms[1:], strict=True)
    ]
    stack = Stack(
        words=inner.wte.weight,
        layers=layers,
        heads=HeadSizes(config.n_head, config.n_head, config.n_embd // config.n_head),
        first=norms[0],
        places=inner.wpe.weight,
    )
    return WriterWeights(stack, model.lm_head.weight)


def read_gpt2_layer(layer: Any, after: nn.Module, activation: str) -> Layer:
    """Read a layer of GPT-2's; after: what normalises behind it."""
    inner, wide = layer.attn, layer.mlp
    attention = Attention(turned(inner.c_attn), inner.scaling, turned(inner.c_proj), layer.ln_2)
    return Layer(attention, Wide(turned(wide.c_fc), turned(wide.c_proj), activation, after))


CAUSAL: Mapping[str, Callable[[Any], WriterWeights]] = {
    "gpt2": read_gpt2,
    "llama": read_llama,
    "mistral": read_llama,
    "qwen2": read_llama,
}
