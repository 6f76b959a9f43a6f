"""What a set of texts is like: lengths, scripts, and texts that are odd.

Shapes: N texts, C code points.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import category, name

import numpy as np
from numpy.typing import NDArray

from textwright.text.duplicates import is_han
from textwright.text.ngrams import LETTER, batch_texts, code_points, find_kinds

Places = NDArray[np.int64]

CODES = 0x110000  # code points there are
REPLACEMENT = 0xFFFD  # stands where a decoder met bytes that were no text
USUAL = {"\t", "\n", "\r", "\u200c", "\u200d"}  # controls that belong to texts, joiners of scripts
FAR_OUT = 3.0  # interquartile ranges beyond the upper quartile (Tukey 1977, outer fence)
OTHER = "other letters"
KINDS = {"N": "digits", "P": "punctuation", "S": "symbols", "C": "control"}


@dataclass(frozen=True)
class Lengths:
    """How long texts are, in one unit; zeros where there is no text."""

    mean: float
    median: float
    most: float  # 95 of 100 texts are no longer
    longest: int


@dataclass(frozen=True)
class Statistics:
    """Lengths of texts and what they are written in.

    words:   a run of letters and digits is one, and each Chinese character.
    scripts: share of each in all characters but blanks, commonest first: Latin, Han, digits,
             punctuation and so on.
    """

    rows: int
    characters: Lengths
    words: Lengths
    scripts: dict[str, float]


@dataclass(frozen=True)
class Counted:
    """What was counted of each text, and of all characters.

    words:       [N] int64.
    control:     [N] int64, characters that nobody sees: control, format, private, unassigned.
    replacement: [N] int64, U+FFFD.
    codes:       [CODES] int64, how often each code point stands in all of them.
    """

    words: Places
    control: Places
    replacement: Places
    codes: Places


def describe_texts(texts: Sequence[str], counted: Counted) -> Statistics:
    """Sum up texts and what was counted of them."""
    return Statistics(
        rows=len(texts),
        characters=sum_up([len(text) for text in texts]),
        words=sum_up(counted.words),
        scripts=share_scripts(counted.codes),
    )


def find_odd(texts: Sequence[str], counted: Counted) -> dict[str, list[int]]:
    """Give the positions of texts that should be looked at, by what is odd about them.

    very_long: the logarithm of the length lies beyond Tukey's outer fence.
    """
    lengths = np.array([len(text.strip()) for text in texts], dtype=np.int64)
    odd = {
        "empty": lengths == 0,
        "control_characters": counted.control > 0,
        "replacement_characters": counted.replacement > 0,
        "very_long": lengths > far_out(lengths[lengths > 0]),
    }
    return {reason: np.flatnonzero(found).tolist() for reason, found in odd.items()}


def far_out(lengths: Places) -> float:
    """Give the length beyond which a text is far longer than its like."""
    if not len(lengths):
        return 0.0
    low, high = np.quantile(np.log(lengths), (0.25, 0.75))
    return float(np.exp(high + FAR_OUT * (high - low)))


def sum_up(lengths: Iterable[int]) -> Lengths:
    """Sum up lengths."""
    values = np.fromiter(lengths, dtype=np.int64)
    if not len(values):
        return Lengths(0.0, 0.0, 0.0, 0)
    median, most = np.quantile(values, (0.5, 0.95))
    return Lengths(float(values.mean()), float(median), float(most), int(values.max()))


def count_characters(texts: Sequence[str]) -> Counted:
    """Count words and characters of every text, a chunk at a time."""
    codes = np.zeros(CODES, dtype=np.int64)
    parts = [np.zeros((3, 0), dtype=np.int64)]
    for chunk in batch_texts(texts, max(map(len, texts), default=0)):
        found = code_points(chunk)
        owners = np.repeat(np.arange(len(chunk)), [len(text) + 1 for text in chunk])
        occurring = np.bincount(found, minlength=CODES)
        codes += occurring
        marked = [starts_of_words(found), odd_table(occurring)[found], found == REPLACEMENT]
        parts.append(np.stack([np.bincount(owners[mark], minlength=len(chunk)) for mark in marked]))
    codes[ord("\n")] -= len(texts)  # the one that parts them
    words, control, replacement = np.concatenate(parts, axis=1)
    return Counted(words, control, replacement, codes)


def starts_of_words(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Tell where a word starts, [C] bool; punctuation is none."""
    letters = find_kinds(codes) == LETTER
    starts: NDArray[np.bool_] = letters.copy()
    starts[1:] &= ~letters[:-1]
    starts |= is_han(codes)
    return starts


def odd_table(occurring: Places) -> NDArray[np.bool_]:
    """Tell which of the code points that occur are seen by nobody, [CODES] bool."""
    table = np.zeros(CODES, dtype=np.bool_)
    for code in np.flatnonzero(occurring).tolist():
        table[code] = category(chr(code))[0] == "C" and chr(code) not in USUAL
    return table


def share_scripts(codes: Places) -> dict[str, float]:
    """Give each script's share of the characters that are no blanks, largest first."""
    counts: Counter[str] = Counter()
    for code in np.flatnonzero(codes).tolist():
        character = chr(code)
        if not character.isspace():
            counts[script_of(character)] += int(codes[code])
    total = counts.total()
    return {script: count / total for script, count in counts.most_common()}


def script_of(character: str) -> str:
    """Name a letter's script as Unicode does, and for anything else what it is."""
    kind = category(character)[0]
    if kind not in "LM":
        return KINDS[kind]
    called = name(character, "")
    first = called.partition(" ")[0].title()
    if first in ("Cjk", "Ideographic"):
        return "Han"
    return first if "LETTER" in called or "SYLLABLE" in called else OTHER
