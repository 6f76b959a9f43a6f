"""Language: how likely a text is, and how it goes on."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.tasks.generate import GenerateAnswer
from textwright.text.labels import Labels

OUTPUT = "written"  # of the network, [N, 1] answers
COUNTED = False  # no answer says how many tokens were read for it
PAIRED = False  # an input is one text


@dataclass(frozen=True)
class LanguageScore:
    """How well a model predicts one text.

    nats:       minus its log-probability, the end of each line included.
    tokens:     read for it; characters: of it, as they are read. The end of a line counts as one
                of each.
    unknown:    tokens that the model has no name for, and so predicts too easily.
    What has neither tokens nor characters, such as an empty text, costs nothing.
    """

    nats: float
    tokens: int
    characters: int
    unknown: int = 0

    @property
    def perplexity(self) -> float:
        """Among how many equally likely tokens one would be as hard to tell."""
        return math.exp(min(self.nats / (self.tokens or 1), 700.0))

    @property
    def bits_per_character(self) -> float:
        """Bits that each character costs, whatever the tokens are."""
        return self.nats / (self.characters or 1) / math.log(2)

    def table(self) -> dict[str, Any]:
        """Give all of it under its names."""
        names = ("perplexity", "bits_per_character", "nats", "tokens", "characters", "unknown")
        return {name: getattr(self, name) for name in names}

    def line(self) -> str:
        """Give the score as one line to read."""
        figures = (
            f"{self.bits_per_character:.4f} bits a character\tperplexity {self.perplexity:.2f}"
        )
        remark = f"  ({self.unknown} of {self.tokens} tokens are unknown)" if self.unknown else ""
        return figures + remark


def answers(written: NDArray[np.object_], _labels: Labels) -> list[GenerateAnswer]:
    """Give the answers [N, 1] as they were written; there are no labels."""
    return list(written[:, 0])


def check_width(_width: object, _labels: Labels, _place: str, _hint: str) -> int:
    """Give how many answers there are to a text: one."""
    return 1
