"""Embed: a vector for each text, so that texts of like meaning lie close together.

Shapes: N texts, D width.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import ArtifactError
from textwright.text.labels import Labels

OUTPUT = "vectors"  # of the network, [N, D] float
COUNTED = True  # an answer says how many tokens were read for it
PAIRED = False  # an input is one text
ZEROS = "The vector is all zeros: no word of the text has one."


@dataclass(frozen=True, eq=False)  # arrays have no plain yes or no to being equal
class EmbedAnswer:
    """What a model makes of one text.

    vector:    [D] float, as the network gives it.
    tokens:    that were read for it; it does not go over the wire with the answer.
    truncated: the text was cut to what the model reads.
    warning:   what else the reader should know, or empty.
    """

    vector: NDArray[np.float32]
    tokens: int = 0
    truncated: bool = False
    warning: str = ""

    def table(self) -> dict[str, Any]:
        """Give the answer as it goes over the wire; what does not apply is left out."""
        table: dict[str, Any] = {"vector": self.vector.tolist()}
        if self.truncated:
            table["truncated"] = True
        if self.warning:
            table["warning"] = self.warning
        return table

    def agrees(self, _other: object) -> bool:
        """Whether another answer would have one do the same: a vector alone says nothing to do."""
        return True

    def line(self) -> str:
        """Give the answer as one line to read."""
        return " ".join(f"{each:.6g}" for each in self.vector)


def answers(vectors: NDArray[np.float32], _labels: Labels) -> list[EmbedAnswer]:
    """Turn a network's vectors [N, D] into answers, in the same order; there are no labels."""
    return [EmbedAnswer(row, warning="" if row.any() else ZEROS) for row in vectors]


def check_width(width: object, _labels: Labels, place: str, hint: str) -> int:
    """Give the width of the vectors; raises ArtifactError when the network does not declare it."""
    if not isinstance(width, int) or width < 1:
        raise ArtifactError(f"{place} gives vectors of {width} numbers.", hint)
    return width


def shorten(vector: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """Keep the first numbers of a vector, and bring it to length 1; all zeros stay so.

    dimensions: from 1 to the width of the vector.
    """
    kept = vector[:dimensions]
    length = np.linalg.norm(kept)
    shortened: NDArray[np.float32] = kept / length if length > 0 else kept
    return shortened
