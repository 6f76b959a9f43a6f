"""Padded batches and length buckets."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textwright.text.batch import (
    BagBatch,
    Batch,
    Encoding,
    length_buckets,
    make_batch,
)


def encoding(*ids: int) -> Encoding:
    return Encoding(np.array(ids, dtype=np.int64))


def test_texts_are_padded_to_the_longest() -> None:
    batch = make_batch([encoding(5, 6, 7), encoding(8)])

    assert isinstance(batch, Batch)
    assert batch.ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch.mask.tolist() == [[True, True, True], [True, False, False]]
    assert set(batch.inputs) == {"ids", "mask"}


def test_a_text_without_tokens_shows_one_unknown() -> None:
    batch = make_batch([encoding(), encoding(4, 5)])

    assert isinstance(batch, Batch)
    assert batch.ids.tolist() == [[1, 0], [4, 5]]
    assert batch.mask.any(axis=1).all()


def test_bags_carry_counts_and_padding_counts_nothing() -> None:
    first = Encoding(np.array([3, 9]), counts=np.array([1.0, 2.0], dtype=np.float32))
    empty = Encoding(np.array([], dtype=np.int64), counts=np.array([], dtype=np.float32))

    batch = make_batch([first, empty])

    assert isinstance(batch, BagBatch)
    assert batch.slots.tolist() == [[3, 9], [0, 0]]
    assert batch.counts.tolist() == [[1.0, 2.0], [0.0, 0.0]]
    assert set(batch.inputs) == {"slots", "counts"}


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 9), st.booleans())
def test_buckets_hold_every_text_once_and_like_lengths_together(
    lengths: list[int], size: int, shuffled: bool
) -> None:
    buckets = length_buckets(lengths, size, np.random.default_rng(0) if shuffled else None)

    assert sorted(each for bucket in buckets for each in bucket) == list(range(len(lengths)))
    assert all(len(bucket) <= size for bucket in buckets)
    spans = sorted((min(lengths[i] for i in b), max(lengths[i] for i in b)) for b in buckets)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


def test_the_same_chance_gives_the_same_order() -> None:
    lengths = [3, 1, 2, 2, 5, 4, 1] * 5

    first = length_buckets(lengths, 4, np.random.default_rng(7))
    again = length_buckets(lengths, 4, np.random.default_rng(7))

    assert [each.tolist() for each in first] == [each.tolist() for each in again]
