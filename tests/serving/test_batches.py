"""One batch: the oldest text, those of like length, and the budget."""

from typing import cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textwright.serving.batches import choose_batch
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Item, Ticket
from textwright.text.batch import Encoding


@given(lengths=st.lists(st.integers(0, 400), max_size=60))
def test_a_batch_holds_the_oldest_text_and_keeps_its_budget(lengths: list[int]) -> None:
    limits = BatchLimits(batch_items=8, batch_tokens=900)
    items = [made_item(length) for length in lengths]
    batch = choose_batch(items, limits)
    assert len(batch) == len({id(item) for item in batch})
    assert batch[:1] == items[:1]
    sizes = [item.tokens for item in batch]
    padded = len(sizes) * max(sizes, default=0)
    assert len(sizes) <= limits.batch_items
    assert len(sizes) <= 1 or padded <= limits.batch_tokens
    assert len(sizes) <= 1 or padded <= 1.125 * sum(sizes) + 32


def test_a_long_text_does_not_make_a_batch_of_short_ones_slow() -> None:
    short, long = [made_item(9) for _ in range(7)], made_item(100)
    assert choose_batch([*short, long], BatchLimits()) == short
    assert len(choose_batch([made_item(40), made_item(30)], BatchLimits())) == 2
    assert len(choose_batch([made_item(60), made_item(9)], BatchLimits())) == 1


def test_in_a_hurry_the_oldest_share_a_batch_whatever_their_length() -> None:
    items = [made_item(length) for length in (9, 100, 9, 9)]
    assert choose_batch(items, BatchLimits(batch_items=2), in_order=True) == items[:2]
    assert choose_batch(items, BatchLimits(batch_items=2)) == [items[0], items[2]]
    assert choose_batch(items, BatchLimits(batch_tokens=150), in_order=True) == [
        items[0], items[2], items[3]
    ]  # fmt: skip


def made_item(length: int) -> Item:
    """Give an encoded text; choosing a batch never looks at the ticket."""
    encoding = Encoding(np.ones(length, dtype=np.int64))
    return Item(cast(Ticket, None), 0, "", encoding)
