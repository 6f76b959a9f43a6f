"""Words into numbers, by compiled code: a hash table over the bytes of a text.

Words are numbered in the order of their first occurrence. A text comes in blocks; a sentence
(a line) may run on from one block into the next.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

LONGEST_SENTENCE = 10_000  # words; longer lines are cut, as word2vec and gensim do
SENTENCE_END, UNKNOWN = -1, -2  # stand between word numbers
NOTHING, BLANK, BREAK, MARK, LETTER = 0, 1, 2, 3, 4  # what a byte is to a word
KNOWN, OPEN, CUT, CUT_LINES, READ = 0, 1, 2, 3, 4  # places in the counters
EMPTY = np.int32(-1)
SEED, PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
HALF = np.uint64(32)

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int32]
Item = TypeVar("Item", bound=np.generic)


class Alphabet(NamedTuple):
    """What each byte is to a word.

    kinds:  [256] uint8, NOTHING (skipped), BLANK, BREAK (ends a sentence), MARK (a word of its
            own) or LETTER.
    folded: [256] uint8, the byte to keep for it.
    """

    kinds: Bytes
    folded: Bytes


class Table(NamedTuple):
    """Words as the compiled code sees them.

    slots:    [power of two] int32, the word at each place of the hash table, or EMPTY.
    hashes:   [room] uint64.
    bounds:   [room + 1] int64, where each word starts in ``letters``.
    letters:  [room] uint8, all words, with room behind them for the one being read.
    counts:   [room] int64.
    counters: [5] int64: words known, words in the open sentence, whether its line was cut, lines
              cut so far, words read so far.
    """

    slots: Numbers
    hashes: NDArray[np.uint64]
    bounds: NDArray[np.int64]
    letters: Bytes
    counts: NDArray[np.int64]
    counters: NDArray[np.int64]


class Lexicon:
    """Numbers the words of a text, block by block."""

    def __init__(self) -> None:
        self.table = Table(
            slots=np.full(2, EMPTY, np.int32),
            hashes=np.empty(0, np.uint64),
            bounds=np.zeros(1, np.int64),
            letters=np.empty(0, np.uint8),
            counts=np.empty(0, np.int64),
            counters=np.zeros(5, np.int64),
        )

    def __len__(self) -> int:
        """Count the words known."""
        return int(self.table.counters[KNOWN])

    def number(self, text: bytes, alphabet: Alphabet, *, learn: bool) -> Numbers:
        """Give the numbers of a block's words.

        learn: give a new word the next number; without, it is UNKNOWN.
        Returns int32: word numbers, UNKNOWN, and SENTENCE_END after each sentence with words.
        """
        self.reserve(len(text), words=len(text) // 2 + 256 if learn else 0)
        found = np.empty(len(text) + len(text) // LONGEST_SENTENCE + 3, np.int32)
        data = np.frombuffer(text, np.uint8)
        size = number_words(self.table, alphabet, data, found, learn)
        return found[:size]

    def reserve(self, size_bytes: int, *, words: int) -> None:
        """Make room for so many more bytes and words; the arrays at least double."""
        known, table = len(self), self.table
        used = int(table.bounds[known])
        if used + size_bytes > len(table.letters):
            table = table._replace(letters=widen(table.letters, used + size_bytes))
        if known + words > len(table.hashes):
            room = max(known + words, 2 * len(table.hashes))
            table = table._replace(
                hashes=widen(table.hashes, room),
                bounds=widen(table.bounds, room + 1),
                counts=widen(table.counts, room),
            )
        if 2 * (known + words) > len(table.slots):
            size = 1 << (2 * (known + words)).bit_length()
            table = table._replace(slots=np.full(size, EMPTY, np.int32))
            fill_slots(table)
        self.table = table

    def words(self) -> list[str]:
        """Give the words in the order of their numbers."""
        text, bounds = self.table.letters.tobytes(), self.table.bounds.tolist()
        return [text[bounds[each] : bounds[each + 1]].decode() for each in range(len(self))]

    def counts(self) -> NDArray[np.int64]:
        """Give how often each word was read, [words] int64."""
        return self.table.counts[: len(self)]

    def prune(self, most: int) -> int:
        """Forget the rarest words when there are more than ``most``: at least half of those.

        As word2vec does, but with a limit that fits the counts instead of one that grows by one.
        Returns the largest count forgotten; 0 when there was no need.
        """
        if len(self) <= most:
            return 0
        counts = self.counts()
        place = len(counts) - most // 2 - 1
        limit = int(np.partition(counts, place)[place])
        kept = np.flatnonzero(counts > limit)
        bounds = self.table.bounds
        sizes = bounds[kept + 1] - bounds[kept]
        wanted = np.zeros(int(bounds[len(self)]) + 1, np.int8)
        wanted[bounds[kept]] += 1
        wanted[bounds[kept + 1]] -= 1
        chosen = np.cumsum(wanted[:-1], dtype=np.int8).astype(bool)
        counters = self.table.counters.copy()
        counters[KNOWN] = len(kept)
        self.table = Table(
            slots=np.full(len(self.table.slots), EMPTY, np.int32),
            hashes=self.table.hashes[kept],
            bounds=np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]),
            letters=self.table.letters[: len(chosen)][chosen],
            counts=counts[kept],
            counters=counters,
        )
        fill_slots(self.table)
        return limit


def lexicon_of(words: Sequence[str]) -> Lexicon:
    """Make a lexicon that knows some words, numbered in their order; counts start at 0."""
    kinds = np.full(256, LETTER, np.uint8)
    kinds[ord("\n")] = BREAK
    lexicon = Lexicon()
    lexicon.number(
        "\n".join(words).encode(), Alphabet(kinds, np.arange(256, dtype=np.uint8)), learn=True
    )
    lexicon.table.counts[:] = 0
    lexicon.table.counters[OPEN:] = 0
    return lexicon


def widen(array: NDArray[Item], size: int) -> NDArray[Item]:
    """Copy an array into a longer one, at least twice as long."""
    wider = np.empty(max(size, 2 * len(array)), array.dtype)
    wider[: len(array)] = array
    return wider


@njit(cache=True, nogil=True)
def fill_slots(table: Table) -> None:
    """Enter all known words into empty slots."""
    mask = np.uint64(len(table.slots) - 1)
    for word in range(table.counters[KNOWN]):
        hashed = table.hashes[word]
        slot = (hashed ^ (hashed >> HALF)) & mask
        while table.slots[slot] != EMPTY:
            slot = (slot + np.uint64(1)) & mask
        table.slots[slot] = word


@njit(cache=True, nogil=True)
def number_words(table: Table, alphabet: Alphabet, text: Bytes, found: Numbers, learn: bool) -> int:
    """Write the numbers of a block's words to ``found`` and return how many there are."""
    kinds, folded, letters, counters = (
        alphabet.kinds,
        alphabet.folded,
        table.letters,
        table.counters,
    )
    size, hashed = 0, SEED
    start = table.bounds[counters[KNOWN]]
    end = start
    for at in range(len(text) + 1):
        kind = kinds[text[at]] if at < len(text) else BLANK
        if kind == LETTER:
            letters[end] = folded[text[at]]
            hashed = (hashed ^ np.uint64(letters[end])) * PRIME
            end += 1
            continue
        if kind == NOTHING:
            continue
        if end > start:
            size = add_word(table, find_word(table, hashed, end, learn), found, size)
            start = table.bounds[counters[KNOWN]]
            end, hashed = start, SEED
        if kind == MARK:
            letters[start] = folded[text[at]]
            hashed = (SEED ^ np.uint64(letters[start])) * PRIME
            size = add_word(table, find_word(table, hashed, start + 1, learn), found, size)
            start = table.bounds[counters[KNOWN]]
            end, hashed = start, SEED
        elif kind == BREAK:
            if counters[OPEN] > 0:
                found[size] = SENTENCE_END
                size += 1
            counters[OPEN], counters[CUT] = 0, 0
    return size


