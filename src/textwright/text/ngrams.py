"""N-grams of words and of characters, hashed to slots: a text as a bag.

A word is a run of letters and digits; a Chinese character and every punctuation mark is a word
of its own. Full-width ASCII (U+FF01 to U+FF5E) counts as the ASCII it looks like; that, and the
case if the settings say so, is all that is folded.

An n-gram's hash depends on its code points alone. It is a polynomial modulo 2^64 (Karp and
Rabin 1987) over scrambled code points, so that the hash of every span is a difference of two
prefix sums. The numba twin of this file is ``vectors/counting.py``; a test holds them equal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.parts import BagSettings
from textwright.text.batch import Encoding

Hashes = NDArray[np.uint64]

SPACE, LETTER, ALONE = 0, 1, 2  # what a code point is to a word: between two, in one, one itself
PLANE = 0x10000  # code points that have an own entry in the table of kinds
FULL_WIDTH, FULL_WIDTH_END, FULL_WIDTH_SHIFT = 0xFF01, 0xFF5F, 0xFEE0
HAN = ((0x2E80, 0x2FE0), (0x3005, 0x3008), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))

POWER = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
INVERSE = pow(POWER, -1, 2**64)
CHAIN = 0xD6E8FEB86659FD93  # joins the words of an n-gram
EDGE = 0x110000  # stands before and after a word; no code point
WORD_SALT, CHARACTER_SALT = 0x51ED270B9F1E8D35, 0xA0761D6478BD642F
MIX_1, MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
SAMPLE = 1000  # texts looked at to choose settings
HAN_BULK, MOSTLY = (0x4E00, 0xA000), 0.3  # share of Chinese characters that makes texts Chinese
LONG, LONG_CHINESE = 300, 50  # mean characters of a text
CHUNK = 1 << 20  # code points hashed in one pass


@dataclass(frozen=True)
class Words:
    """The words of a chunk of texts.

    codes:  [N] uint64, the code points of all words, one after the other.
    starts: [W + 1] int64, the first of each word in ``codes``, and the end.
    texts:  [W] int64, the text of each.
    """

    codes: Hashes
    starts: NDArray[np.int64]
    texts: NDArray[np.int64]


def encode_bags(texts: Sequence[str], settings: BagSettings) -> list[Encoding]:
    """Give each text as the slots of its distinct n-grams, sorted, with their counts.

    A text without any word has no n-gram. One longer than ``max_characters`` is cut, and its
    encoding says so.
    """
    encodings: list[Encoding] = []
    for chunk in batch_texts(texts, settings.max_characters):
        slots, owners = hash_texts(chunk, settings)
        keys = owners * settings.buckets + slots
        distinct, counts = np.unique(keys, return_counts=True)
        bounds = np.searchsorted(distinct, np.arange(len(chunk) + 1) * settings.buckets)
        distinct &= settings.buckets - 1
        for text, start, end in zip(chunk, bounds[:-1], bounds[1:], strict=True):
            encodings.append(
                Encoding(
                    ids=distinct[start:end],
                    counts=counts[start:end].astype(np.float32),
                    truncated=len(text) > settings.max_characters,
                )
            )
    return encodings


def suggest_bag(texts: Sequence[str]) -> BagSettings:
    """Choose settings by what the texts are like, for a model nobody wrote a recipe for.

    Long texts have words enough: characters of theirs cost most of the time and add nothing.
    Chinese characters are many to a sentence, so three of them make an n-gram where texts are
    long enough to repeat it.
    """
    sample = [text[:1000] for text in texts[:: max(1, len(texts) // SAMPLE)]]
    codes = code_points(sample)
    length = len(codes) / max(1, len(sample))
    chinese = float(np.mean((codes >= HAN_BULK[0]) & (codes < HAN_BULK[1]))) if len(codes) else 0.0
    if chinese > MOSTLY:
        return BagSettings(word_ngrams=3 if length > LONG_CHINESE else 2)
    return BagSettings(max_character_ngram=0, min_count=2) if length > LONG else BagSettings()


def batch_texts(texts: Sequence[str], longest: int) -> Iterator[Sequence[str]]:
    """Cut a list of texts into pieces of about ``CHUNK`` code points, at least one text each."""
    start, size = 0, 0
    for position, text in enumerate(texts):
        length = min(len(text), longest)
        if size and size + length > CHUNK:
            yield texts[start:position]
            start, size = position, 0
        size += length + 1
    if start < len(texts):
        yield texts[start:]


def hash_texts(
    texts: Sequence[str], settings: BagSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slot of every n-gram of the texts, [M] int64, and the position of its text, [M] int64."""
    words = find_words(texts, settings)
    found = list(word_grams(words, settings.word_ngrams))
    if settings.max_character_ngram:
        found += character_grams(words, settings.min_character_ngram, settings.max_character_ngram)
    hashes = np.concatenate([each for each, _ in found])
    owners = np.concatenate([each for _, each in found])
    slots = (hashes & np.uint64(settings.buckets - 1)).astype(np.int64)
    return slots, owners


