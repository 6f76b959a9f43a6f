"""Text in, answers out, from an artifact alone.

Shapes: N texts, B batch, T tokens, L labels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import ArtifactError, UsageError
from textwright.recipe.data import GENERATE
from textwright.recipe.parts import BagSettings
from textwright.recipe.recipe import Recipe
from textwright.recipe.writing import DrawSettings, WritingSettings
from textwright.runtime.artifact import Artifact
from textwright.runtime.chat import ChatTemplate
from textwright.runtime.language import LanguageSession
from textwright.runtime.sessions import RESTORE, Session
from textwright.runtime.streams import Writer
from textwright.runtime.writing import WriteOptions, WritingSession
from textwright.tasks.generate import OUTPUT, join_answers
from textwright.tasks.language import LanguageScore
from textwright.tasks.table import find_task
from textwright.text.batch import Encoding, join_pairs, make_batch
from textwright.text.examples import PREFIX_END, Input, Pair
from textwright.text.parts import encode_parts
from textwright.text.prompts import open_writing_tokenizer
from textwright.text.tokenizer import CHARACTERS_A_TOKEN, open_tokenizer

Outputs = dict[str, NDArray[Any]]
Answer = Any  # of the task's own kind, such as a ClassifyAnswer: who asks a model knows its task

WINDOW = 4096  # texts encoded at a time: sorting pays within it, memory stays flat beyond it
BATCH_TEXTS = 64
BATCH_TOKENS = 1024  # of one call, padding included: more fall out of a core's cache
MOSTLY = 0.5  # share of unknown tokens above which an answer carries a warning
EMPTY = "The text holds nothing to read."
UNKNOWN = "Most of this text was never seen in training."


class Answerer:
    """A model that answers: its tokenizer, its network, and what its scores mean.

    width: numbers that the network gives for each text.
    Safe to use from several threads at once.
    """

    def __init__(self, artifact: Artifact, *, threads: int = 1) -> None:
        """Open it; threads: batches that may run side by side, each on one core."""
        self.artifact = artifact
        self.threads = threads
        self.labels = artifact.labels
        self.task = find_task(artifact.recipe.task)
        self.encode: Callable[[Sequence[Input]], list[Encoding]] = find_encode(artifact)
        self.parts = count_parts(artifact.recipe)
        self.session: Any = open_session(artifact)
        width = check_network(self.session, artifact, self.task.OUTPUT)
        self.width: int = self.task.check_width(width, self.labels, str(artifact.network), RESTORE)

    @property
    def writer(self) -> Writer | None:
        """What writes its texts token by token; None: it answers otherwise."""
        writer: Writer | None = None if isinstance(self.session, Session) else self.session
        return writer

    def telling(self, tell: Callable[[], None]) -> "Answerer":
        """Give the same model, which calls ``tell`` after each step of what it writes."""
        if self.writer is None:
            return self
        twin = copy(self)
        twin.session = copy(self.session)
        twin.session.networks = self.writer.networks.telling(tell)
        return twin

    @cached_property
    def chat(self) -> ChatTemplate | None:
        """What puts chats together; None: the model was not trained on any.

        Raises ArtifactError for a template that is none.
        """
        source, session = self.artifact.chat_template, self.session
        if source is None or not isinstance(session, LanguageSession):
            return None
        longest = session.settings.context * CHARACTERS_A_TOKEN
        return ChatTemplate(
            source, session.special_tokens, session.tokenizer, session.stops, longest=longest
        )

    def write_by(self, options: WriteOptions) -> None:
        """Write otherwise from now on than the recipe says; not while others ask.

        Raises UsageError for options that cannot be, and for a model that writes nothing.
        """
        if isinstance(self.session, Session):
            what = f"A model of the task {self.artifact.recipe.task!r} writes no text."
            raise UsageError(what, "Leave beam, temperature and the like out.")
        self.session.set_options(options)

    def score(self, texts: Iterable[str]) -> Iterator[LanguageScore]:
        """Say how well a language model predicts each text, whatever its length.

        Raises UsageError for a model of another task.
        """
        if not isinstance(self.session, LanguageSession):
            what = f"A model of the task {self.artifact.recipe.task!r} predicts no text."
            raise UsageError(what, "Name a model of the task 'language'.")
        for text in texts:
            nats, *counts = self.session.score([text])[0].tolist()
            yield LanguageScore(nats, *map(int, counts))

    def run(self, encodings: Sequence[Encoding]) -> Outputs:
        """Run one batch as it is; the caller keeps it within what memory holds.

        Returns every output of the network, each with B rows in the order given.
        """
        texts = [text for each in encodings for text in each.texts]
        outputs: Outputs = self.session.run(make_batch(texts).inputs)
        if self.parts > 1:
            counts = [len(each.texts) for each in encodings]
            outputs[OUTPUT] = join_answers(outputs[OUTPUT], counts)
        return outputs

    def answers(self, encodings: Sequence[Encoding], outputs: Outputs) -> list[Answer]:
        """Turn a batch's outputs into answers, with what the reader should know of the text."""
        plain: list[Answer] = self.task.answers(outputs[self.task.OUTPUT], self.labels)
        known = outputs.get("known")  # [B]
        answers = []
        for row, (encoding, answer) in enumerate(zip(encodings, plain, strict=True)):
            share = None if known is None else float(known[row])
            warning = warn_of(encoding, share) or answer.warning
            if self.task.COUNTED:
                answer = replace(answer, tokens=len(encoding.ids))
            if warning or encoding.truncated:
                answer = replace(answer, truncated=encoding.truncated, warning=warning)
            answers.append(answer)
        return answers

    def predict(self, texts: Iterable[str | tuple[str, str] | Pair]) -> list[Answer]:
        """Answer texts, in their order; an empty one is answered too, with a warning.

        texts: of a model that matches, pairs of them.
        Raises UsageError for texts where pairs are meant, and the other way round.
        """
        return list(self.predict_each(texts))

    def predict_each(self, texts: Iterable[str | tuple[str, str] | Pair]) -> Iterator[Answer]:
        """Answer texts one after the other, however many there are, in flat memory."""
        for encodings in self.windows(texts):
            answers: dict[int, Answer] = {}
            for rows, outputs in self.run_window(encodings):
                chosen = [encodings[row] for row in rows]
                answers.update(zip(rows, self.answers(chosen, outputs), strict=True))
            yield from (answers[row] for row in range(len(encodings)))

    def outputs(self, texts: Iterable[Input]) -> NDArray[Any]:
        """Give what the network says of texts, [N, L]: raw scores of the labels, say.

        Of a language model what each text costs, [N, 4].
        """
        if isinstance(self.session, LanguageSession):
            return self.session.score([str(self.read_input(each)) for each in texts])
        kind = object if isinstance(self.session, WritingSession) else np.float32
        parts = [np.zeros((0, self.width), dtype=kind)]
        for encodings in self.windows(texts):
            part = np.empty((len(encodings), self.width), dtype=kind)
            for rows, outputs in self.run_window(encodings):
                part[rows] = outputs[self.task.OUTPUT]
            parts.append(part)
        return np.concatenate(parts)  # [N, L]

    def windows(self, texts: Iterable[Any]) -> Iterator[list[Encoding]]:
        """Encode texts a window at a time."""
        if isinstance(texts, str | Pair):
            raise UsageError("One text was given where a list is meant.", "Write [text].")
        source = iter(texts)
        while window := list(islice(source, WINDOW)):
            yield self.encode([self.read_input(each) for each in window])

    def read_input(self, given: Any) -> Input:
        """Give a text, or a pair of a model that matches; raises UsageError for the other."""
        if isinstance(given, tuple) and [type(each) for each in given] == [str, str]:
            given = Pair(*given)
        check_input(given, self.task.PAIRED)
        found: Input = given
        return found

    def as_input(self, text: str) -> Input:
        """Give a text as this model takes one: by itself, or as both of a pair."""
        return Pair(text, text) if self.task.PAIRED else text

    def run_window(self, encodings: Sequence[Encoding]) -> Iterator[tuple[list[int], Outputs]]:
        """Run encodings in batches of like length; gives the rows of each with its outputs.

        Threads take batches in turn: shared out inside of a batch, work waits at every layer.
        """
        batches = list(plan_batches([len(each.ids) for each in encodings]))

        def run(rows: list[int]) -> Outputs:
            return self.run([encodings[row] for row in rows])

        if min(self.threads, len(batches)) <= 1:
            yield from zip(batches, map(run, batches), strict=True)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            yield from zip(batches, pool.map(run, batches), strict=True)


