"""A training that takes a second: 90 texts of three classes, each with words of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from textwright.networks.components import EMBEDDINGS, ENCODERS
from textwright.networks.decoders.pooling import POOLINGS
from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.batch import Encoding
from textwright.training.loop import TrainingData
from textwright.training.rows import Rows

VOCABULARY = 32
LABELS = 3
FILELESS = [name for name, part in EMBEDDINGS.items() if not hasattr(part.settings, "file")]
NEEDED: dict[str, dict[str, Any]] = {
    "pretrained": {"train": "full", "frozen_embeddings": False},  # so that all of it learns
    "transformer": {"heads": 3},  # so that they share a width of 6
}


def small_recipe(**sections: dict[str, Any]) -> Recipe:
    """Give a recipe of narrow parts; sections override theirs."""
    table: dict[str, Any] = {
        "name": "small",
        "data": {"train": "train.jsonl"},
        "encoder": {"kind": "bilstm", "hidden": 6},
        "training": {"epochs": 3, "batch_size": 16, "learning_rate": 0.02, "threads": 1},
        **sections,
    }
    if table["encoder"]["kind"] != "pretrained":
        table.setdefault("embedding", {"kind": "learned", "dimensions": 8})
    return check_recipe(table)


def tables_of(encoder: str, **settings: Any) -> list[dict[str, Any]]:
    """Give the sections of a network of one encoder, for each embedding that it takes.

    settings: of the encoder; those that it does not have are left out.
    """
    declared: Any = ENCODERS[encoder].settings
    known = {name: each for name, each in settings.items() if hasattr(declared, name)}
    table = {"kind": encoder, **known, **NEEDED.get(encoder, {})}
    if "embedding" not in declared.uses:
        return [{"encoder": table}]
    return [{"encoder": table, "embedding": {"kind": each}} for each in FILELESS]


def poolings_of(encoder: str) -> list[str]:
    """Give the poolings of an encoder under which all its weights learn."""
    return [each for each in POOLINGS if encoder != "bilstm" or each != "first"]


def with_model(sections: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Give sections whose encoder, where it builds on a model, builds on the one in a folder."""
    encoder = sections["encoder"]
    if hasattr(ENCODERS[encoder["kind"]].settings, "model"):
        encoder = {**encoder, "model": str(folder)}
    return {**sections, "encoder": encoder}


def small_settings(**changes: Any) -> NetworkTrainingSettings:
    """Give the training settings of the small recipe, changed."""
    settings = small_recipe().training
    assert isinstance(settings, NetworkTrainingSettings)
    return replace(settings, **changes)


def small_rows(count: int, seed: int) -> Rows:
    """Make texts of 1 to 9 tokens; the words 2 to 4 tell the class, one in each text."""
    chance = np.random.default_rng(seed)
    encodings, targets = [], np.zeros((count, LABELS), dtype=np.float32)
    for row in range(count):
        label = row % LABELS
        ids = chance.integers(5, VOCABULARY, chance.integers(1, 10))
        ids[chance.integers(len(ids))] = 2 + label
        encodings.append(Encoding(ids.astype(np.int64)))
        targets[row, label] = 1.0
    return Rows(encodings, targets)


def small_data() -> TrainingData:
    """Give 90 rows to learn from and 30 to stop by."""
    return TrainingData(small_rows(90, seed=1), small_rows(30, seed=2))
