"""The word of a large vocabulary that is spelled most like one that is not there."""

from collections.abc import Sequence
from difflib import get_close_matches

MOST_COMPARED = 20_000  # words; difflib takes a fraction of a second for so many


def find_spelling(word: str, words: Sequence[str]) -> str | None:
    """Find the nearest spelling among words, commonest first; None if none is near.

    The same word in another case comes first, then a word of nearly the same length that begins
    or ends with the same character.
    """
    folded = word.casefold()
    candidates: list[str] = []
    for each in words:
        if each.casefold() == folded:
            return each
        alike = each[:1] == word[:1] or each[-1:] == word[-1:]
        if alike and abs(len(each) - len(word)) <= 1 and len(candidates) < MOST_COMPARED:
            candidates.append(each)
    return next(iter(get_close_matches(word, candidates, n=1)), None)