def check_input(given: object, paired: bool) -> None:
    """Refuse one text where two are meant, two where one is, and what is no text."""
    if isinstance(given, Pair if paired else str):
        return
    wanted = "two texts, such as (first, second)" if paired else "one text"
    what = f"An input is {str(given)[:80]!r}; this model takes {wanted}."
    raise UsageError(what, "Give each input as the model's task takes it.")


def find_encode(artifact: Artifact) -> Callable[[Sequence[Any]], list[Encoding]]:
    """Give the function that turns texts, or pairs, into what the artifact's network takes."""
    recipe = artifact.recipe
    if isinstance(recipe.encoder, BagSettings):
        from textwright.text.ngrams import encode_bags

        return partial(encode_bags, settings=recipe.encoder)
    if recipe.tokenizer is None:
        raise ArtifactError(f"{artifact.folder} names no tokenizer.", RESTORE)
    open_it = open_writing_tokenizer if recipe.writes else open_tokenizer
    tokenizer = open_it(artifact.tokenizer, recipe.tokenizer)
    if recipe.reads_pairs:
        return lambda pairs: tokenizer.encode_pairs([each.texts for each in pairs])
    if isinstance(recipe.decoder, DrawSettings):
        most = recipe.decoder.context - recipe.decoder.max_tokens
        return lambda texts: [tokenizer.encode_end(each, most) for each in texts]
    encode = tokenizer.encode
    if (parts := count_parts(recipe)) > 1:
        openings = tuple(f"{task}{PREFIX_END}" for task in recipe.data.tasks)
        return lambda texts: [
            encode_parts(tokenizer, each, parts, next(filter(each.startswith, openings), ""))
            for each in texts
        ]
    if find_task(recipe.task).PAIRED:
        return lambda pairs: join_pairs(encode([text for each in pairs for text in each.texts]))
    return encode


