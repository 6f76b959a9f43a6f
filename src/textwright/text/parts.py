"""A text longer than a model reads, in parts that it reads one by one, cut between sentences."""

from collections.abc import Iterator, Sequence

import numpy as np

from textwright.text.batch import Encoding
from textwright.text.sentences import split_sentences
from textwright.text.tokenizer import CHARACTERS_A_TOKEN, Tokenizer


def encode_parts(tokenizer: Tokenizer, text: str, most: int, opening: str = "") -> Encoding:
    """Encode a text in at most so many parts of ``max_tokens`` each, told apart by ``apart``.

    A part ends where the next sentence would not fit in; a longer sentence is cut where it must
    be. What the parts do not hold is cut off, and ``truncated`` says so. A text that fits into
    one part is encoded as ever.

    opening: what the text begins with, and each of its parts, too.
    """
    (whole,) = tokenizer.encode([text])
    if not whole.truncated:
        return whole
    longest = most * tokenizer.settings.max_tokens * CHARACTERS_A_TOKEN
    head, rest = tokenizer.encode_whole(opening), text[len(opening) : longest]
    room = max(1, tokenizer.settings.max_tokens - len(head))
    packed = list(pack([tokenizer.encode_whole(each) for each in split_sentences(rest)], room))
    if not packed:  # blanks alone, however many
        return whole
    parts = tuple(Encoding(np.array([*head, *each])) for each in packed[:most])
    return Encoding(
        np.concatenate([each.ids for each in parts]),
        truncated=len(packed) > most or len(text) > longest,
        apart=parts,
    )


def pack(lines: Sequence[list[int]], room: int) -> Iterator[list[int]]:
    """Put lines of tokens together while there is room; a line that is too long is cut."""
    part: list[int] = []
    for line in lines:
        if part and len(part) + len(line) > room:
            yield part
            part = []
        part = part + line
        while len(part) > room:
            yield part[:room]
            part = part[room:]
    if part:
        yield part
