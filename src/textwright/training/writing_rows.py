"""What a network that writes learns from: texts, each with the text to write, or plain text.

Shapes: B batch, N rows, S source tokens, T tokens written. A mask is True at real tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textwright.text.batch import Batch, Encoding
from textwright.text.edges import NOTHING
from textwright.text.tokenizer import END
from textwright.training.rows import Rows, RowsOfTexts

Ints = NDArray[np.int64]

ALIKE = 4  # tokens: texts as near as this in length share batches, in an order drawn anew


@dataclass(frozen=True)
class WritingBatch:
    """What comes before each token to be told, beside the sources.

    told:   [B, T] int64, below 0 at padding.
    source: None where plain text is written on.
    """

    told: Ints
    source: Batch | None = None

    @property
    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """The arrays under the names by which the network takes them."""
        return {**(self.source.inputs if self.source else {}), "told": self.told}


@dataclass(frozen=True)
class WritingRows(Rows):
    """Encoded sources.

    targets: [N, T] int64, the tokens to write and what ends them, below 0 at padding.
    start:   what is written begins after it.
    """

    start: int = END

    def batch(self, rows: Ints) -> WritingBatch:  # type: ignore[override]
        """Pad the texts of some rows."""
        targets = self.targets[rows]
        longest = int((targets >= 0).sum(axis=1).max())
        told = np.full((len(rows), longest), self.start)
        told[:, 1:] = np.where(targets[:, 1:longest] >= 0, targets[:, : longest - 1], NOTHING)
        return WritingBatch(told, super().batch(rows))

    @cached_property
    def longest(self) -> Ints:
        """What texts of a batch have in common, [N]: about the tokens of source and of target."""
        written = (self.targets >= 0).sum(axis=1)
        most = -(-self.targets.shape[1] // ALIKE) + 1
        found: Ints = -(-self.lengths // ALIKE) * most + -(-written // ALIKE)
        return found


def pad_targets(targets: Sequence[Encoding], end: int = END) -> Ints:
    """Give the tokens to write as rows, [N, T] int64: ``end`` closes each that was not cut."""
    ends = [[*each.ids.tolist(), *([] if each.truncated else [end])] for each in targets]
    rows = np.full((len(ends), max(map(len, ends), default=1)), NOTHING)
    for row, each in zip(rows, ends, strict=True):
        row[: len(each)] = each
    return rows


@dataclass(frozen=True)
class TextRows(RowsOfTexts):
    """Plain text, cut into pieces of equal length.

    told:    [N, T] int64, the text, behind the token that it begins after.
    targets: [N, T] int64, the token after each; below 0 behind the last.
    """

    told: Ints
    targets: Ints
    texts: int = 1
    encodings: Sequence[Encoding] = ()

    def take(self, rows: Ints) -> "TextRows":
        """Give only some rows."""
        return replace(self, told=self.told[rows], targets=self.targets[rows])

    def batch(self, rows: Ints) -> WritingBatch:
        """Give the pieces at some rows."""
        return WritingBatch(self.told[rows])

    @cached_property
    def flat(self) -> Ints:  # type: ignore[override]
        """The text."""
        return self.told.ravel()

    @cached_property
    def lengths(self) -> Ints:  # type: ignore[override]
        """The tokens of each piece."""
        found: Ints = (self.told >= 0).sum(axis=1)
        return found


def cut_text(tokens: Ints, length: int, start: int = END) -> TextRows:
    """Cut a text that begins after ``start`` into pieces of ``length`` tokens, the last padded."""
    count = -(-len(tokens) // length)
    before = np.concatenate([[start], tokens[:-1]])[: len(tokens)]
    both = np.full((2, count * length), NOTHING)
    both[:, : len(tokens)] = before, tokens
    told, targets = both.reshape(2, count, length)
    return TextRows(told, targets)