def cut_text(text: str, settings: BagSettings) -> str:
    """Give the part of a text that is read, in the case it is read in."""
    text = text[: settings.max_characters]
    return text.lower() if settings.lowercase else text


def code_points(texts: Sequence[str]) -> NDArray[np.uint32]:
    """All texts as one array of code points, full width folded, a line break after each."""
    joined = "".join([text + "\n" for text in texts])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if joined.isascii():
        return codes
    wide = (codes >= FULL_WIDTH) & (codes < FULL_WIDTH_END)
    return codes - wide * np.uint32(FULL_WIDTH_SHIFT)


def find_kinds(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Tell what each code point is to a word: SPACE, LETTER or ALONE."""
    return code_kinds()[np.minimum(codes, PLANE)]


def find_words(texts: Sequence[str], settings: BagSettings) -> Words:
    """Find the words of the texts."""
    pieces = [cut_text(text, settings) for text in texts]
    codes = code_points(pieces)
    kinds = find_kinds(codes)
    goes_on = np.zeros(len(codes), dtype=np.bool_)  # in the word of the code point before
    goes_on[1:] = (kinds[1:] == LETTER) & (kinds[:-1] == LETTER)
    kept = np.flatnonzero(kinds != SPACE)
    starts = np.flatnonzero(~goes_on[kept])
    ends = np.cumsum([len(piece) + 1 for piece in pieces])
    owners = np.searchsorted(ends, kept[starts], side="right")
    return Words(codes[kept].astype(np.uint64), np.append(starts, len(kept)), owners)


def word_grams(words: Words, longest: int) -> Iterator[tuple[Hashes, NDArray[np.int64]]]:
    """Hash every n-gram of 1 to ``longest`` words, with the position of its text."""
    single = scramble(hash_spans(words.codes, words.starts[:-1], words.starts[1:]))
    chained = single
    for length in range(1, longest + 1):
        if length > 1:
            chained = chained[:-1] * np.uint64(CHAIN) + single[length - 1 :]
        inside = words.texts[: len(chained)] == words.texts[length - 1 :]
        salt = np.uint64((WORD_SALT * length) % 2**64)
        yield scramble(chained[inside] + salt), words.texts[: len(chained)][inside]
        if not len(chained):
            return


def character_grams(
    words: Words, shortest: int, longest: int
) -> Iterator[tuple[Hashes, NDArray[np.int64]]]:
    """Hash every n-gram of ``shortest`` to ``longest`` characters of a word and its two edges.

    Words of one character have none: they are n-grams themselves.
    """
    sizes = np.diff(words.starts)
    long = np.flatnonzero(sizes > 1)
    sizes = sizes[long] + 2
    ends = np.cumsum(sizes)
    owners = np.repeat(np.arange(len(long)), sizes)  # the word of each place
    places = np.arange(len(owners)) - np.repeat(ends - sizes, sizes)  # 0 is the first edge
    edge = (places == 0) | (places == sizes[owners] - 1)
    codes = np.full(len(owners), EDGE, dtype=np.uint64)
    codes[~edge] = words.codes[(words.starts[long][owners] + places - 1)[~edge]]
    for length in range(shortest, longest + 1):
        first = np.flatnonzero(places + length <= sizes[owners])
        if length == 1:
            first = first[~edge[first]]
        hashes = hash_spans(codes, first, first + length)
        salt = np.uint64((CHARACTER_SALT * length) % 2**64)
        yield scramble(hashes + salt), words.texts[long[owners[first]]]


def hash_spans(codes: Hashes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
    """Hash each span of code points: the sum of scrambled code k times ``POWER`` ** k."""
    powers, inverses = power_tables(1 << len(codes).bit_length())
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(scramble(codes) * powers[: len(codes)], out=sums[1:])
    spans: Hashes = (sums[ends] - sums[starts]) * inverses[starts]
    return spans


@lru_cache(maxsize=4)
def power_tables(size: int) -> tuple[Hashes, Hashes]:
    """Powers 0 to ``size`` - 1 of ``POWER`` and of its inverse, modulo 2^64."""
    tables = np.full((2, size), POWER, dtype=np.uint64)
    tables[1] = INVERSE
    tables[:, 0] = 1
    np.cumprod(tables, axis=1, out=tables)
    return tables[0], tables[1]


def scramble(values: Hashes) -> Hashes:
    """Spread every bit of the numbers over all 64 (finaliser of splitmix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(MIX_1)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(MIX_2)
    spread: Hashes = values ^ (values >> np.uint64(31))
    return spread


@lru_cache(maxsize=1)
def code_kinds() -> NDArray[np.uint8]:
    """Kind of every code point of the first plane, [PLANE + 1] uint8; the last is for all others.

    Beyond the first plane are emoji and rare Chinese characters: each is a word of its own.
    """
    kinds = np.full(PLANE + 1, ALONE, dtype=np.uint8)
    for code in range(PLANE):
        character = chr(code)
        if character.isalnum() or category(character)[0] == "M":
            kinds[code] = LETTER
        elif category(character)[0] in "CZ":
            kinds[code] = SPACE
    for first, end in HAN:
        kinds[first:end] = ALONE
    return kinds
