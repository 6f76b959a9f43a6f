"""A translation that is learned in seconds: word by word, with a capital and a full stop."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe

WORDS = {
    "ein": "a", "hund": "dog", "katze": "cat", "haus": "house", "rot": "red", "blau": "blue",
    "und": "and", "sieht": "sees", "das": "the", "kind": "child",
    "läuft": "runs", "schnell": "fast",
}  # fmt: skip
FORMS = ("lstm", "transformer")


def translate(text: str) -> str:
    """Give the one right translation."""
    return " ".join(WORDS[each] for each in text.split()).capitalize() + "."


def phrases(count: int, seed: int) -> list[str]:
    """Make phrases of two to five words, none twice."""
    chance = np.random.default_rng(seed)
    names = list(WORDS)
    return [
        " ".join(chance.choice(names, chance.integers(2, 6), replace=False)) for _ in range(count)
    ]


def write_phrases(folder: Path, *, rows: int = 1_000) -> None:
    """Write train, dev and test rows, no row of one in another."""
    every = list(dict.fromkeys(phrases(3 * rows, seed=1)))
    edges = {"train": every[80:rows], "dev": every[:40], "test": every[40:80]}
    for name, texts in edges.items():
        lines = [json.dumps({"text": each, "target": translate(each)}) for each in texts]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")


def phrase_recipe(
    form: str, *, encoder: str = "bilstm", copy: bool = False, **sections: Any
) -> Recipe:
    """Give a recipe of a narrow network; sections override its own."""
    table: dict[str, Any] = {
        "name": "phrases",
        "task": "generate",
        "data": {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"},
        "tokenizer": {"vocabulary": 150, "max_tokens": 20},
        "embedding": {"dimensions": 24, "dropout": 0.0, "token_dropout": 0.0},
        "encoder": {"kind": encoder, "hidden": 24, "dropout": 0.0},
        "decoder": {
            "form": form,
            "layers": 2,
            "hidden": 32,
            "dropout": 0.0,
            "max_tokens": 30,
            "copy": copy,
        },
        "training": {
            "epochs": 9,
            "batch_size": 32,
            "learning_rate": 0.015,
            "label_smoothing": 0.0,
            "threads": 1,
        },
        **sections,
    }
    return check_recipe(table)
