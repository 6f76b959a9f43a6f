"""Random choices of word2vec: which words of a text are kept, which are drawn as negatives.

All run inside kernels on a state of 64 bits that they are given and hand back.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

State = np.uint64
Ids = NDArray[np.int32]

NOISE_POWER = 0.75  # of a word's count, for negatives (Mikolov et al. 2013, section 2.2)
FULL = 2**32  # a share of 1 in 32 bits
SHIFT_A, SHIFT_B, SHIFT_C = np.uint64(12), np.uint64(25), np.uint64(27)
FACTOR = np.uint64(0x2545F4914F6CDD1D)
HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


class Chances(NamedTuple):
    """Tables to choose words with, one entry a word; shares are of 2^32.

    keep:  [V] uint64, how often an occurrence is kept.
    own:   [V] uint32, how often a drawn place means its own word.
    other: [V] int32, the word it means else.
    """

    keep: NDArray[np.uint64]
    own: NDArray[np.uint32]
    other: NDArray[np.int32]


def make_chances(counts: NDArray[np.int64], sample: float) -> Chances:
    """Make the tables from the words' counts, [V]; no word is thinned if ``sample`` is 0.

    A word that makes up the share f of the text is kept with sqrt(t / f) + t / f for sample t, as
    word2vec does (Mikolov et al. 2013, equation 5, has the first term alone).
    """
    keep = np.ones(len(counts))
    if sample:
        ratio = sample * counts.sum() / counts
        keep = np.minimum(np.sqrt(ratio) + ratio, 1)
    own, other = make_alias(counts.astype(np.float64) ** NOISE_POWER)
    return Chances((keep * FULL).astype(np.uint64), own, other)


def make_alias(weights: NDArray[np.float64]) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Make tables that draw in proportion to weights with one look-up (Vose 1991).

    Each place is as likely as any other, and is shared by two words at most. Gives the share of
    its own word, [V] of 2^32, and the other word, [V].
    """
    own = weights * (len(weights) / weights.sum())
    other = np.arange(len(weights), dtype=np.int32)
    small = list(np.flatnonzero(own < 1))
    large = list(np.flatnonzero(own >= 1))
    while small and large:
        place, giver = small.pop(), large[-1]
        other[place] = giver
        own[giver] -= 1 - own[place]
        if own[giver] < 1:
            small.append(large.pop())
    return np.minimum(own * FULL, FULL - 1).astype(np.uint32), other


@njit(cache=True, nogil=True, forceinline=True)
def advance(state: State) -> State:
    """Give the next state of a xorshift generator (Marsaglia 2003); never 0."""
    state ^= state >> SHIFT_A
    state ^= state << SHIFT_B
    return state ^ (state >> SHIFT_C)


@njit(cache=True, nogil=True, forceinline=True)
def bits_of(state: State) -> np.uint64:
    """Give 64 random bits of a state (xorshift64*, Vigna 2016)."""
    return state * FACTOR


@njit(cache=True, nogil=True, forceinline=True)
def draw_below(bits: np.uint64, end: int) -> np.int64:
    """Give a number from 0 to ``end`` - 1 from the upper half of random bits."""
    return np.int64(((bits >> HALF) * np.uint64(end)) >> HALF)


@njit(cache=True, nogil=True, forceinline=True)
def draw_word(chances: Chances, words: int, bits: np.uint64) -> np.int64:
    """Give a word in proportion to its weight."""
    place = draw_below(bits, words)
    if (bits & LOW) < np.uint64(chances.own[place]):
        return place
    return np.int64(chances.other[place])


@njit(cache=True, nogil=True, forceinline=True)
def thin(
    ids: Ids, first: int, end: int, chances: Chances, kept: Ids, state: State
) -> tuple[State, int]:
    """Copy the words that are kept of ``first`` to ``end`` - 1; gives how many they are."""
    count = 0
    for place in range(first, end):
        word = ids[place]
        state = advance(state)
        kept[count] = word
        count += (bits_of(state) >> HALF) < chances.keep[word]
    return state, count
