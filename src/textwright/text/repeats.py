"""Texts that go round: the same few words over and over."""

import re
from collections import Counter

from textwright.text.sentences import CHINESE

RUN, TIMES = 4, 3  # so many words in a row that stand so often are no accident
READ = 10_000  # characters of a text that are looked at
WORD = re.compile(rf"[{CHINESE}]|[^\s{CHINESE}]{{1,20}}")


def goes_round(text: str) -> bool:
    """Tell whether some four words in a row stand three times in a text, overlaps counted.

    A Chinese character is a word, and so is each part of 20 characters of a longer one.
    """
    words = WORD.findall(text[:READ])
    runs = Counter(zip(*(words[start:] for start in range(RUN)), strict=False))
    return max(runs.values(), default=0) >= TIMES
