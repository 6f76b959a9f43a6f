"""Plain text as sentences and as words, without a tokenizer, in English and Chinese alike."""

import re
from collections.abc import Iterable
from itertools import islice, pairwise

SENTENCE_END = re.compile(
    r"""(?<![.!?])[.!?]++["')\]]*+\s+|[。！？；…]+[”’」』）]*\s*|\n\s*"""
)  # each character is looked at a few times at most, however many marks there are in a row
CHINESE = "\u3400-\u9fff\uf900-\ufaff"  # the ranges of most Chinese characters
NO_BLANK = re.compile(rf"[{CHINESE}。！？；，、：…」』）]")  # comes behind these
WORD = re.compile(rf"[{CHINESE}]|(?:(?![{CHINESE}])[^\W_])+")


def split_sentences(text: str) -> list[str]:
    """Cut a text behind each sentence; joined, the pieces are the text again.

    A sentence ends at its mark, or where a line does. A point behind a shortened word, as in
    "Mr. Smith", is taken for such a mark.
    """
    edges = [0, *(each.end() for each in SENTENCE_END.finditer(text)), len(text)]
    pieces = [text[first:end] for first, end in pairwise(edges)]
    return [each for each in pieces if each]


def split_words(text: str) -> list[str]:
    """Give the runs of letters and digits in small letters, each Chinese character by itself."""
    return WORD.findall(text.lower())


def first_words(text: str, count: int) -> str:
    """Cut a text behind so many words, 1 at least, or give it whole where it has no more."""
    ends = [each.end() for each in islice(WORD.finditer(text), count + 1)]
    return text[: ends[count - 1]] if len(ends) > count else text


def join_texts(texts: Iterable[str]) -> str:
    """Put texts one behind the other, a blank between, but not behind Chinese."""
    joined = ""
    for text in filter(None, texts):
        between = "" if not joined or NO_BLANK.search(joined[-1]) else " "
        joined += between + text
    return joined
