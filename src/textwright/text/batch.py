"""Padded batches of token ids, and the order in which texts share one.

Shapes: B batch, T tokens, V vocabulary. A mask is True at real tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoding:
    """A text as a network takes it.

    ids:       [T] int64: token ids, or (encoder ``bag``) the slots of its n-grams.
    counts:    [T] float32: how often each n-gram stands in the text; None for tokens.
    offsets:   [T, 2] int64: first and one past the last code point of each token; None where
               there are no tokens.
    truncated: the text was longer than the recipe allows, and was cut.
    second:    where in ``ids`` the second text of a pair begins, if they are read at once and the
               network tells them apart.
    apart:     what is read one by one, of which ``ids`` holds all: the texts of a pair, or the
               parts of a long text.
    unknown:   id of what the tokenizer has no token for; -1: none.
    added:     tokens that the tokenizer adds to every text, and that say nothing about this one.
    """

    ids: NDArray[np.int64]
    counts: NDArray[np.float32] | None = None
    offsets: NDArray[np.int64] | None = None
    truncated: bool = False
    unknown: int = 1
    added: int = 0
    second: int | None = None
    apart: "tuple[Encoding, ...] | None" = None

    @property
    def texts(self) -> "tuple[Encoding, ...]":
        """What the network reads: this, or the texts of a pair or parts of a text, one by one."""
        return self.apart or (self,)


def join_pairs(texts: Sequence[Encoding]) -> list[Encoding]:
    """Join texts two by two: the first and the second, the third and the fourth."""
    return [
        Encoding(
            np.concatenate([first.ids, second.ids]),
            truncated=first.truncated or second.truncated,
            apart=(first, second),
        )
        for first, second in zip(texts[::2], texts[1::2], strict=True)
    ]


@dataclass(frozen=True)
class Batch:
    """Texts of different lengths in one array.

    ids:   [B, T] int64, 0 at padding.
    mask:  [B, T] bool, True at real tokens, at least one in every row.
    types: [B, T] int64, 1 from the second text of a pair on; None where no pair is read at once.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.bool_]
    types: NDArray[np.int64] | None = None

    @property
    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """The arrays under the input names of an exported network."""
        types = {} if self.types is None else {"types": self.types}
        return {"ids": self.ids, "mask": self.mask, **types}


@dataclass(frozen=True)
class BagBatch:
    """Texts as bags of n-grams.

    slots:  [B, T] int64, where each n-gram's weights are looked up; 0 at padding.
    counts: [B, T] float32, 0 at padding.
    """

    slots: NDArray[np.int64]
    counts: NDArray[np.float32]

    @property
    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """The arrays under the input names of an exported network."""
        return {"slots": self.slots, "counts": self.counts}


def make_batch(encodings: Sequence[Encoding]) -> Batch | BagBatch:
    """Pad encodings to their longest.

    A text without any token gets one [UNK] (id 1), so that every row has a real token.
    """
    width = max([1, *(len(each.ids) for each in encodings)])
    ids = np.zeros((len(encodings), width), dtype=np.int64)
    if encodings and encodings[0].counts is not None:
        return make_bag_batch(encodings, ids)
    mask = np.zeros((len(encodings), width), dtype=np.bool_)
    for row, each in enumerate(encodings):
        length = len(each.ids)
        ids[row, :length] = each.ids
        ids[row, 0] = each.ids[0] if length else 1
        mask[row, : max(length, 1)] = True
    return Batch(ids, mask, find_types([each.second for each in encodings], mask))


def find_types(seconds: Sequence[int | None], mask: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Give 1 from the place on where the second text of each pair begins, [B, T]; None for none."""
    if not any(each is not None for each in seconds):
        return None
    width = mask.shape[1]
    starts = np.array([width if each is None else each for each in seconds])
    return ((np.arange(width) >= starts[:, None]) & mask).astype(np.int64)


def make_bag_batch(encodings: Sequence[Encoding], slots: NDArray[np.int64]) -> BagBatch:
    """Fill ``slots`` [B, T], and counts of the same shape, from bags of n-grams."""
    counts = np.zeros(slots.shape, dtype=np.float32)
    for row, each in enumerate(encodings):
        slots[row, : len(each.ids)] = each.ids
        counts[row, : len(each.ids)] = each.counts
    return BagBatch(slots, counts)


def length_buckets(
    lengths: Sequence[int], batch_size: int, chance: "np.random.Generator | None" = None
) -> list[NDArray[np.int64]]:
    """Group positions so that texts of like length share a batch.

    lengths: tokens of each text.
    chance:  shuffles texts of equal length, and the batches; without it the order is by length.
    Returns arrays of positions, each of at most ``batch_size``; together every position once.
    """
    count = len(lengths)
    order = chance.permutation(count) if chance is not None else np.arange(count)
    order = order[np.argsort(np.asarray(lengths)[order], kind="stable")]
    batches = [order[start : start + batch_size] for start in range(0, count, batch_size)]
    if chance is not None:
        batches = [batches[each] for each in chance.permutation(len(batches))]
    return batches
