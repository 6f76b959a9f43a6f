"""All pictures of a run, next to its held-out answers."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from textwright.text.examples import Dataset
from textwright.training.evaluate import Evaluation
from textwright.training.history import EpochRecord
from textwright.training.plots import plot_confusion, plot_curves, plot_reliability


def draw_run(
    epochs: Sequence[EpochRecord],
    test: tuple[Dataset, Evaluation] | None,
    names: Sequence[str],
    folder: Path,
) -> None:
    """Draw learning curves, confusion matrix and reliability diagram, where there are such.

    test: the test rows and the answers to them; a model without a test set has curves only.
    """
    plot_curves([asdict(each) for each in epochs], folder / "curves.png")
    if test is None or "confusion" not in test[1].metrics:
        return
    rows, found = test
    table = np.array(found.metrics["confusion"], dtype=np.int64)
    plot_confusion(table, names, folder / "confusion.png")
    index = {name: place for place, name in enumerate(names)}
    gold = np.array(
        [index.get(each.labels[0], -1) if each.labels else -2 for each in rows.examples]
    )
    scored = gold != -2
    right = found.scores.argmax(axis=1) == gold
    plot_reliability(found.scores.max(axis=1)[scored], right[scored], folder / "reliability.png")
