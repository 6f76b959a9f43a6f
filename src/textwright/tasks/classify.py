"""Classify: one label a text, or (multi-label) any number of them.

Shapes: N texts, L labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import ArtifactError
from textwright.text.labels import Labels

OUTPUT = "logits"  # of the network, [N, L] float
COUNTED = False  # no answer says how many tokens were read for it
PAIRED = False  # an input is one text
TOP = 5  # scores given with an answer, best first
CHOSEN = 0.5  # probability from which a label of a multi-label answer holds


@dataclass(frozen=True)
class ClassifyAnswer:
    """What a model says of one text.

    label:     the most probable label, also when the model abstains.
    score:     its calibrated probability, 0 to 1.
    scores:    the most probable labels with theirs, best first, at most five.
    abstained: the score is below the model's threshold: do not act on the label.
    labels:    every label that holds (multi-label), else None.
    truncated: the text was cut to what the model reads.
    warning:   what else the reader should know, or empty.
    """

    label: str
    score: float
    scores: dict[str, float]
    abstained: bool
    labels: tuple[str, ...] | None = None
    truncated: bool = False
    warning: str = ""

    def table(self) -> dict[str, Any]:
        """Give the answer as it goes over the wire; what does not apply is left out."""
        values = vars(self)  # asdict would copy it all, for each answer served
        optional = {"labels": None, "truncated": False, "warning": ""}
        return {key: each for key, each in values.items() if each != optional.get(key, ...)}

    def agrees(self, other: object) -> bool:
        """Whether another answer would have one do the same."""
        return isinstance(other, ClassifyAnswer) and (
            (self.label, self.abstained, self.labels)
            == (other.label, other.abstained, other.labels)
        )

    def line(self) -> str:
        """Give the answer as one line to read."""
        label = ", ".join(self.labels) if self.labels is not None else self.label
        remark = "  (abstains)" if self.abstained else ""
        remark += "  (text was cut)" if self.truncated else ""
        remark += f"  {self.warning}" if self.warning else ""
        return f"{label}\t{self.score:.4f}{remark}"


def probabilities(logits: NDArray[np.float32], labels: Labels) -> NDArray[np.float64]:
    """Calibrated probabilities, [N, L] float, from a network's raw scores of that shape.

    Rows sum to 1, or (multi-label) each number stands for itself.
    """
    scaled = logits.astype(np.float64) / labels.temperature
    if labels.multi:
        positive: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(scaled, -500, 500)))
        return positive
    shifted = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    softmax: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return softmax


def answers(logits: NDArray[np.float32], labels: Labels) -> list[ClassifyAnswer]:
    """Turn a network's raw scores [N, L] into answers, in the same order."""
    return [answer(row, labels) for row in probabilities(logits, labels)]


def answer(row: NDArray[np.float64], labels: Labels) -> ClassifyAnswer:
    """Turn one text's probabilities [L] into its answer; equal ones go by label order."""
    order = np.argsort(-row, kind="stable")[:TOP]
    best = int(order[0])
    held = None
    if labels.multi:
        held = tuple(labels.names[each] for each in np.flatnonzero(row >= CHOSEN))
    return ClassifyAnswer(
        label=labels.names[best],
        score=float(row[best]),
        scores={labels.names[each]: float(row[each]) for each in order},
        abstained=bool(row[best] < labels.threshold),
        labels=held,
    )


def check_width(width: object, labels: Labels, place: str, hint: str) -> int:
    """Give the number of labels; raises ArtifactError for a network that scores another number.

    width: as the network declares it, a number or not. place: its file; hint: what to do then.
    """
    if isinstance(width, int) and width != len(labels.names):
        what = f"{place} scores {width} labels, labels.json has {len(labels.names)}."
        raise ArtifactError(what, hint)
    return len(labels.names)
