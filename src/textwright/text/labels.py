"""The labels of a task: names, their order, and what the scores mean."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
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
        scale, threshold = float(table["temperature"]), float(table["threshold"])
        return Labels(tuple(table["names"]), bool(table["multi"]), scale, threshold)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}.", "Train the model again.") from error