@njit(cache=True, nogil=True)
def add_word(table: Table, word: int, found: Numbers, size: int) -> int:
    """Append a word to the open sentence, ending that first when it is full."""
    counters = table.counters
    if counters[OPEN] == LONGEST_SENTENCE:
        found[size] = SENTENCE_END
        size += 1
        counters[CUT_LINES] += 1 - counters[CUT]
        counters[OPEN], counters[CUT] = 0, 1
    found[size] = word
    counters[OPEN] += 1
    counters[READ] += 1
    return size + 1


@njit(cache=True, nogil=True)
def find_word(table: Table, hashed: np.uint64, end: int, learn: bool) -> int:
    """Look up the word that stands behind the known ones in ``letters``, up to ``end``."""
    slots, letters, bounds, counters = table.slots, table.letters, table.bounds, table.counters
    start, mask = bounds[counters[KNOWN]], np.uint64(len(slots) - 1)
    slot = (hashed ^ (hashed >> HALF)) & mask
    while slots[slot] != EMPTY:
        word = slots[slot]
        if table.hashes[word] == hashed and bounds[word + 1] - bounds[word] == end - start:
            first, same = bounds[word], True
            for each in range(end - start):
                if letters[first + each] != letters[start + each]:
                    same = False
                    break
            if same:
                table.counts[word] += 1
                return int(word)
        slot = (slot + np.uint64(1)) & mask
    if not learn:
        return UNKNOWN
    word = counters[KNOWN]
    slots[slot], table.hashes[word] = word, hashed
    bounds[word + 1], table.counts[word] = end, 1
    counters[KNOWN] += 1
    return int(word)
