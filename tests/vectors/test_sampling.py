"""Random choices fall as often as the published formulas say."""

import numpy as np
import pytest
from numba import njit

from textwright.vectors.lanes import pointer
from textwright.vectors.sampling import (
    FULL,
    Chances,
    Ids,
    State,
    advance,
    bits_of,
    draw_below,
    draw_word,
    make_alias,
    make_chances,
    thin,
)

SEED = np.uint64(0x9E3779B97F4A7C15)
COUNTS = np.array([60_000, 30_000, 9_000, 1_000], dtype=np.int64)


@njit(nogil=True)
def addresses(chances: Chances) -> Chances:
    """Give the tables as kernels take them."""
    return Chances(pointer(chances.keep), pointer(chances.own), pointer(chances.other))


@njit(nogil=True)
def count_draws(chances: Chances, draws: int, state: State) -> Ids:
    """Count how often each word is drawn."""
    counts = np.zeros(len(chances.own), np.int32)
    for _ in range(draws):
        state = advance(state)
        counts[draw_word(addresses(chances), len(counts), bits_of(state))] += 1
    return counts


@njit(nogil=True)
def count_below(end: int, draws: int, state: State) -> Ids:
    """Count how often each number below ``end`` is drawn."""
    counts = np.zeros(end, np.int32)
    for _ in range(draws):
        state = advance(state)
        counts[draw_below(bits_of(state), end)] += 1
    return counts


@njit(nogil=True)
def thin_text(text: Ids, chances: Chances, state: State) -> Ids:
    """Give the words that are kept of all but the first word."""
    kept = np.empty(len(text), np.int32)
    _, count = thin(pointer(text), 1, len(text), addresses(chances), pointer(kept), state)
    return kept[:count]


@pytest.mark.parametrize("weights", [[1.0], [1, 1, 1], [5, 1, 0.25, 3], [1e6, 1e-3, 1e-3]])
def test_the_alias_tables_add_up_to_the_weights(weights: list[float]) -> None:
    own, other = make_alias(np.array(weights, dtype=np.float64))

    shares = own / FULL
    np.add.at(shares, other, 1 - own / FULL)

    assert shares / len(weights) == pytest.approx(np.array(weights) / sum(weights), abs=1e-8)


def test_negatives_are_drawn_by_the_three_quarter_power_of_their_counts() -> None:
    counts = count_draws(make_chances(COUNTS, 0), 100_000, SEED)

    expected = COUNTS**0.75 / (COUNTS**0.75).sum()
    assert counts / 100_000 == pytest.approx(expected, abs=0.01)


def test_numbers_are_drawn_evenly_and_below_their_end() -> None:
    counts = count_below(7, 70_000, SEED)

    assert counts.sum() == 70_000
    assert counts / 70_000 == pytest.approx(np.full(7, 1 / 7), abs=0.01)


def test_frequent_words_are_thinned_as_word2vec_thins_them() -> None:
    chances = make_chances(COUNTS, 0.01)

    shares = COUNTS / COUNTS.sum()
    expected = np.minimum(np.sqrt(0.01 / shares) + 0.01 / shares, 1)
    assert chances.keep / FULL == pytest.approx(expected, abs=1e-9)
    text = np.repeat(np.arange(4, dtype=np.int32), 20_000)
    kept = np.bincount(thin_text(text, chances, SEED), minlength=4)
    assert kept / 20_000 == pytest.approx(expected, abs=0.02)


def test_without_a_sample_every_word_is_kept_in_its_order() -> None:
    text = np.random.default_rng(1).integers(4, size=500).astype(np.int32)

    kept = thin_text(text, make_chances(COUNTS, 0), SEED)

    assert kept.tolist() == text[1:].tolist()
