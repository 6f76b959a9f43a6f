"""Texts that are the same, and texts that are nearly so.

A text's shingles (Broder 1997) are runs of its letters, digits and single blanks, case, width
and punctuation aside: five code points from where it starts, or two where it starts at a Chinese
character, which says as much as a syllable. Two texts are near when the Jaccard similarity of
their sets of shingles, the share that both have of all that either has, reaches a threshold.

Pairs to compare come from MinHash with banded locality-sensitive hashing (Indyk and Motwani
1998), one hash a shingle: each falls into one of 128 bins, a bin keeps its least (Li, Owen and
Zhang 2012), and an empty bin borrows from another (Shrivastava 2017). Each pair is then compared
exactly; the estimate only says which come first.

Shapes: N texts, C code points, S shingles, BINS numbers of a signature.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from textwright.text.ngrams import (
    HAN,
    LETTER,
    batch_texts,
    code_points,
    find_kinds,
    hash_spans,
    scramble,
)

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Signatures = NDArray[np.uint32]

WIDTH, HAN_WIDTH = 5, 2  # code points of a shingle
HAN_BEYOND = 0x20000  # planes 2 and 3 hold nothing but Chinese characters
BLANK = 0x20
LONGEST = 20_000  # code points read of a text, as the n-gram linear model does
BINS = 128
BANDS, ROWS = 21, 6  # a pair of similarity 0.8 meets in a band with probability 0.998, of 0.1 never
EMPTY = np.uint32(0xFFFFFFFF)
MARGIN = 0.3  # an estimate this far below the threshold is not looked at again
BATCH = 2_000  # pairs whose shingles are held at a time


@dataclass(frozen=True)
class TextGroup:
    """Texts that are the same, or held together by pairs that are near.

    places:     positions of the texts, ascending, at least two.
    similarity: of the least similar pair that holds it together, 0 to 1; 1 for equal texts.
    """

    places: tuple[int, ...]
    similarity: float


@dataclass(frozen=True)
class Shingles:
    """The shingles of a chunk of texts, repeats included.

    hashes: [S] uint64.
    texts:  [S] int64, the position of each one's text, ascending.
    """

    hashes: Hashes
    texts: Places


def group_equal(texts: Sequence[str]) -> list[TextGroup]:
    """Group the positions of each text that stands there more than once, blanks around it aside.

    Empty texts are no repeats of each other.
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        places[text.strip()].append(place)
    return [TextGroup(tuple(each), 1.0) for text, each in places.items() if text and each[1:]]


def group_near(texts: Sequence[str], threshold: float) -> list[TextGroup]:
    """Group texts by pairs whose similarity is at least ``threshold``, 0 to 1; most alike first.

    A group is held together by its links: its two ends may be further apart. Texts without a
    letter or digit are near to nothing. A signature takes half a kilobyte a text.
    """
    signatures, filled = sign_texts(texts)
    first, second, estimates = candidate_pairs(signatures, filled, threshold - MARGIN)
    order = np.argsort(-estimates, kind="stable")
    links = Links(len(texts))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        pairs = [
            (one, other)
            for one, other in zip(first[chosen].tolist(), second[chosen].tolist(), strict=True)
            if links.find(one) != links.find(other)
        ]
        for one, other, similarity in compare_pairs(texts, pairs):
            if similarity >= threshold:
                links.join(one, other, similarity)
    return links.groups()


class Links:
    """Groups of positions that grow by links (union-find, Tarjan 1975)."""

    def __init__(self, count: int) -> None:
        self.parents = list(range(count))
        self.least: dict[int, float] = {}  # the weakest link of each group, by its root

    def find(self, place: int) -> int:
        """Give the root of a position's group."""
        while self.parents[place] != place:
            self.parents[place] = self.parents[self.parents[place]]
            place = self.parents[place]
        return place

    def join(self, one: int, other: int, similarity: float) -> None:
        """Make two groups one; nothing happens to those that are one already."""
        root, child = sorted((self.find(one), self.find(other)))
        if root != child:
            self.parents[child] = root
            weakest = min(self.least.get(root, 1.0), self.least.pop(child, 1.0))
            self.least[root] = min(weakest, similarity)

    def groups(self) -> list[TextGroup]:
        """Give every group of two or more, most alike first."""
        members: defaultdict[int, list[int]] = defaultdict(list)
        for place in range(len(self.parents)):
            members[self.find(place)].append(place)
        found = [TextGroup(tuple(members[root]), least) for root, least in self.least.items()]
        return sorted(found, key=lambda each: (-each.similarity, each.places))


def sign_texts(texts: Sequence[str]) -> tuple[Signatures, NDArray[np.bool_]]:
    """Give each text's signature, [N, BINS] uint32, and whether it has a shingle, [N] bool.

    The share of bins in which two signatures agree estimates the similarity of their texts.
    """
    signatures = np.full((len(texts), BINS), EMPTY, dtype=np.uint32)
    done = 0
    for chunk in batch_texts(texts, LONGEST):
        found = find_shingles(chunk)
        bins = (found.hashes >> np.uint64(57)).astype(np.int64)  # the upper seven bits
        values = (found.hashes & np.uint64(0xFFFFFFFE)).astype(np.uint32)  # never EMPTY
        part = signatures[done : done + len(chunk)]
        np.minimum.at(part.reshape(-1), found.texts * BINS + bins, values)
        done += len(chunk)
        fill_empty(part)
    return signatures, signatures[:, 0] != EMPTY


