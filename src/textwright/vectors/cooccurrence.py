"""How often words stand near each other, counted by compiled code and kept on disk.

A pair of words d words apart in a sentence counts 1/d (Pennington et al. 2014, section 4.2). The
words are cut into shares. A thread takes a share, lists all places of its words in the text, and
then counts word by word into one row as wide as the vocabulary: no sorting, no hashing, and what
a share finds goes to disk when the memory is used up. Counts come out alike with any number of
threads, since each pair is added up in the order of the text.

Shapes: V words, N tokens, M pairs.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from textwright.vectors.corpus import Corpus

Numbers = NDArray[np.int32]
Floats = NDArray[np.float32]

PLACE_BYTES, PAIR_BYTES = 6, 12
SHARES_A_THREAD = 4  # so that threads end at about the same time
MOST_BUFFERED = 1 << 22  # pairs; more are no quicker


@dataclass(frozen=True)
class Counting:
    """How pairs are counted.

    window:       most words apart.
    memory_bytes: what all threads together may take, apart from a few rows of V numbers.
    """

    window: int
    threads: int
    memory_bytes: int


class Text(NamedTuple):
    """Word numbers, and where sentences start in them."""

    ids: Numbers
    starts: NDArray[np.int64]


class Places(NamedTuple):
    """Where the words of a share stand in the text.

    first:     the share's first word.
    bounds:    [words + 1] int64, where each word's places start.
    sentences: [places] int32.
    offsets:   [places] uint16, in the sentence.
    """

    first: int
    bounds: NDArray[np.int64]
    sentences: Numbers
    offsets: NDArray[np.uint16]


class Row(NamedTuple):
    """Room to count one word's pairs: sums [V] float64, all 0 in between, and who has one."""

    sums: NDArray[np.float64]
    touched: Numbers
    weights: NDArray[np.float64]  # [window + 1], of each distance


def count_pairs(corpus: Corpus, counting: Counting, folder: Path) -> list[Path]:
    """Count all pairs of a corpus into files of ``folder``, in the order of their first word.

    Each pair is written once, the commoner word first; ``read_pairs`` reads a file. A word near
    itself counts twice 1/d, once from either side. Raises OSError when the disk is full.
    """
    text = Text(np.asarray(corpus.ids), np.asarray(corpus.starts))
    each_thread = counting.memory_bytes // counting.threads
    ends = np.cumsum(corpus.counts)
    needed = -(-int(ends[-1]) * PLACE_BYTES // (each_thread // 2))
    shares = max(SHARES_A_THREAD * counting.threads, needed)
    cuts = np.searchsorted(ends, [len(text.ids) * each // shares for each in range(1, shares)]) + 1
    edges = sorted({0, *cuts.tolist(), len(corpus.words)})
    room = min(each_thread // (2 * PAIR_BYTES), MOST_BUFFERED)

    def count(share: tuple[int, int]) -> Path:
        path = folder / f"pairs-{share[0]:09}"
        count_share(text, corpus.counts, share, (counting.window, room), path)
        return path

    with ThreadPoolExecutor(counting.threads) as pool:
        return list(pool.map(count, pairwise(edges)))


def count_share(
    text: Text,
    counts: NDArray[np.int64],
    share: tuple[int, int],
    limits: tuple[int, int],
    path: Path,
) -> None:
    """Count the pairs whose commoner word is of a share, into a file.

    counts: [V], of all words.
    share:  its first word, and one past its last.
    limits: the window, and the pairs to hold before they are written.
    """
    window, room = limits
    words, bounds = len(counts), np.zeros(share[1] - share[0] + 1, np.int64)
    np.cumsum(counts[slice(*share)], out=bounds[1:])
    places = Places(
        share[0], bounds, np.empty(bounds[-1], np.int32), np.empty(bounds[-1], np.uint16)
    )
    find_places(text, places, bounds[:-1].copy())
    weights = np.zeros(window + 1)
    weights[1:] = 1 / np.arange(1, window + 1)
    row = Row(np.zeros(words), np.empty(words, np.int32), weights)
    pairs = np.empty((max(room, words), 3), np.int32)
    done = 0
    with path.open("wb") as file:
        while done < len(bounds) - 1:
            done, size = count_rows(text, places, row, done, pairs)
            file.write(pairs[:size].data)


def read_pairs(path: Path, first: int, count: int) -> Numbers:
    """Read pairs of a file, [pairs, 3] int32; ``sums_of`` shows the third column's numbers."""
    found = np.fromfile(path, np.int32, 3 * count, offset=first * PAIR_BYTES)
    return found.reshape(-1, 3)


def sums_of(pairs: Numbers) -> Floats:
    """View the counts of pairs, [pairs] float32."""
    return pairs.view(np.float32)[:, 2]


@njit(cache=True, nogil=True)
def find_places(text: Text, places: Places, free: NDArray[np.int64]) -> None:
    """List where the words of a share stand; ``free`` is each word's next free place."""
    ids, starts, first = text.ids, text.starts, places.first
    words = len(free)
    for sentence in range(len(starts) - 1):
        start = starts[sentence]
        for at in range(start, starts[sentence + 1]):
            word = ids[at] - first
            if 0 <= word < words:
                places.sentences[free[word]] = sentence
                places.offsets[free[word]] = at - start
                free[word] += 1


@njit(cache=True, nogil=True)
def count_rows(text: Text, places: Places, row: Row, done: int, pairs: Numbers) -> tuple[int, int]:
    """Count word by word from ``done`` on, while a whole row fits into ``pairs``.

    Returns the words done and the pairs written.
    """
    counts, size = pairs.view(np.float32), 0
    while done < len(places.bounds) - 1:
        near = count_word(text, places, row, done)
        if size + near > len(pairs):
            row.sums[row.touched[:near]] = 0
            break
        for each in range(near):
            other = row.touched[each]
            pairs[size, 0] = places.first + done
            pairs[size, 1] = other
            counts[size, 2] = row.sums[other]
            row.sums[other] = 0
            size += 1
        done += 1
    return done, size


@njit(cache=True, nogil=True)
def count_word(text: Text, places: Places, row: Row, number: int) -> int:
    """Sum up 1/distance of a word to rarer words, and itself; returns how many are near."""
    ids, sums, weights, near = text.ids, row.sums, row.weights, 0
    word, window = places.first + number, len(weights) - 1
    for place in range(places.bounds[number], places.bounds[number + 1]):
        sentence = places.sentences[place]
        start, end = text.starts[sentence], text.starts[sentence + 1]
        at = start + places.offsets[place]
        for other_at in range(max(start, at - window), min(end, at + window + 1)):
            other = ids[other_at]
            if other < word or other_at == at:
                continue
            if sums[other] == 0:
                row.touched[near] = other
                near += 1
            sums[other] += weights[abs(other_at - at)]
    return near
