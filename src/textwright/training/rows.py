"""What a network learns from: encoded texts, or what a frozen encoder made of them.

Shapes: B batch, N rows, T tokens, D width, L labels. A mask is True at real tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.text.batch import Batch, Encoding, find_types


class RowsOfTexts:
    """Rows of one text each, or of several that are read apart, one after the other.

    targets: [N, L] float32, 1 where the label holds; a zero row belongs to no class.
    texts:   of a row: 1, or 2 for pairs.
    flat:    what is known of the tokens of all texts, one after the other.
    lengths: [N texts] int64, the tokens of each text, at least one.
    """

    targets: NDArray[Any]
    texts: int
    flat: NDArray[np.generic]
    lengths: NDArray[np.int64]

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the places of the texts of some rows."""
        found: NDArray[np.int64] = (rows[:, None] * self.texts + np.arange(self.texts)).ravel()
        return found

    def tokens(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Say where in ``flat`` the tokens of the texts at some places stand, text by text."""
        lengths = self.lengths[places]
        within: NDArray[np.int64] = np.arange(lengths.sum())
        within -= np.repeat(np.cumsum(lengths) - lengths, lengths)
        return within + np.repeat(self.starts[places], lengths)

    @cached_property
    def longest(self) -> NDArray[np.int64]:
        """The tokens of the longest text of each row, [N]."""
        found: NDArray[np.int64] = self.lengths.reshape(-1, self.texts).max(axis=1)
        return found

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each text begins in ``flat``."""
        return np.cumsum(self.lengths) - self.lengths


@dataclass(frozen=True)
class Rows(RowsOfTexts):
    """Encoded texts with their truth; the encodings of a row stand one after the other."""

    encodings: Sequence[Encoding]
    targets: NDArray[Any]
    texts: int = 1

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Give only some rows."""
        kept = [self.encodings[each] for each in self.places(rows).tolist()]
        return replace(self, encodings=kept, targets=self.targets[rows])

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Pad the texts of some rows, as ``make_batch`` does, without a loop over them."""
        places = self.places(rows)
        lengths = self.lengths[places][:, None]
        mask = np.arange(lengths.max()) < lengths  # [B, T]
        ids = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = self.flat[self.tokens(places)]
        return Batch(ids, mask, find_types([self.encodings[each].second for each in places], mask))

    @cached_property
    def flat(self) -> NDArray[np.int64]:  # type: ignore[override]
        """The ids of all texts; one without a token is a single [UNK]."""
        unknown = np.ones(1, dtype=np.int64)
        texts = [each.ids if len(each.ids) else unknown for each in self.encodings]
        return np.concatenate(texts) if texts else unknown

    @cached_property
    def lengths(self) -> NDArray[np.int64]:  # type: ignore[override]
        """The tokens of each text."""
        return np.array([max(len(each.ids), 1) for each in self.encodings], dtype=np.int64)


@dataclass(frozen=True)
class StateBatch:
    """The states of some texts, side by side.

    states: [B, T, D] float32, 0 at padding.
    mask:   [B, T] bool, at least one True in every row.
    """

    states: NDArray[np.float32]
    mask: NDArray[np.bool_]

    @property
    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by the names under which a decoder takes them."""
        return {"states": self.states, "mask": self.mask}


@dataclass(frozen=True)
class StateRows(RowsOfTexts):
    """What a frozen encoder made of texts, with their truth; flat is [tokens, D] float32."""

    flat: NDArray[np.float32]
    lengths: NDArray[np.int64]
    targets: NDArray[np.float32]
    texts: int = 1

    def take(self, rows: NDArray[np.int64]) -> "StateRows":
        """Give only some rows."""
        places = self.places(rows)
        flat, lengths = self.flat[self.tokens(places)], self.lengths[places]
        return replace(self, flat=flat, lengths=lengths, targets=self.targets[rows])

    def batch(self, rows: NDArray[np.int64]) -> StateBatch:
        """Pad the states of the texts of some rows."""
        places = self.places(rows)
        lengths = self.lengths[places][:, None]
        mask = np.arange(lengths.max()) < lengths  # [B, T]
        states = np.zeros((*mask.shape, self.flat.shape[1]), dtype=np.float32)
        states[mask] = self.flat[self.tokens(places)]
        return StateBatch(states, mask)
