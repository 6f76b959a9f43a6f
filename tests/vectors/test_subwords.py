"""Character n-grams of words as rows."""

import numpy as np
import pytest

from textwright.recipe.vectors import NgramSettings
from textwright.vectors.subwords import NgramRows, word_slots

SETTINGS = NgramSettings(minimum=3, maximum=6, buckets=10_000)


def slots_of(word: str, settings: NgramSettings = SETTINGS) -> list[int]:
    slots, _ = word_slots([word], settings)
    return [int(slot) for slot in slots]


@pytest.mark.parametrize(("word", "count"), [("ab", 3), ("king", 10), ("国王", 3), ("a", 0)])
def test_a_word_has_the_n_grams_that_fit_between_its_edges(word: str, count: int) -> None:
    assert len(slots_of(word)) == count


def test_words_share_the_n_grams_of_what_they_share() -> None:
    assert len(set(slots_of("walking")) & set(slots_of("walked"))) >= 6  # <wa wal alk <wal walk ..
    assert set(slots_of("walking")) != set(slots_of("walked"))


def test_a_word_has_the_same_n_grams_alone_and_among_others() -> None:
    words = ["king", "a", "国王", "", "kings"]

    slots, owners = word_slots(words, SETTINGS)

    assert owners.tolist() == sorted(owners.tolist())
    for position, word in enumerate(words):
        assert slots[owners == position].tolist() == slots_of(word)


def test_slots_lie_in_the_table() -> None:
    slots, _ = word_slots([f"word{number}" for number in range(500)], NgramSettings(1, 5, 7))

    assert set(slots.tolist()) == set(range(7))


def test_a_word_never_seen_gets_the_mean_of_its_n_grams() -> None:
    rows = np.random.default_rng(2).normal(size=(SETTINGS.buckets, 4)).astype(np.float32)
    ngrams = NgramRows(SETTINGS, rows)

    found = ngrams.vector("king")

    assert found is not None
    assert found.tolist() == pytest.approx(rows[slots_of("king")].mean(axis=0).tolist(), rel=1e-5)


@pytest.mark.parametrize("word", ["", "a", "王"])
def test_a_word_without_n_grams_has_no_vector(word: str) -> None:
    assert NgramRows(SETTINGS, np.ones((SETTINGS.buckets, 2), np.float32)).vector(word) is None
