"""How much of what a model writes is copied word for word from texts that it learned to write.

What stands in the source, too, is no leak: a summary may quote its text.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from textwright.text.sentences import split_words

SHORTEST = 4  # words of a span that counts: of fewer any two texts share some


def measure_copies(
    written: Sequence[str], sources: Sequence[str], learned: Iterable[str]
) -> dict[str, Any]:
    """Find of each text the longest span that some text learned has and its source has not.

    Returns ``longest``, its words, 0 where no span has ``words`` (``SHORTEST``) of them; and
    ``share``, that of the texts with such a span. Exact, and only what was written is kept in
    memory: the texts learned pass by once.
    """
    texts = [split_words(each) for each in written]
    lengths = match_spans(texts, map(split_words, learned))
    longest = [
        longest_copy(spans, *match_spans([words], [split_words(source)]))
        for words, spans, source in zip(texts, lengths, sources, strict=True)
    ]
    share = sum(each > 0 for each in longest) / max(len(longest), 1)
    return {"words": SHORTEST, "longest": max(longest, default=0), "share": share}


def longest_copy(learned: Sequence[int], source: Sequence[int]) -> int:
    """Give the longest of spans that go further in a text learned than in the source.

    Both hold, of each place of a text, the longest span from there on that was found.
    """
    return max((ours for ours, own in zip(learned, source, strict=True) if ours > own), default=0)


def match_spans(
    texts: Sequence[Sequence[str]], passing: Iterable[Sequence[str]]
) -> list[list[int]]:
    """Give of each place of each text the longest span from there on that a passing text has.

    0 where it has fewer than ``SHORTEST`` words. Each span of so many words of a passing text is
    looked up among those of the texts, and followed from there.
    """
    found = [[0] * len(each) for each in texts]
    starts: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for row, words in enumerate(texts):
        for at in range(len(words) - SHORTEST + 1):
            starts[tuple(words[at : at + SHORTEST])].append((row, at))
    for other in passing:
        for place in range(len(other) - SHORTEST + 1):
            for row, at in starts.get(tuple(other[place : place + SHORTEST]), ()):
                length = follow(texts[row], at, other, place)
                found[row][at] = max(found[row][at], length)
    return found


def follow(words: Sequence[str], at: int, other: Sequence[str], place: int) -> int:
    """Count the words that two texts have in common from two places on, ``SHORTEST`` at least."""
    length = SHORTEST
    most = min(len(words) - at, len(other) - place)
    while length < most and words[at + length] == other[place + length]:
        length += 1
    return length