def fill_empty(signatures: Signatures) -> None:
    """Let each empty bin borrow from a bin that is not; which one goes by a hash of its number.

    Source: Shrivastava 2017, algorithm 1. A text without shingles stays empty.
    """
    own = signatures.copy()
    rows, bins = np.nonzero((own == EMPTY) & (own != EMPTY).any(axis=1, keepdims=True))
    attempt = 0
    while len(rows):
        tries = np.arange(BINS, dtype=np.uint64) + np.uint64(BINS * (attempt + 1))
        lender = (scramble(tries) % np.uint64(BINS)).astype(np.int64)  # [BINS]
        values = own[rows, lender[bins]]
        found = values != EMPTY
        signatures[rows[found], bins[found]] = values[found]
        rows, bins = rows[~found], bins[~found]
        attempt += 1


def candidate_pairs(
    signatures: Signatures, filled: NDArray[np.bool_], least: float
) -> tuple[Places, Places, NDArray[np.float32]]:
    """Give pairs that agree in a whole band, with their estimated similarity of at least ``least``.

    Of a bucket with many texts each is paired with the first and with the one before it: pairs
    stay linear in N, and the groups whole. Three arrays [P]: first, second, estimate.
    """
    count, live = max(len(signatures), 1), np.flatnonzero(filled)
    pairs = np.zeros(0, dtype=np.int64)
    for band in range(BANDS):
        keys = np.zeros(len(live), dtype=np.uint64)
        for column in range(band * ROWS, (band + 1) * ROWS):
            keys = scramble(keys + signatures[live, column] + np.uint64(1))
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        places = live[order]
        starts = np.flatnonzero(np.concatenate([[True], ~same]))[: len(places)]
        firsts = places[np.repeat(starts, np.diff(np.append(starts, len(places))))]
        before, after = places[:-1][same], places[1:][same]
        found = np.concatenate([before * count + after, firsts[1:][same] * count + after])
        pairs = np.union1d(pairs, found)
    first, second = pairs // count, pairs % count
    estimates = estimate_pairs(signatures, first, second)
    kept = estimates >= least
    return first[kept], second[kept], estimates[kept]


def estimate_pairs(signatures: Signatures, first: Places, second: Places) -> NDArray[np.float32]:
    """Give the share of bins in which each pair's signatures agree, [P] float32, 0 to 1."""
    step = 65_536
    parts = [
        np.mean(signatures[first[at : at + step]] == signatures[second[at : at + step]], axis=1)
        for at in range(0, len(first), step)
    ]
    return np.concatenate([np.zeros(0), *parts]).astype(np.float32)


def compare_pairs(
    texts: Sequence[str], pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, float]]:
    """Give each pair with its exact similarity."""
    places = sorted({place for pair in pairs for place in pair})
    sets = dict(zip(places, shingle_sets([texts[place] for place in places]), strict=True))
    for one, other in pairs:
        yield one, other, jaccard(sets[one], sets[other])


def jaccard(one: Hashes, other: Hashes) -> float:
    """Give the share of common members of two sets, each [S] uint64, distinct; 0 for two empty."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / max(len(one) + len(other) - common, 1)


def shingle_sets(texts: Sequence[str]) -> list[Hashes]:
    """Give the distinct shingles of each text, sorted."""
    sets: list[Hashes] = []
    for chunk in batch_texts(texts, LONGEST):
        found = find_shingles(chunk)
        bounds = np.searchsorted(found.texts, np.arange(len(chunk) + 1))
        ends = pairwise(bounds)
        sets += [np.unique(found.hashes[start:end]) for start, end in ends]
    return sets


def find_shingles(texts: Sequence[str]) -> Shingles:
    """Find the shingles of a chunk of texts.

    At the end of a text a shorter one counts, if nothing but it holds its first code point: a
    text too short for any, or letters and digits after the last Chinese character.
    """
    codes, owners = plain_letters(texts)
    starts = np.arange(len(codes))
    han = is_han(codes)
    ends = starts + np.where(han, HAN_WIDTH, WIDTH)
    bounds = np.searchsorted(owners, np.arange(len(texts) + 1))
    last = bounds[1:][owners]  # one past the last code point of each one's text
    after_han = np.zeros_like(han)
    after_han[1:] = han[:-1] & ~han[1:]
    whole = (ends <= last) | (starts == bounds[:-1][owners]) | after_han
    hashes = hash_spans(codes.astype(np.uint64), starts[whole], np.minimum(ends, last)[whole])
    return Shingles(scramble(hashes), owners[whole])


def plain_letters(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Places]:
    """Give the letters and digits of the texts in lower case, one blank between two words.

    Returns the code points [C] uint32 and the position of each one's text [C] int64. Between
    Chinese characters stands no blank, whatever stood there in the text.
    """
    pieces = [text[:LONGEST].lower() for text in texts]
    codes = code_points(pieces)
    owners = np.repeat(np.arange(len(pieces)), [len(piece) + 1 for piece in pieces])
    letters = find_kinds(codes) == LETTER
    kept = np.flatnonzero(letters | is_han(codes))
    apart = letters[kept[:-1]] & letters[kept[1:]] & (np.diff(kept) > 1)
    apart &= owners[kept[:-1]] == owners[kept[1:]]
    gaps = np.flatnonzero(apart) + 1
    return (
        np.insert(codes[kept], gaps, np.uint32(BLANK)),
        np.insert(owners[kept], gaps, owners[kept[gaps]]),
    )


def is_han(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Tell which code points are Chinese characters."""
    found = codes >= HAN_BEYOND
    for first, end in HAN:
        found |= (codes >= first) & (codes < end)
    return found
