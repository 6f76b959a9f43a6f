"""Match: how alike two texts are, on the scale of the labels it learned from.

Shapes: N pairs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import ArtifactError
from textwright.text.labels import Labels, Scale

OUTPUT = "score"  # of the network, [N, 1] float
COUNTED = False  # no answer says how many tokens were read for it
PAIRED = True  # an input is two texts


@dataclass(frozen=True)
class MatchAnswer:
    """What a model says of one pair of texts.

    score:     on the scale of the labels; of binary ones the probability of the second.
    label:     the nearest grade, or the binary label; None where any number is a label.
    tolerance: half a grade: what two scores may differ by and say the same.
    truncated: a text was cut to what the model reads.
    warning:   what else the reader should know, or empty.
    """

    score: float
    label: str | None = None
    tolerance: float = 0.0
    truncated: bool = False
    warning: str = ""

    def table(self) -> dict[str, Any]:
        """Give the answer as it goes over the wire; what does not apply is left out."""
        table: dict[str, Any] = {"score": self.score}
        if self.label is not None:
            table["label"] = self.label
        if self.truncated:
            table["truncated"] = True
        if self.warning:
            table["warning"] = self.warning
        return table

    def line(self) -> str:
        """Give the answer as one line to read."""
        label = "" if self.label is None else f"{self.label}\t"
        remark = "  (a text was cut)" if self.truncated else ""
        remark += f"  {self.warning}" if self.warning else ""
        return f"{label}{self.score:.4f}{remark}"

    def agrees(self, other: object) -> bool:
        """Whether another answer would have one do the same."""
        if not isinstance(other, MatchAnswer):
            return False
        if self.label is not None:
            return self.label == other.label
        return abs(self.score - other.score) <= self.tolerance


def read_scores(outputs: NDArray[np.float32], scale: Scale) -> NDArray[np.float64]:
    """Bring a network's outputs [N, 1] to the scale of the labels, [N, 1].

    Numbers may lie a little beyond the ends of the scale; binary ones are calibrated
    probabilities.
    """
    wide = outputs.astype(np.float64)
    if scale.kind == "binary":
        return 1 / (1 + np.exp(-np.clip(wide / scale.temperature, -500, 500)))
    scores: NDArray[np.float64] = scale.low + wide * (scale.high - scale.low)
    return scores


def answer(score: float, scale: Scale) -> MatchAnswer:
    """Turn one score into an answer, held within the scale."""
    held = min(max(score, scale.low), scale.high)
    return MatchAnswer(held, find_label(score, scale), scale.tolerance)


def find_label(score: float, scale: Scale) -> str | None:
    """Give the label that a score stands for; None where any number is one."""
    if scale.kind == "binary":
        return scale.names[int(score >= scale.threshold)]
    if scale.kind == "graded":
        place = round(score - scale.low)
        return scale.names[min(max(place, 0), len(scale.names) - 1)]
    return None


def answers(outputs: NDArray[np.float32], labels: Labels) -> list[MatchAnswer]:
    """Turn a network's outputs [N, 1] into answers, in the same order."""
    assert isinstance(labels, Scale)
    return [answer(score, labels) for score in read_scores(outputs, labels)[:, 0].tolist()]


def check_width(width: object, labels: Labels, place: str, hint: str) -> int:
    """Give the width of the outputs, 1; raises ArtifactError for another, or labels of none."""
    if width != 1 or not isinstance(labels, Scale):
        raise ArtifactError(f"{place} and labels.json are not those of one score a pair.", hint)
    return 1
