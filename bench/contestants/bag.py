"""Ours: the n-gram linear model, from texts in memory to weights."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from textwright.recipe.parts import BagSettings
from textwright.recipe.training import LinearTrainingSettings
from textwright.text.labels import Labels, find_labels
from textwright.vectors.linear import LinearModel, train_linear


def train(job: dict[str, Any], texts: list[str], names: list[str]) -> tuple[LinearModel, Labels]:
    """Train with the settings of a job."""
    rows = [(name,) for name in names]
    labels = find_labels(rows)
    model = train_linear(
        texts,
        labels.targets(rows),
        multi=False,
        bag=BagSettings(**job["encoder"]),
        training=LinearTrainingSettings(**job["training"]),
    )
    return model, labels


def main() -> None:
    """Train on the job's rows; prints seconds, those of the first training, and accuracy.

    The first training is of a few rows: in a fresh process it loads the compiled code, and with
    an empty cache it compiles it.
    """
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    texts, names = job["train"]["texts"], job["train"]["labels"]
    start = time.perf_counter()
    few = [names.index(name) for name in sorted(set(names))]
    train(job, [texts[each] for each in few], [names[each] for each in few])
    warm = time.perf_counter()
    model, labels = train(job, texts, names)
    end = time.perf_counter()
    best = model.score(job["test"]["texts"], threads=2).argmax(axis=1)
    right = np.array([labels.names[each] for each in best]) == np.array(job["test"]["labels"])
    first = warm - start
    print(json.dumps({"seconds": end - warm, "first": first, "accuracy": float(right.mean())}))


if __name__ == "__main__":
    main()
