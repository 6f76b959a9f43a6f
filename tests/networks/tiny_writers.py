"""Checkpoints of a few hundred weights that write, in the files of Hugging Face's."""

import warnings
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

UNKNOWN, START, END, PADDING = "<|unk|>", "<|start|>", "<|end|>", "<|pad|>"
LINES = [
    "the dog sees the red house and the child runs fast",
    "a cat and a blue dog; the house is red, the child sees the cat.",
    "runs the child? the dog runs, the cat sees a blue house!",
]
VOCABULARY = 300
LONGEST = 96  # tokens that they read at once
CHAT = "{% for each in messages %}<|start|>{{ each.role }}\n{{ each.content }}<|end|>{% endfor %}"
LLAMA = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": LONGEST,
}
SIZES: dict[str, dict[str, Any]] = {
    "llama": LLAMA,
    "mistral": {**LLAMA, "sliding_window": None},
    "qwen2": LLAMA,
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": LONGEST},
}
BART = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": LONGEST,
    "decoder_start_token_id": 2,
}
FROM_SOURCE: dict[str, dict[str, Any]] = {
    "t5": {
        "d_model": 16,
        "d_kv": 6,
        "d_ff": 32,
        "num_layers": 2,
        "num_heads": 3,
        "relative_attention_num_buckets": 8,
        "relative_attention_max_distance": 12,
        "decoder_start_token_id": 3,
    },
    "bart": BART,
    "marian": {**BART, "decoder_start_token_id": 3, "activation_function": "swish"},
}
LOADERS = {
    **dict.fromkeys(SIZES, "AutoModelForCausalLM"),
    **dict.fromkeys(FROM_SOURCE, "AutoModelForSeq2SeqLM"),
}


def write_writer(folder: Path, kind: str = "llama", **changes: Any) -> Path:
    """Write config, weights, and a tokenizer of bytes and their pairs; returns the folder."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    known = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3}
    sizes = {**SIZES, **FROM_SOURCE}[kind]
    config = transformers.AutoConfig.for_model(kind, **{**known, **sizes, **changes})
    model: Any = getattr(transformers, LOADERS[kind]).from_config(config)
    if kind == "bart":
        model.generation_config.forced_bos_token_id = 1
    with torch.no_grad():
        for each in model.parameters():  # first weights are so small that all texts look alike
            each.add_(torch.randn_like(each) * 0.2)
    model.save_pretrained(folder)
    write_tokenizer(folder, closing=kind in FROM_SOURCE)
    return folder


def write_tokenizer(folder: Path, *, closing: bool = False) -> None:
    """Write a tokenizer; closing: it ends each text with a mark, as those of translators do."""
    import transformers

    inner = Tokenizer(models.BPE(unk_token=UNKNOWN))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[UNKNOWN, START, END, PADDING],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(LINES, trainer)
    if closing:
        inner.post_processor = processors.TemplateProcessing(
            single=f"$A {END}", special_tokens=[(END, 2)]
        )
    wrap: Any = transformers.PreTrainedTokenizerFast
    tokenizer = wrap(
        tokenizer_object=inner,
        bos_token=START,
        eos_token=END,
        unk_token=UNKNOWN,
        pad_token=PADDING,
        chat_template=CHAT,
    )
    tokenizer.save_pretrained(folder)


def generate(folder: Path, prompt: str, **options: Any) -> str:
    """Let transformers write from a prompt; gives the new text without special tokens."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    kind = transformers.AutoConfig.from_pretrained(folder).model_type
    model = getattr(transformers, LOADERS[kind]).from_pretrained(folder).eval()
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of generation flags that do not go together
        found = model.generate(ids, **options)[0]
    new = found if model.config.is_encoder_decoder else found[ids.shape[1] :]
    return str(tokenizer.decode(new, skip_special_tokens=True))
