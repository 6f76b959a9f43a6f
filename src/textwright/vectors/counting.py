"""Count the n-grams of a training corpus, by compiled code.

This is the numba twin of ``text/ngrams.py``: the same slots, at the speed of a scan. Serving
uses the other, which needs no compiler.

Shapes: C code points, N texts, M n-grams of all texts (distinct within each).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from textwright.recipe.parts import BagSettings
from textwright.text import ngrams

POWER, CHAIN, EDGE = np.uint64(ngrams.POWER), np.uint64(ngrams.CHAIN), np.uint64(ngrams.EDGE)
WORD_SALT, CHARACTER_SALT = np.uint64(ngrams.WORD_SALT), np.uint64(ngrams.CHARACTER_SALT)
MIX_1, MIX_2 = np.uint64(ngrams.MIX_1), np.uint64(ngrams.MIX_2)
SHIFT_1, SHIFT_2, SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
ZERO, ONE = np.uint64(0), np.uint64(1)
SPACE, LETTER = ngrams.SPACE, ngrams.LETTER


@dataclass(frozen=True)
class Counts:
    """How often each n-gram stands in each text.

    bounds: [N + 1] int64, where each text's n-grams start; the last is M.
    slots:  [M] int32, distinct within a text, in order of first occurrence.
    counts: [M] int32.
    texts:  [buckets] int32, in how many texts each slot stands.
    """

    bounds: NDArray[np.int64]
    slots: NDArray[np.int32]
    counts: NDArray[np.int32]
    texts: NDArray[np.int32]


class Corpus(NamedTuple):
    """Texts and settings as the compiled code takes them.

    codes:  [C] uint32, all code points, folded.
    kinds:  [C] uint8, what each is to a word.
    bounds: [N + 1] int64, where each text starts.
    """

    codes: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    bounds: NDArray[np.int64]
    words: int
    shortest: int
    longest: int
    mask: int


def count_corpus(texts: Sequence[str], settings: BagSettings, *, threads: int) -> Counts:
    """Count the n-grams of every text; the number of threads does not change the result."""
    shards = share_texts(texts, threads)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda shard: count_shard(shard, settings), shards))
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([0] + [int(part.bounds[-1]) for part in parts])
    bounds = [part.bounds[1:] + end for part, end in zip(parts, ends[:-1], strict=True)]
    return Counts(
        bounds=np.concatenate([np.zeros(1, dtype=np.int64), *bounds]),
        slots=np.concatenate([part.slots for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
        texts=np.sum([part.texts for part in parts], axis=0, dtype=np.int32),
    )


def share_texts(texts: Sequence[str], shares: int) -> list[Sequence[str]]:
    """Cut the texts into at most ``shares`` runs of about equal length, in their order."""
    ends = np.cumsum([len(text) + 1 for text in texts])
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, [total * part // shares for part in range(1, shares)])
    edges = sorted({0, *(int(cut) for cut in cuts), len(texts)})
    return [texts[first:end] for first, end in pairwise(edges)] or [texts]


def count_shard(texts: Sequence[str], settings: BagSettings) -> Counts:
    """Count the n-grams of some texts in one thread."""
    pieces = [ngrams.cut_text(text, settings) for text in texts]
    codes = ngrams.code_points(pieces)
    bounds = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum([len(piece) + 1 for piece in pieces], out=bounds[1:])
    sizes = settings.word_ngrams, settings.min_character_ngram, settings.max_character_ngram
    corpus = Corpus(codes, ngrams.find_kinds(codes), bounds, *sizes, settings.buckets - 1)
    return Counts(*count_grams(corpus))


@njit(cache=True, nogil=True)
def count_grams(
    corpus: Corpus,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Count each text's distinct n-grams; gives the four arrays of ``Counts``."""
    grams = corpus.words + max(0, corpus.longest - corpus.shortest + 1)
    room = len(corpus.codes) * grams
    slots, counts = np.empty(room, np.int32), np.empty(room, np.int32)
    bounds = np.zeros(len(corpus.bounds), np.int64)
    longest_text = np.int64(0)
    for text in range(len(corpus.bounds) - 1):
        longest_text = max(longest_text, corpus.bounds[text + 1] - corpus.bounds[text])
    found = np.empty(2 * longest_text * grams, np.int64)
    seen = np.zeros((corpus.mask + 1, 2), np.int32)  # one past the newest entry; texts so far
    chain = np.zeros(corpus.words, np.uint64)
    used = 0
    for text in range(len(corpus.bounds) - 1):
        first = used
        for each in range(hash_text(corpus, text, chain, found)):
            slot = found[each]
            place = seen[slot, 0] - 1
            if place >= first:
                counts[place] += 1
            else:
                slots[used], counts[used] = slot, 1
                used += 1
                seen[slot, 0] = used
                seen[slot, 1] += 1
        bounds[text + 1] = used
    return bounds, slots[:used].copy(), counts[:used].copy(), seen[:, 1].copy()


@njit(cache=True, nogil=True)
def hash_text(
    corpus: Corpus, text: int, chain: NDArray[np.uint64], found: NDArray[np.int64]
) -> int:
    """Write the slots of a text's n-grams to ``found`` and return how many there are.

    chain: [words] uint64, room for the hashes of the n-grams that end at the word before.
    """
    mask, kinds, codes = np.uint64(corpus.mask), corpus.kinds, corpus.codes
    size, seen = 0, 0
    at, stop = corpus.bounds[text], corpus.bounds[text + 1]
    while at < stop:
        if kinds[at] == SPACE:
            at += 1
            continue
        end = at + 1
        if kinds[at] == LETTER:
            while kinds[end] == LETTER:  # a line break ends every text
                end += 1
        hashed, power = ZERO, ONE
        for place in range(at, end):
            hashed += scramble(np.uint64(codes[place])) * power
            power *= POWER
        hashed = scramble(hashed)
        for length in range(min(corpus.words, seen + 1), 0, -1):
            key = hashed if length == 1 else chain[length - 2] * CHAIN + hashed
            chain[length - 1] = key
            found[size] = np.int64(scramble(key + WORD_SALT * np.uint64(length)) & mask)
            size += 1
        seen += 1
        if end - at > 1:
            size = hash_characters(corpus, (at, end), found, size)
        at = end
    return size


@njit(cache=True, nogil=True)
def hash_characters(
    corpus: Corpus, word: tuple[int, int], found: NDArray[np.int64], size: int
) -> int:
    """Add the slots of a word's character n-grams, edges included; returns the new size."""
    mask, codes = np.uint64(corpus.mask), corpus.codes
    at, end = word
    if corpus.longest < corpus.shortest:
        return size
    for first in range(at - 1, end):
        hashed, power = ZERO, ONE
        for length in range(1, min(corpus.longest, end + 1 - first) + 1):
            last = first + length - 1
            inside = at <= last < end
            hashed += scramble(np.uint64(codes[last]) if inside else EDGE) * power
            power *= POWER
            if length >= corpus.shortest and (length > 1 or inside):
                key = hashed + CHARACTER_SALT * np.uint64(length)
                found[size] = np.int64(scramble(key) & mask)
                size += 1
    return size


@njit(cache=True, nogil=True)
def scramble(value: np.uint64) -> np.uint64:
    """Spread the bits of one number, as ``ngrams.scramble`` does."""
    value = (value ^ (value >> SHIFT_1)) * MIX_1
    value = (value ^ (value >> SHIFT_2)) * MIX_2
    return value ^ (value >> SHIFT_3)