def count_parts(recipe: Recipe) -> int:
    """Give the most parts in which a recipe's model reads a text, each by itself."""
    return recipe.decoder.parts if isinstance(recipe.decoder, WritingSettings) else 1


AnySession = Session | WritingSession | LanguageSession


def open_session(artifact: Artifact) -> AnySession:
    """Open what an artifact answers with."""
    if artifact.manifest.task in GENERATE:
        return WritingSession(artifact)
    if artifact.manifest.task == "language":
        return LanguageSession(artifact)
    return Session(artifact.network, outside=artifact.read_outside())


def check_network(session: AnySession, artifact: Artifact, output: str) -> object:
    """Refuse a network that takes or gives something else than its recipe says.

    output: what its task reads. Gives the width that the network declares for it.
    """
    is_bag = isinstance(artifact.recipe.encoder, BagSettings)
    takes = {"slots", "counts"} if is_bag else {"ids", "mask", "types"}
    gives = {output, "known"} if is_bag else {output}
    if not (set(session.inputs) <= takes and gives <= set(session.outputs)):
        what = f"{artifact.network} takes {', '.join(session.inputs)}"
        raise ArtifactError(f"{what} and gives {', '.join(session.outputs)}.", RESTORE)
    return session.width(output)


def warn_of(encoding: Encoding, known: float | None) -> str:
    """Say what is unusual about a text, or nothing.

    known: share of its n-grams seen in training; None where tokens tell it.
    """
    if encoding.apart is not None:
        return next(filter(None, (warn_of(each, known) for each in encoding.texts)), "")
    read = len(encoding.ids) - encoding.added
    if read <= 0:
        return EMPTY
    if known is None:
        known = 1.0 - np.count_nonzero(encoding.ids == encoding.unknown) / read
    return UNKNOWN if 1.0 - known > MOSTLY else ""


def plan_batches(
    lengths: Sequence[int], *, texts: int = BATCH_TEXTS, tokens: int = BATCH_TOKENS
) -> Iterator[list[int]]:
    """Group positions by length, each group within a budget of texts and of padded tokens.

    A single text longer than the budget stands alone. Together every position once.
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        longest = max(lengths[row], 1)  # the last one is the longest: they come sorted
        if batch and (len(batch) == texts or (len(batch) + 1) * longest > tokens):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
