"""The exported network exchanged for one quantized to 8-bit integers, if dev says it is as good."""

from dataclasses import asdict, dataclass
from pathlib import Path

import onnx

from textwright.errors import DataError, ExportError
from textwright.networks.int8 import quantize
from textwright.recipe.parts import PretrainedSettings
from textwright.recipe.recipe import Recipe
from textwright.runtime.artifact import NETWORK, STEP
from textwright.tasks.measures import find_measures
from textwright.text.examples import Dataset
from textwright.training.evaluate import evaluate
from textwright.training.export import write_file
from textwright.training.measure import calibrate_answerer

NOWHERE = 'Give dev rows with labels in [data], or write export = "fp32" in [encoder].'


@dataclass(frozen=True)
class Quantized:
    """What the exchange cost: the score on dev before and after, and the bytes of both forms."""

    metric: str
    fp32: float
    int8: float
    fp32_bytes: int
    int8_bytes: int


def quantize_network(recipe: Recipe, dev: Dataset, folder: Path) -> dict[str, object]:
    """Exchange the networks of an artifact under way, and give what it cost, for the report.

    Both are calibrated and scored on all dev rows, by the files that are served.
    Raises DataError for dev rows without a score, ExportError for a loss above
    ``encoder.export_loss``: the networks are then those before.
    """
    assert isinstance(recipe.encoder, PretrainedSettings)
    paths = [each for each in (folder / NETWORK, folder / STEP) if each.exists()]
    whole = [each.read_bytes() for each in paths]
    metric, before = score_dev(recipe, dev, folder)
    small = [
        quantize(each).SerializeToString(deterministic=True)
        for each in map(onnx.load_from_string, whole)
    ]
    for path, content in zip(paths, small, strict=True):
        write_file(path, content)
    _, after = score_dev(recipe, dev, folder)
    if not before - after <= recipe.encoder.export_loss:
        for path, content in zip(paths, whole, strict=True):
            write_file(path, content)
        what = f"As int8 the model loses {before - after:.4f} of its {metric} on dev, {before:.4f}."
        raise ExportError(what, 'Raise encoder.export_loss, or write export = "fp32" there.')
    return asdict(Quantized(metric, before, after, sum(map(len, whole)), sum(map(len, small))))


def score_dev(recipe: Recipe, dev: Dataset, folder: Path) -> tuple[str, float]:
    """Give name and value of the first metric on dev; raises DataError where it has none."""
    if not dev.examples:
        raise DataError("There are no dev rows to measure on what int8 loses.", NOWHERE)
    answerer = calibrate_answerer(recipe, dev, folder)
    metric = find_measures(recipe.task).headline(answerer.labels)
    found = evaluate(answerer, dev.examples).metrics
    if metric not in found:
        raise DataError(f"The dev rows have no {metric} to measure what int8 loses.", NOWHERE)
    return metric, float(found[metric])
