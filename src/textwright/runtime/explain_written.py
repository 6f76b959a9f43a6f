"""Where a network that writes looked while it wrote each word.

Shapes: S words of the source, T words written; tokens of both until they are put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.runtime.answer import Answerer
from textwright.runtime.words_read import Span, join_pieces, token_words
from textwright.runtime.writing import WritingSession, answer_of
from textwright.tasks.generate import OUTPUT, GenerateAnswer
from textwright.text.batch import make_batch
from textwright.text.tokenizer import BLANK, END, Tokenizer, clean_text


@dataclass(frozen=True, eq=False)
class Attended:
    """What was written from a text, and how the attention lay while it was.

    text:      the text as given, of which ``source`` are the words that were read.
    written:   the words of the answer; of Chinese its characters.
    attention: [T, S] float, of each word written the share of the attention that each word read
               had, 0 to 1: the mean over the word's tokens, and over the heads where there are
               such.
    """

    text: str
    answer: GenerateAnswer
    source: tuple[str, ...]
    written: tuple[str, ...]
    attention: NDArray[np.float64]

    def table(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        return {
            "text": self.text,
            "answer": self.answer.table(),
            "source": list(self.source),
            "written": list(self.written),
            "attention": self.attention.tolist(),
        }


def explain_written(answerer: Answerer, session: WritingSession, given: str) -> Attended:
    """Write from a text, and tell where the network looked for each word.

    A text that the model would read in parts is cut here as if there were one.
    Raises UsageError for a network that shows no attention.
    """
    text = clean_text(given)
    encodings = session.tokenizer.encode([text], offsets=True)
    inputs = make_batch(encodings).inputs
    (found,) = session.write(inputs)
    tokens = list(found[0].tokens)
    written = np.empty((1, 1), dtype=object)
    written[0, 0] = answer_of(found, session.tokenizer)
    (answer,) = answerer.answers(encodings, {OUTPUT: written})
    told = np.array([END, *tokens[:-1]], dtype=np.int64)  # one at least: no graph takes none
    state = session.networks.begin(1, inputs)
    looked = session.networks.attend(told[None, None], state)[0, 0, : len(tokens)]  # tokens of both
    spans, owners = token_words(text, encodings[0])
    words, belongs = written_words(tokens, session.tokenizer)
    read = gather(owners, len(spans))
    mine = gather(belongs, len(words))
    counts = np.maximum(mine.sum(axis=0), 1)[:, None]
    return Attended(
        text,
        answer,
        tuple(text[slice(*span)] for span in spans),
        words,
        mine.T @ looked[:, : len(owners)].astype(np.float64) @ read / counts,
    )


def gather(owners: Sequence[int | None], words: int) -> NDArray[np.float64]:
    """Give 1 where a token is of a word, [tokens, words]; a token of blanks alone is of none."""
    found = np.zeros((len(owners), words))
    for token, word in enumerate(owners):
        if word is not None:
            found[token, word] = 1
    return found


def written_words(
    tokens: Sequence[int], tokenizer: Tokenizer
) -> tuple[tuple[str, ...], list[int | None]]:
    """Give the words that tokens make up, and which of them each token belongs to."""
    pieces = [tokenizer.words[each].replace(BLANK, " ") for each in tokens]
    text = "".join(pieces)
    edges: list[Span] = list(pairwise(accumulate(map(len, pieces), initial=0)))
    spans, owners = join_pieces(text, edges)
    return tuple(text[slice(*span)] for span in spans), owners
