"""Encoders of a few hundred weights, in the files of Hugging Face's, made in a moment."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = "my card is lost a new please the was stolen send money home transfer ten euros pay bill"
MORE = "will it rain wet outside or snow now at all nothing hello there who are you tell me"
MARKS = ["[PAD]", "x", "[UNK]", "[CLS]", "[SEP]"]  # so that [UNK] is not 1, as it is in ours
VOCABULARY = 64
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 512,
}


def write_checkpoint(folder: Path, kind: str = "bert", **changes: Any) -> Path:
    """Write config, weights, and a tokenizer of some fifty words; returns the folder."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    config = transformers.AutoConfig.for_model(kind, **{**SIZES, **changes})
    model: Any = transformers.AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for each in model.parameters():  # first weights are so small that all texts look alike
            each.add_(torch.randn_like(each) * 0.2)
    model.save_pretrained(folder)
    write_tokenizer(folder / "tokenizer.json")
    return folder


def write_tokenizer(path: Path) -> None:
    """Write a tokenizer that pads and cuts by itself, as many of them do."""
    names = [*MARKS, *dict.fromkeys(f"{WORDS} {MORE}".split()), "##s", "##er"]
    assert len(names) <= VOCABULARY
    ids = {name: number for number, name in enumerate(names)}
    inner = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 3), ("[SEP]", 4)],
    )
    inner.enable_padding(length=16)
    inner.enable_truncation(16)
    inner.save(str(path))


def write_pooling(folder: Path, name: str = "cls", *, normal: bool = True) -> None:
    """Say how the encoder was made to pool, as sentence-transformers does."""
    (folder / "1_Pooling").mkdir()
    flags = {f"pooling_mode_{each}_token": each == name for each in ("cls", "mean")}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(flags), encoding="utf-8")
    modules = [{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
    modules += [{"type": "sentence_transformers.models.Normalize", "path": "2"}] * normal
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
