"""What a model's outputs mean: labels and their order, the scale of a score, or written texts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textwright.errors import ArtifactError, DataError


@dataclass(frozen=True)
class Labels:
    """The classes a model knows, in the order of its scores.

    multi:       each label is its own yes or no; else exactly one holds.
    temperature: what the raw scores are divided by before they become probabilities; chosen
                 on dev rows (Guo et al. 2017, section 4.2).
    threshold:   the model abstains when its best probability is below this; 0: never.
    """

    names: tuple[str, ...]
    multi: bool = False
    temperature: float = 1.0
    threshold: float = 0.0

    @property
    def index(self) -> dict[str, int]:
        """The position of each label."""
        return {name: position for position, name in enumerate(self.names)}

    def targets(self, labels: Iterable[tuple[str, ...]]) -> NDArray[np.float32]:
        """Give the truth as numbers, [N, L] float: 1 where the label holds.

        Labels that the model does not know have no column, so their rows stay zero.
        """
        rows = list(labels)
        index = self.index
        targets = np.zeros((len(rows), len(self.names)), dtype=np.float32)
        for row, names in enumerate(rows):
            for name in names:
                if name in index:
                    targets[row, index[name]] = 1.0
        return targets


GRADES = 5  # steps that a scale without whole grades is taken to have


@dataclass(frozen=True)
class Scale(Labels):
    """What the score of a pair of texts means.

    kind:  regression, graded (whole numbers in their order) or binary.
    names: the grades, or the two labels, of which the second is 1; none for regression.
    low, high: the least and the greatest label of the training rows; 0 and 1 for binary.
    threshold: the score from which a binary label holds.
    """

    kind: str = "regression"
    low: float = 0.0
    high: float = 1.0

    @property
    def tolerance(self) -> float:
        """Half a grade: what a score may be off and still be right."""
        return 0.5 if self.kind == "graded" else (self.high - self.low) / GRADES / 2

    def read(self, label: str) -> float:
        """Give a label as a number; NaN for one that this scale does not know."""
        if self.kind == "binary":
            return float(self.names.index(label)) if label in self.names else float("nan")
        try:
            return float(label)
        except ValueError:  # rows of another version's scale
            return float("nan")


@dataclass(frozen=True)
class TextMetrics(Labels):
    """By which metric texts that were written are scored.

    metrics: ``bleu``, ``rouge`` or ``accuracy``, by the task that a row is of; a model of one
             task calls it "".
    column:  the slice that names a row's task; empty where there is one.
    """

    metrics: Mapping[str, str] = field(default_factory=lambda: {"": "bleu"})
    column: str = ""

    def find(self, slices: Mapping[str, str]) -> str:
        """Give the metric of a row, empty where its task is not known.

        slices: its columns to report by.
        """
        return self.metrics.get(slices.get(self.column, ""), "")


def find_scale(labels: Iterable[str], kind: str) -> Scale:
    """Find the scale of the training rows' labels.

    Raises DataError when all are the same, or a binary label has not just two values.
    """
    found = set(labels)
    if len(found) < 2:
        what = f"All training rows have the label {next(iter(found))!r}."
        raise DataError(what, "There is nothing to learn from one label: give rows of others.")
    if kind == "binary":
        if len(found) > 2:
            what = f"The training rows have {len(found)} labels, binary labels are two."
            raise DataError(what, 'Write labels = "graded" or "regression" in [decoder].')
        return Scale(tuple(sorted(found)), threshold=0.5, kind=kind)
    numbers = [float(each) for each in found]
    low, high = min(numbers), max(numbers)
    if low == high:
        what = f"All training rows have the label {low:g}."
        raise DataError(what, "There is nothing to learn from one label: give rows of others.")
    names = [str(each) for each in range(int(low), int(high) + 1)] if kind == "graded" else []
    return Scale(tuple(names), kind=kind, low=low, high=high)


def find_labels(labels: Iterable[tuple[str, ...]], *, multi: bool = False) -> Labels:
    """Collect the label names of the training rows, sorted.

    Raises DataError when there are fewer than two: nothing can be learned from one class.
    """
    names = sorted({name for row in labels for name in row})
    least = 1 if multi else 2
    if len(names) < least:
        found = f"only the label {names[0]!r}" if names else "no label"
        raise DataError(
            f"The training rows hold {found}.", "A classifier needs at least two classes."
        )
    return Labels(tuple(names), multi)


def write_labels(labels: Labels, path: Path) -> None:
    """Write ``labels.json``."""
    path.write_text(json.dumps(asdict(labels), ensure_ascii=False, indent=1), encoding="utf-8")


def read_labels(path: Path) -> Labels:
    """Read ``labels.json``; raises ArtifactError when it is not one."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        temperature, threshold = float(table["temperature"]), float(table["threshold"])
        plain = (tuple(table["names"]), bool(table["multi"]), temperature, threshold)
        if "metrics" in table:
            return TextMetrics(*plain, dict(table["metrics"]), str(table["column"]))
        if "kind" not in table:
            return Labels(*plain)
        return Scale(*plain, str(table["kind"]), float(table["low"]), float(table["high"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}.", "Train the model again.") from error
