"""Generate: a text written from a text, such as its translation or its summary."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.text.labels import Labels

OUTPUT = "written"  # of the network, [N, 1] answers
COUNTED = False  # no answer says how many tokens were read for it
PAIRED = False  # an input is one text


@dataclass(frozen=True)
class GenerateAnswer:
    """What a model wrote for one text.

    finish_reason: ``stop`` where it came to an end, ``length`` where it was cut.
    score:     by which it was chosen among others, in nats: 0 at most, larger is better.
    others:    the next best texts with their scores, if they were asked for.
    truncated: the text read was cut to what the model reads.
    warning:   what else the reader should know, or empty.
    """

    text: str
    finish_reason: str
    score: float
    others: tuple[tuple[str, float], ...] = ()
    truncated: bool = False
    warning: str = ""

    def table(self) -> dict[str, Any]:
        """Give the answer as it goes over the wire; what does not apply is left out."""
        table: dict[str, Any] = {
            "text": self.text,
            "finish_reason": self.finish_reason,
            "score": self.score,
        }
        if self.others:
            table["others"] = [{"text": text, "score": score} for text, score in self.others]
        if self.truncated:
            table["truncated"] = True
        if self.warning:
            table["warning"] = self.warning
        return table

    def agrees(self, other: object) -> bool:
        """Whether another answer would have one read the same."""
        return isinstance(other, GenerateAnswer) and self.text == other.text

    def line(self) -> str:
        """Give the answer as one line to read, the next best texts behind tabs."""
        return "\t".join([self.text, *(text for text, _ in self.others)])


def answers(written: NDArray[np.object_], _labels: Labels) -> list[GenerateAnswer]:
    """Give the answers [N, 1] as they were written; there are no labels."""
    return list(written[:, 0])


def check_width(_width: object, _labels: Labels, _place: str, _hint: str) -> int:
    """Give how many answers there are to a text: one."""
    return 1
