"""Generate: a text written from a text, such as its translation or its summary."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.text.labels import Labels
from textwright.text.sentences import join_texts
from textwright.text.visible import make_line

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
        texts = [self.text, *(text for text, _ in self.others)]
        remark = "  (text was cut)" if self.truncated else ""
        remark += f"  {self.warning}" if self.warning else ""
        return "\t".join(map(make_line, texts)) + remark


def answers(written: NDArray[np.object_], _labels: Labels) -> list[GenerateAnswer]:
    """Give the answers [N, 1] as they were written; there are no labels."""
    return list(written[:, 0])


def join_answers(written: NDArray[np.object_], counts: Sequence[int]) -> NDArray[np.object_]:
    """Join the answers to the parts of texts into one a text, [N, 1].

    written: [P, 1], of the parts of all texts, in their order.
    counts:  of each text, its parts.
    The score is the parts' together; other answers than the best are those of no whole text.
    """
    joined = np.empty((len(counts), 1), dtype=object)
    parts = iter(written[:, 0])
    for row, count in enumerate(counts):
        answers = [next(parts) for _ in range(count)]
        joined[row, 0] = answers[0] if count == 1 else join_answer(answers)
    return joined


def join_answer(answers: Sequence[GenerateAnswer]) -> GenerateAnswer:
    """Join the answers to the parts of one text, in their order."""
    ended = all(each.finish_reason == "stop" for each in answers)
    return GenerateAnswer(
        join_texts([each.text for each in answers]),
        "stop" if ended else "length",
        sum(each.score for each in answers),
    )


def check_width(_width: object, _labels: Labels, _place: str, _hint: str) -> int:
    """Give how many answers there are to a text: one."""
    return 1
