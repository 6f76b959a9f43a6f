"""The words of a text that a model reads, by its own tokens, and its attention on each."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from textwright.recipe.parts import BagSettings
from textwright.runtime.answer import Answerer
from textwright.text.batch import Encoding
from textwright.text.ngrams import LETTER, SPACE, code_points, find_kinds
from textwright.text.tokenizer import open_tokenizer

Span = tuple[int, int]  # first and one past the last code point


@dataclass(frozen=True)
class WordsRead:
    """The words of one text.

    spans:  of each word, in the text as given, in order.
    shares: of the network's attention on each, 0 to 1; None where it has none.
    """

    spans: tuple[Span, ...]
    shares: tuple[float, ...] | None = None

    @property
    def end(self) -> int:
        """One past the last code point that is read."""
        return self.spans[-1][1] if self.spans else 0


def read_words(answerer: Answerer, texts: Sequence[str]) -> list[WordsRead]:
    """Find the words of each text of an input; attention is told where there is one text."""
    recipe = answerer.artifact.recipe
    if isinstance(recipe.encoder, BagSettings):
        return [WordsRead(bag_words(text[: recipe.encoder.max_characters])) for text in texts]
    assert recipe.tokenizer is not None  # the answerer has opened it
    tokenizer = open_tokenizer(answerer.artifact.tokenizer, recipe.tokenizer)
    encodings = tokenizer.encode(texts, offsets=True)
    if len(texts) > 1:
        return [WordsRead(token_words(*pair)[0]) for pair in zip(texts, encodings, strict=True)]
    spans, owners = token_words(texts[0], encodings[0])
    outputs = answerer.run(encodings)
    if "attention" not in outputs:
        return [WordsRead(spans)]
    shares = np.zeros(len(spans))
    attention = outputs["attention"][0, : len(owners)]  # [T]
    belongs = np.array([owner is not None for owner in owners], dtype=np.bool_)
    np.add.at(shares, [owner for owner in owners if owner is not None], attention[belongs])
    return [WordsRead(spans, tuple(shares.tolist()))]


def bag_words(text: str) -> tuple[Span, ...]:
    """Find the words of the n-grams: runs of letters and digits, and every other mark."""
    kinds = find_kinds(code_points([text]))[:-1]  # less the line break after it
    return join_pieces(text, [(at, at + 1) for at in np.flatnonzero(kinds != SPACE).tolist()])[0]


def token_words(text: str, encoding: Encoding) -> tuple[tuple[Span, ...], list[int | None]]:
    """Find the words that a text's tokens are of; gives the word of each token, too."""
    assert encoding.offsets is not None  # they were asked for
    return join_pieces(text, [(start, end) for start, end in encoding.offsets.tolist()])


def join_pieces(text: str, pieces: Sequence[Span]) -> tuple[tuple[Span, ...], list[int | None]]:
    """Join the pieces of each word: those that overlap, or part two letters or digits.

    Pieces come in order, but that a window may begin with some of the one before.

    A Chinese character parts from the next unless one piece holds both, as a word of jieba does.
    Gives the words, and which of them each piece belongs to; None for a piece of blanks alone.
    """
    kinds = find_kinds(code_points([text]))
    words: list[Span] = []
    owners: list[int | None] = []
    for start, end in pieces:
        while start < end and kinds[start] == SPACE:
            start += 1  # a piece may begin with the blank before its word
        if start == end:
            owners.append(None)
            continue
        last = words[-1][1] if words else -1
        inside = start == last and kinds[start - 1] == LETTER and kinds[start] == LETTER
        owner = bisect(words, start - inside, key=itemgetter(1))  # the first that ends behind it
        if owner == len(words):
            words.append((start, end))
        words[owner] = (words[owner][0], max(end, words[owner][1]))
        owners.append(owner)
    return tuple(words), owners
