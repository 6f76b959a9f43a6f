"""Pairs of short sentences, told apart by the words they share: a training takes a second."""

import json
import random
from pathlib import Path
from typing import Any

THINGS = ("cat", "dog", "car", "house", "tree", "river", "song", "book", "train", "apple")
VERBS = ("runs", "sleeps", "falls", "shines", "breaks")
SIZES = {"train": 160, "dev": 60, "test": 80}


def make_row(chance: random.Random) -> dict[str, Any]:
    """Make two sentences; the label is five times the share of their words that both have."""
    first, second = ([chance.choice(THINGS), chance.choice(VERBS)] for _ in range(2))
    kept = [chance.random() < 0.5 for _ in first]
    second = [old if keep else new for old, new, keep in zip(first, second, kept, strict=True)]
    shared = len({*first} & {*second})
    return {
        "text_a": f"the {' '.join(first)}",
        "text_b": f"a {' '.join(second)}",
        "label": [0.0, 2.5, 5.0][shared],
        "same": "yes" if shared == 2 else "no",
        "grade": shared,
        "part": chance.choice("xy"),
    }


def write_pairs(folder: Path) -> None:
    """Write train.jsonl, dev.jsonl and test.jsonl."""
    chance = random.Random(7)
    for name, count in SIZES.items():
        lines = (json.dumps(make_row(chance)) + "\n" for _ in range(count))
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def write_recipe(folder: Path, *, column: str = "label", more: str = "", gates: str = "") -> Path:
    """Write a recipe of a small siamese network; more: of [decoder]."""
    path = folder / "pairs.toml"
    path.write_text(
        f"""\
name = "pairs"
task = "match"
[data]
train = "train.jsonl"
dev = "dev.jsonl"
test = "test.jsonl"
label = "{column}"
slices = ["part"]
[embedding]
dimensions = 16
dropout = 0.0
token_dropout = 0.0
[encoder]
kind = "bilstm"
hidden = 8
[decoder]
{more}
[training]
epochs = 4
learning_rate = 0.02
threads = 1
{gates}
""",
        encoding="utf-8",
    )
    return path
