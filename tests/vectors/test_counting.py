"""The compiled counter finds what ``text/ngrams.py`` finds."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textwright.recipe.parts import BagSettings
from textwright.text.ngrams import encode_bags
from textwright.vectors.counting import Counts, count_corpus, share_texts

SHAPES = [
    BagSettings(buckets=1 << 14),
    BagSettings(word_ngrams=3, max_character_ngram=0, buckets=1 << 10),
    BagSettings(
        word_ngrams=1, min_character_ngram=1, max_character_ngram=8, lowercase=False, buckets=1024
    ),
    BagSettings(
        word_ngrams=4,
        min_character_ngram=3,
        max_character_ngram=2,
        max_characters=7,
        buckets=1 << 14,
    ),
]
TEXTS = [
    "",
    "我的card丢了, where?",
    "ＣＡＲＤ　５",
    " ",
    "a\U0001f600b\U00020000",
    "Hello hello " * 9,
]


def bags(counts: Counts) -> list[list[tuple[int, int]]]:
    """Give each text's slots with their counts, sorted."""
    pairs = np.stack([counts.slots, counts.counts], axis=1).tolist()
    bounds = counts.bounds.tolist()
    return [sorted((slot, count) for slot, count in pairs[a:b]) for a, b in pairwise(bounds)]


def reference(texts: list[str], bag: BagSettings) -> list[list[tuple[int, int]]]:
    """Give the same from the numpy form."""
    return [
        [(int(slot), int(count)) for slot, count in zip(each.ids, each.counts, strict=True)]
        for each in encode_bags(texts, bag)
        if each.counts is not None
    ]


@pytest.mark.parametrize("bag", SHAPES)
def test_both_forms_give_exactly_the_same_slots(bag: BagSettings) -> None:
    assert bags(count_corpus(TEXTS, bag, threads=1)) == reference(TEXTS, bag)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=40), max_size=6), st.sampled_from(SHAPES))
def test_both_forms_agree_on_any_text(texts: list[str], bag: BagSettings) -> None:
    assert bags(count_corpus(texts, bag, threads=2)) == reference(texts, bag)


def test_threads_change_nothing() -> None:
    texts = [*TEXTS, "x" * 500, "card lost"]
    one, three = (count_corpus(texts, BagSettings(), threads=each) for each in (1, 3))

    assert one.bounds.tolist() == three.bounds.tolist()
    assert one.slots.tolist() == three.slots.tolist()
    assert one.counts.tolist() == three.counts.tolist()
    assert one.texts.tolist() == three.texts.tolist()


def test_a_slot_is_counted_once_for_each_text_that_holds_it() -> None:
    bag = replace(SHAPES[1], word_ngrams=1)
    counts = count_corpus(["card card", "card", "lost"], bag, threads=1)
    [card] = encode_bags(["card"], bag)

    assert counts.texts[card.ids[0]] == 2
    assert counts.texts.sum() == 3


def test_shares_keep_the_order_and_lose_no_text() -> None:
    texts = ["a", "b" * 100, "", "c", "d" * 30]

    for shares in (1, 2, 3, 9):
        parts = share_texts(texts, shares)
        assert [text for part in parts for text in part] == texts
        assert len(parts) <= shares
    assert share_texts([], 2) == [[]]
