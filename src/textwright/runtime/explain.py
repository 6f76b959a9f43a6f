"""Which words of a text, or of a pair, an answer rests on.

Each word is left out in turn and the network asked again: what the label's log-probability loses,
or a score, is what the word was worth (Li, Monroe and Jurafsky 2016, section 2, without dividing by
it). The word is taken out of the text itself, so the same is done to every model, whatever it
reads. To put [UNK] in its place would keep the length, but ask about a token that a model has
hardly seen in training, and n-grams have none. A text of one word leaves the empty text.

Shapes: N inputs, L labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import UsageError, unknown_name
from textwright.runtime.answer import Answerer
from textwright.runtime.explain_written import Attended, explain_written
from textwright.runtime.words_read import Span, WordsRead, read_words
from textwright.runtime.writing import WritingSession
from textwright.tasks.match import read_scores
from textwright.text.examples import Input, Pair
from textwright.text.labels import Labels, Scale
from textwright.text.tokenizer import clean_text

MOST = 256  # times an input is asked again; of one with more words, several are left out together


@dataclass(frozen=True)
class Word:
    """A word of a text, or several in a row where there are too many.

    place:      of its text in the input: 0, or 1 for the second of a pair.
    start, end: first and one past the last code point of the text as given.
    effect:     what is explained loses without the word; below 0 the word spoke against it.
    attention:  share of the network's attention on it, 0 to 1; None where it has none.
    """

    text: str
    place: int
    start: int
    end: int
    effect: float
    attention: float | None = None


@dataclass(frozen=True)
class Explanation:
    """What each word did to an answer.

    Effects do not add up: words that say the same stand in for each other, and those that only
    mean something together count for each.

    texts:    the text, or both of a pair.
    answer:   what the model says of them.
    label:    whose log-probability, in nats, is explained; empty: the score is, on its scale.
    value:    the label's probability, or the score.
    read:     code points of each text that the model reads: there is no word beyond.
    together: words left out at a time, 1 unless there are more than ``MOST``.
    """

    texts: tuple[str, ...]
    answer: Any
    label: str
    value: float
    read: tuple[int, ...]
    together: int
    words: tuple[Word, ...]

    def table(self) -> dict[str, Any]:
        """Give the explanation as plain values; what does not apply is left out."""
        words = (vars(word).items() for word in self.words)
        return {
            "texts": list(self.texts),
            "answer": self.answer.table(),
            **({"label": self.label, "probability": self.value} if self.label else {}),
            **({} if self.label else {"score": self.value}),
            "read": list(self.read),
            "together": self.together,
            "words": [{key: each for key, each in word if each is not None} for word in words],
        }


def explain(
    answerer: Answerer, given: str | tuple[str, str] | Pair, *, label: str = ""
) -> Explanation | Attended:
    """Explain an answer word by word, or what was written by where the network looked.

    Takes and raises what ``explain_words`` and ``explain_written`` do.
    """
    if not isinstance(answerer.session, WritingSession):
        return explain_words(answerer, given, label=label)
    if label:
        hint = "Leave the label out: shown is where the network looked."
        raise UsageError(f"This model writes, and has no label such as {label!r}.", hint)
    return explain_written(answerer, answerer.session, str(answerer.read_input(given)))


def explain_words(
    answerer: Answerer, given: str | tuple[str, str] | Pair, *, label: str = ""
) -> Explanation:
    """Explain an answer word by word.

    given: a text, or a pair for a model that matches.
    label: which label to explain; the answered one when left out.
    Asks the network at most ``MOST`` + 4 times, in batches. Empty texts have no words.
    Raises UnknownNameError for a label that the model does not have, UsageError for one where
    the answer is a number, and for a model whose answers have neither.
    """
    read = answerer.read_input(given)
    texts = tuple(map(clean_text, read.texts if isinstance(read, Pair) else (read,)))
    whole = make_input(texts)
    (answer,) = answerer.predict([whole])
    label = find_label(answerer, answer, label)
    words = read_words(answerer, texts)
    count = sum(len(each.spans) for each in words)
    together = max(1, -(-count // (MOST - 1)))  # each text may end with a shorter run
    runs = list(join_words(words, together))
    kept = tuple(text[: each.end] for text, each in zip(texts, words, strict=True))
    asked = [whole, *(make_input(leave_out(kept, place, span)) for place, span, _ in runs)]
    values = measure(answerer, asked, label)  # [N]
    return Explanation(
        texts=texts,
        answer=answer,
        label=label,
        value=float(np.exp(values[0]) if label else values[0]),
        read=tuple(each.end for each in words),
        together=together,
        words=tuple(
            Word(texts[place][slice(*span)], place, *span, float(values[0] - without), attention)
            for (place, span, attention), without in zip(runs, values[1:], strict=True)
        ),
    )


def make_input(texts: Sequence[str]) -> Input:
    """Give one text as it is, two as a pair."""
    return Pair(*texts) if len(texts) > 1 else texts[0]


def leave_out(texts: Sequence[str], place: int, span: Span) -> list[str]:
    """Give the texts, less a span of one of them."""
    start, end = span
    return [
        text[:start] + text[end:] if number == place else text for number, text in enumerate(texts)
    ]


def join_words(
    words: Sequence[WordsRead], together: int
) -> Iterator[tuple[int, Span, float | None]]:
    """Give runs of words: the place of the text, the span, and the attention on all of it."""
    for place, each in enumerate(words):
        for at in range(0, len(each.spans), together):
            run = each.spans[at : at + together]
            share = None if each.shares is None else sum(each.shares[at : at + together])
            yield place, (run[0][0], run[-1][1]), share


def find_label(answerer: Answerer, answer: Any, label: str) -> str:
    """Give the label to explain; empty where the answer is a number."""
    labels = answerer.labels
    task = answerer.artifact.recipe.task
    if isinstance(labels, Scale) and labels.kind != "binary":
        if label:
            what = f"This model answers with a number, not with a label such as {label!r}."
            raise UsageError(what, "Leave the label out: the score is explained.")
        return ""
    if not labels.names:
        what = f"An answer of the task {task!r} has no label or score to explain."
        raise UsageError(what, "Explain a model that classifies, matches, or writes from a text.")
    if label and label not in labels.names:
        raise unknown_name("label", label, labels.names)
    return label or str(answer.label)


def measure(answerer: Answerer, inputs: Sequence[Input], label: str) -> NDArray[np.float64]:
    """Give a label's log-probability for each input, [N] float; its score where there is none."""
    labels = answerer.labels
    outputs = answerer.outputs(inputs)
    if not label:
        assert isinstance(labels, Scale)
        return read_scores(outputs, labels)[:, 0]
    place = labels.names.index(label)
    if isinstance(labels, Scale):  # one number for two labels, of which it speaks for the second
        sign = 1.0 if place else -1.0
        return -np.logaddexp(0, -sign * outputs[:, 0].astype(np.float64) / labels.temperature)
    return log_probabilities(outputs, labels)[:, place]


def log_probabilities(logits: NDArray[np.float32], labels: Labels) -> NDArray[np.float64]:
    """Logarithms of calibrated probabilities, [N, L] float up to 0; they never overflow."""
    scaled = logits.astype(np.float64) / labels.temperature
    if labels.multi:
        return -np.logaddexp(0, -scaled)
    return scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True)
