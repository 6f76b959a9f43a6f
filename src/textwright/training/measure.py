"""Measure a trained model, calibrate it, and complete its artifact."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textwright.manifest import canonical_json
from textwright.recipe.recipe import Recipe
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact, seal
from textwright.tasks.measures import find_measures
from textwright.text.examples import Dataset
from textwright.text.labels import write_labels
from textwright.text.splits import Splits, find_leaks
from textwright.training.baseline import score_baselines
from textwright.training.card import write_card
from textwright.training.copied import measure_copies
from textwright.training.evaluate import (
    Evaluation,
    evaluate,
    score_without_leaks,
)

MLMODEL = """\
# Lets mlflow.pyfunc.load_model open this folder where textwright is installed.
flavors:
  python_function:
    loader_module: textwright.mlflow_model
"""


@dataclass(frozen=True)
class Measured:
    """What was measured of a model.

    report: the content of ``metrics.json``.
    test:   its answers to the test rows; None without a test set.
    """

    report: dict[str, Any]
    test: Evaluation | None


def calibrate_answerer(recipe: Recipe, dev: Dataset, folder: Path) -> Answerer:
    """Choose on dev rows what turns outputs into answers, and write it into ``labels.json``.

    Returns what answers with them, from the files of the folder alone.
    """
    seal(folder)
    plain = Answerer(open_artifact(folder, verify=False), threads=recipe.training.threads)
    measures = find_measures(recipe.task)
    labels = measures.calibrate(plain.outputs, dev.examples, plain.labels, recipe)
    write_labels(labels, folder / "labels.json")
    seal(folder)
    return Answerer(open_artifact(folder, verify=False), threads=recipe.training.threads)


def measure(recipe: Recipe, splits: Splits, answerer: Answerer) -> Measured:
    """Score a calibrated model on dev and test, beside the baselines."""
    labels = answerer.labels
    dev = evaluate(answerer, splits.dev.examples)
    report: dict[str, Any] = {
        "data": describe_data(splits),
        "temperature": labels.temperature,
        "threshold": labels.threshold,
        "dev": {name: each for name, each in dev.metrics.items() if isinstance(each, float)},
    }
    if splits.test is None:
        return Measured(report, None)
    test = evaluate(answerer, splits.test.examples)
    leaked = find_leaks(splits, lines=recipe.task == "language")
    report |= {"test": test.metrics, "leaked_rows": sum(leaked)}
    if any(leaked):
        clean = score_without_leaks(recipe.task, test.scores, splits.test, leaked, labels)
        report["without_leaks"] = clean
    report |= score_baselines(recipe, splits.train, splits.test, labels)
    if recipe.form.label == "text":
        report["copied"] = measure_copies(
            [str(each) for each in test.scores[:, 0]],
            [each.plain for each in splits.test.examples],
            (each.labels[0] for each in splits.train.examples),
        )
    return Measured(report, test)


def describe_data(splits: Splits) -> dict[str, Any]:
    """Name each part's rows, what was dropped, and the digest of the rest."""
    parts = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    return {
        name: {
            "rows": len(part.examples),
            "dropped": dict(part.dropped),
            "digest": part.digest,
            "columns": list(part.columns),
            "source": Path(part.source).name,
        }
        for name, part in parts.items()
        if part is not None
    }


def complete_artifact(
    recipe: Recipe, report: Mapping[str, Any], profile: Mapping[str, Any], folder: Path
) -> str:
    """Write metrics, profile, card and MLmodel, seal the folder, and return its address."""
    (folder / "metrics.json").write_bytes(canonical_json(dict(report)))
    (folder / "profile.json").write_bytes(canonical_json(dict(profile)))
    (folder / "card.md").write_text(write_card(recipe, report), encoding="utf-8")
    (folder / "MLmodel").write_text(MLMODEL, encoding="utf-8")
    return seal(folder)
