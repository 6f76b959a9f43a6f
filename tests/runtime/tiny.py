"""Artifacts made by hand in milliseconds, to answer from.

The network is a table of word scores, a mean over the words, and nothing else, so the right
answer is known by looking at the text. Shapes: B batch, T tokens, V vocabulary, L labels.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from textwright.recipe.file import check_recipe, recipe_text
from textwright.recipe.parts import BagSettings, TokenizerSettings
from textwright.runtime.artifact import seal
from textwright.text.labels import Labels, find_scale, write_labels
from textwright.text.tokenizer import train_tokenizer

LABELS = ("card", "music", "weather")
WORDS = {
    "card": "where is my new card please 卡",
    "music": "play the next song loud 歌",
    "weather": "will it rain or snow tomorrow 雨",
}


def make_artifact(
    folder: Path,
    *,
    name: str = "intents",
    strength: float = 9.0,
    threshold: float = 0.0,
    breaks_on_rain: bool = False,
    records: Mapping[str, object] | None = None,
) -> str:
    """Write a sealed artifact that knows three labels by their words; give its address.

    strength: score of a word for its own label; another number gives another version.
    breaks_on_rain: the network has no row for the word 雨, and fails on any batch with it.
    records: the recipe's [records].
    """
    folder.mkdir(parents=True)
    recipe = check_recipe(
        {
            "name": name,
            "data": {"train": "train.jsonl"},
            "tokenizer": {"max_tokens": 32},
            "encoder": {"kind": "bilstm"},
            "records": records or {},
        }
    )
    assert isinstance(recipe.tokenizer, TokenizerSettings)
    tokenizer = train_tokenizer(list(WORDS.values()), recipe.tokenizer)
    tokenizer.save(folder / "tokenizer.json")
    scores = np.zeros((tokenizer.size, len(LABELS)), dtype=np.float32)  # [V, L]
    for column, label in enumerate(LABELS):
        for encoding in tokenizer.encode(WORDS[label].split()):
            scores[encoding.ids, column] = strength
    (rain,) = tokenizer.encode(["雨"])[0].ids
    assert rain == tokenizer.size - 1
    write_network(folder / "model.onnx", scores[:-1] if breaks_on_rain else scores)
    write_labels(Labels(LABELS, threshold=threshold), folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    return seal(folder)


def make_embedder(folder: Path, *, name: str = "sentences", width: int = 8) -> str:
    """Write a sealed artifact that gives the mean of its words' vectors; give its address.

    The vectors are drawn at random, the same each time.
    """
    folder.mkdir(parents=True)
    recipe = check_recipe(
        {
            "name": name,
            "task": "embed",
            "data": {"train": "train.jsonl"},
            "tokenizer": {"max_tokens": 32},
            "encoder": {"kind": "bilstm"},
        }
    )
    assert isinstance(recipe.tokenizer, TokenizerSettings)
    tokenizer = train_tokenizer(list(WORDS.values()), recipe.tokenizer)
    tokenizer.save(folder / "tokenizer.json")
    vectors = np.random.default_rng(7).normal(size=(tokenizer.size, width))  # [V, D]
    write_network(folder / "model.onnx", vectors.astype(np.float32), output="vectors")
    write_labels(Labels(()), folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    return seal(folder)


def make_matcher(folder: Path, *, name: str = "pairs", labels: str = "regression") -> str:
    """Write a sealed artifact that scores pairs by the words they share; give its address.

    The labels are 0 to 5, or (binary) no and yes.
    """
    from textwright.training.export import export_network
    from textwright.training.model import build_model
    from textwright.training.rows import Rows

    folder.mkdir(parents=True)
    recipe = check_recipe(
        {
            "name": name,
            "task": "match",
            "data": {"train": "train.jsonl"},
            "tokenizer": {"max_tokens": 32},
            "embedding": {"kind": "one-hot"},
            "encoder": {"kind": "none"},
            "decoder": {"labels": labels},
        }
    )
    assert isinstance(recipe.tokenizer, TokenizerSettings)
    tokenizer = train_tokenizer(list(WORDS.values()), recipe.tokenizer)
    tokenizer.save(folder / "tokenizer.json")
    scale = find_scale(["no", "yes"] if labels == "binary" else map(str, range(6)), labels)
    rows = Rows(tokenizer.encode(list(WORDS.values())[:2]), np.zeros((1, 1), np.float32), 2)
    model = build_model(recipe, tokenizer.size, len(scale.names)).eval()
    export_network(model, [rows.batch(np.arange(1))], folder / "model.onnx")
    write_labels(scale, folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    return seal(folder)


def make_writer(folder: Path, *, name: str = "writer", form: str = "lstm", parts: int = 1) -> str:
    """Write a sealed artifact that writes, untrained, and so writes nonsense; give its address."""
    from textwright.training.writing_export import export_writing
    from textwright.training.writing_model import build_writing_model
    from textwright.training.writing_rows import WritingRows, pad_targets

    folder.mkdir(parents=True)
    recipe = check_recipe(
        {
            "name": name,
            "task": "generate",
            "data": {"train": "train.jsonl"},
            "tokenizer": {"max_tokens": 32, "vocabulary": 60},
            "embedding": {"dimensions": 8},
            "encoder": {"kind": "bilstm", "hidden": 8},
            "decoder": {"form": form, "hidden": 8, "max_tokens": 12, "parts": parts},
        }
    )
    assert isinstance(recipe.tokenizer, TokenizerSettings)
    tokenizer = train_tokenizer(list(WORDS.values()), recipe.tokenizer)
    tokenizer.save(folder / "tokenizer.json")
    texts = tokenizer.encode(list(WORDS.values()))
    model = enlarge(build_writing_model(recipe, tokenizer.size).eval())
    rows = WritingRows(texts, pad_targets(texts[::-1]))
    export_writing(model, [rows.batch(np.arange(len(texts)))], folder)
    write_labels(Labels(()), folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    return seal(folder)


POEM = ["春眠不觉晓，处处闻啼鸟。", "夜来风雨声，花落知多少。😀🎉", "rain, rain go away"]


def make_language(
    folder: Path,
    *,
    name: str = "poems",
    form: str = "transformer",
    records: Mapping[str, object] | None = None,
    **decoder: object,
) -> str:
    """Write a sealed artifact that writes a text on by characters, untrained; give its address."""
    from textwright.training.writing_export import export_writing
    from textwright.training.writing_model import build_writing_model
    from textwright.training.writing_rows import cut_text

    folder.mkdir(parents=True)
    settings = {"form": form, "hidden": 16, "heads": 2, "layers": 2, "context": 48}
    recipe = check_recipe(
        {
            "name": name,
            "task": "language",
            "data": {"train": "train.txt"},
            "tokenizer": {"kind": "characters"},
            "embedding": {"dimensions": 16},
            "decoder": {**settings, "max_tokens": 12, "stop_at_line": False, **decoder},
            "records": records or {},
        }
    )
    assert isinstance(recipe.tokenizer, TokenizerSettings)
    tokenizer = train_tokenizer(POEM, recipe.tokenizer)
    tokenizer.save(folder / "tokenizer.json")
    model = enlarge(build_writing_model(recipe, tokenizer.size).eval(), seed=3)
    rows = cut_text(tokenizer.encode_lines(POEM[0]), 8)
    export_writing(model, [rows.batch(np.arange(1))], folder)
    write_labels(Labels(()), folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    return seal(folder)


def enlarge(model: Any, *, seed: int = 8) -> Any:
    """Make the first weights of a network that writes so large that it tells tokens apart."""
    import torch

    torch.manual_seed(seed)
    with torch.no_grad():
        model.embedding.table.weight.mul_(2.0)
        for each in model.decoder.parameters():
            each.add_(0.8 * torch.randn_like(each))
    return model


def write_network(path: Path, scores: NDArray[np.float32], *, output: str = "logits") -> None:
    """Write a network that averages the word scores [V, L] of a text's real tokens."""
    nodes = [
        helper.make_node("Gather", ["scores", "ids"], ["words"]),  # [B, T, L]
        helper.make_node("Cast", ["mask"], ["real"], to=TensorProto.FLOAT),  # [B, T]
        helper.make_node("Unsqueeze", ["real", "last"], ["weights"]),  # [B, T, 1]
        helper.make_node("Mul", ["words", "weights"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "tokens"], ["sum"], keepdims=0),  # [B, L]
        helper.make_node("ReduceSum", ["weights", "tokens"], ["count"], keepdims=0),  # [B, 1]
        helper.make_node("Div", ["sum", "count"], [output]),  # [B, L]
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["B", "T"]),
            helper.make_tensor_value_info("mask", TensorProto.BOOL, ["B", "T"]),
        ],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["B", scores.shape[1]])],
        [
            numpy_helper.from_array(scores, "scores"),
            numpy_helper.from_array(np.array([2], dtype=np.int64), "last"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "tokens"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def make_bag_artifact(folder: Path) -> str:
    """Write a sealed artifact of the n-gram linear model, its weights set by hand."""
    from textwright.text.ngrams import encode_bags
    from textwright.vectors.bag_onnx import write_bag_onnx
    from textwright.vectors.linear import LinearModel

    folder.mkdir(parents=True)
    recipe = check_recipe({"name": "intents", "data": {"train": "train.jsonl"}})
    assert isinstance(recipe.encoder, BagSettings)
    texts = encode_bags([WORDS[label] for label in LABELS], recipe.encoder)
    slots = np.unique(np.concatenate([each.ids for each in texts]))
    weights = np.stack([np.isin(slots, each.ids) for each in texts], axis=1)  # [F, L]
    model = LinearModel(
        recipe.encoder,
        len(LABELS),
        slots,
        np.ones(len(slots), dtype=np.float32),
        9 * weights.astype(np.float32),
        np.zeros(len(LABELS), dtype=np.float32),
    )
    (folder / "model.onnx").write_bytes(write_bag_onnx(model))
    write_labels(Labels(LABELS), folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    return seal(folder)
