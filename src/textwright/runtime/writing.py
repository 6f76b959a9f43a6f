"""Exported networks that write: sources in, texts out, without torch.

Shapes: N sources, K rows of each (beams or samples), S source tokens, V vocabulary.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import UsageError
from textwright.recipe.writing import MOST_TEXTS, DrawSettings, SearchSettings
from textwright.runtime.artifact import Artifact
from textwright.runtime.sessions import Session
from textwright.structures.joining import PADS, Axes
from textwright.structures.sampling import GREEDY, Sampling, sample
from textwright.structures.search import Beam, search_beams
from textwright.structures.writing import Arrays, Bounds, Floats, Ints, State, Written
from textwright.tasks.generate import OUTPUT, GenerateAnswer
from textwright.text.batch import Encoding, make_batch
from textwright.text.prompts import open_writing_tokenizer
from textwright.text.tokenizer import Tokenizer

SOURCE, PAST, NEW = "source.", "past.", "new."  # as the graphs name what goes from step to step
PART = 256  # tokens read in one call: with all of a long text attention would take its square
LEAST = 10  # tokens that may be written besides those that the source's length allows


@dataclass(frozen=True, eq=False)
class Prompt:
    """A text as it is read before one is written.

    ids:       [T] int64.
    room:      most tokens that may be written; below 1: there is no room for any.
    usual:     most tokens that are written where nobody says.
    truncated: it was longer than the model reads, and was cut.
    """

    ids: Ints
    room: int
    usual: int
    truncated: bool = False


class Networks:
    """One network that goes on by tokens, and one that reads sources, if there are any.

    tell: called after each call of one.
    """

    def __init__(self, step: Session, reader: Session | None = None) -> None:
        self.step, self.reader = step, reader
        shapes = {each.name: each.shape for each in step.inner.get_inputs()}
        self.past = {name: each for name, each in shapes.items() if name.startswith(PAST)}
        self.axes = Axes(find_axis(shapes, SOURCE, "S"), find_axis(shapes, PAST, "P"))
        self.tell: Callable[[], None] = lambda: None

    def telling(self, tell: Callable[[], None]) -> "Networks":
        """Give the same networks, which call ``tell`` after each call of one."""
        twin = copy(self)
        twin.tell = tell
        return twin

    @property
    def ragged(self) -> bool:
        """Whether texts of different lengths can go on together."""
        return not self.axes.past or SOURCE + PADS in self.step.inputs

    def begin(self, count: int, inputs: Arrays | None = None) -> State:
        """Read so many sources; what they do not give of a past before the first token is zeros."""
        found: dict[str, NDArray[Any]] = dict(self.reader.run(inputs or {}) if self.reader else {})
        self.tell()
        sizes = {"N": count, "K": 1, "P": 0}
        past = {
            name: np.zeros([sizes.get(each, each) for each in shape], dtype=np.float32)
            for name, shape in self.past.items()
            if name not in found
        }
        if SOURCE + PADS in self.step.inputs:
            found[SOURCE + PADS] = np.zeros(count, dtype=np.int64)
        return State(take_named(found, SOURCE), take_named(found | past, PAST))

    def advance(self, tokens: Ints, state: State) -> tuple[Floats, State]:
        """Take one token further, as ``structures.writing.Step`` says."""
        logits, state = self.read(tokens[:, :, None], state)
        return logits[:, :, 0], state

    def read(
        self, tokens: Ints, state: State, *, wanted: int | None = None
    ) -> tuple[Floats, State]:
        """Take tokens [N, K, T] further; gives the logits after each, [N, K, T, V].

        wanted: for how many of the last tokens, where a network can leave the others out.
        """
        found = self.go_on(tokens, state, wanted)
        return found["logits"], State(state.source, take_named(found, NEW + PAST))

    def read_parts(
        self, tokens: Ints, state: State, *, size: int = PART, wanted: int | None = None
    ) -> Iterator[tuple[Floats, State]]:
        """Take tokens [N, K, T] further as ``read`` does, so many at a time; gives it of each."""
        for first in range(0, tokens.shape[2], size):
            logits, state = self.read(tokens[:, :, first : first + size], state, wanted=wanted)
            yield logits, state

    def attend(self, tokens: Ints, state: State) -> Floats:
        """Give where the network looks after each of tokens [N, K, T]: [N, K, T, S], 0 to 1.

        Raises UsageError for a network that does not say.
        """
        if "attention" not in self.step.outputs:
            what = "This model's network shows no attention."
            raise UsageError(what, "Explain one with a decoder that was trained here.")
        return self.go_on(tokens, state)["attention"]

    def go_on(self, tokens: Ints, state: State, wanted: int | None = None) -> dict[str, Floats]:
        """Run the network that goes on by tokens; gives all its outputs."""
        named = {SOURCE: state.source, PAST: state.past}
        inputs = {f"{kind}{name}": each for kind in named for name, each in named[kind].items()}
        inputs["wanted"] = np.array([wanted or tokens.shape[2]], dtype=np.int64)
        outputs = self.step.run({"tokens": tokens, **inputs})
        self.tell()
        return outputs


@dataclass(frozen=True)
class WriteOptions:
    """How to write, where it is not as the recipe says; checked when it is used.

    beam:        texts kept alive in the search; None: as many as the recipe says, or the recipe
                 draws tokens and does not search.
    best:        texts to give for each source, best first; of a search at most ``beam``.
    temperature: draw each token; None: as the recipe says, or it searches and does not draw.
    top_k, top_p, repetition_penalty, seed: of drawing, as ``Sampling`` has them; a top p of None
                 is the recipe's, if it has one.
    """

    beam: int | None = None
    best: int = 1
    temperature: float | None = None
    top_k: int = 0
    top_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int = 0

    def how(self, settings: SearchSettings | DrawSettings) -> Beam | Sampling:
        """Give the search, or how tokens are drawn; raises UsageError for what cannot be.

        settings: the recipe's, of a model that searches, or of one that draws.
        """
        if not 1 <= self.best <= MOST_TEXTS:
            raise UsageError(f"{self.best} texts are asked for.", f"Ask for 1 to {MOST_TEXTS}.")
        if isinstance(settings, DrawSettings):
            if self.beam is None:
                return self.drawn(settings)
            settings = SearchSettings()
        if self.temperature is not None:
            return self.drawn(DrawSettings())
        if (self.top_k, self.top_p, self.repetition_penalty, self.seed) != (0, None, 1.0, 0):
            what = "top k, top p, a repetition penalty and a seed are for drawing tokens."
            raise UsageError(what, "Give a temperature, and no beam.")
        width = settings.beam if self.beam is None else self.beam
        if width > MOST_TEXTS:
            raise UsageError(f"The beam is {width}.", f"Keep at most {MOST_TEXTS} texts alive.")
        if self.best > width:
            what = f"The best {self.best} texts are asked for, the beam keeps {width}."
            raise UsageError(what, "Ask for a wider beam, or for fewer texts.")
        return Beam(width, settings.length_penalty, self.best)

    def drawn(self, usual: DrawSettings) -> Sampling:
        """Give how tokens are drawn, as usual where nothing else is said."""
        temperature = usual.temperature if self.temperature is None else self.temperature
        top_p = usual.top_p if self.top_p is None else self.top_p
        limits = {
            "The temperature": (temperature, 0.0, 100.0),
            "top k": (self.top_k, 0, 2**31),
            "top p": (top_p, 1e-6, 1.0),
            "The repetition penalty": (self.repetition_penalty, 1e-3, 1e3),
            "The seed": (self.seed, 0, 2**63 - 1),
        }
        if self.beam is not None:
            what = "Both a beam and a temperature were given."
            raise UsageError(what, "Search for the best text, or draw one.")
        for name, (value, low, high) in limits.items():
            if not low <= value <= high:
                raise UsageError(f"{name} is {value:g}.", f"It must be from {low:g} to {high:g}.")
        return Sampling(temperature, self.top_k, top_p, self.repetition_penalty, self.seed)


class WritingSession:
    """What a model writes with: its networks, its tokenizer, and how texts are chosen.

    how:  the search, or how tokens are drawn.
    best: texts to give for each source.
    """

    inputs = ("ids", "mask")
    outputs = (OUTPUT,)
    usual = GREEDY  # how one text is written token by token, where nobody says otherwise

    def __init__(self, artifact: Artifact) -> None:
        """Load both; raises ArtifactError when a file is no network that this program can run."""
        settings, tokens = artifact.recipe.decoder, artifact.recipe.tokenizer
        assert isinstance(settings, SearchSettings)
        assert tokens is not None
        self.settings = settings
        reader, step = (Session(each) for each in (artifact.network, artifact.step))
        self.networks = Networks(step, reader)
        self.tokenizer = open_writing_tokenizer(artifact.tokenizer, tokens)
        self.stops, self.banned = self.tokenizer.edges.stops, self.tokenizer.edges.banned
        self.set_options(WriteOptions())

    def set_options(self, options: WriteOptions) -> None:
        """Write otherwise from now on; raises UsageError for what cannot be."""
        self.how: Beam | Sampling = options.how(self.settings)
        self.best = options.best

    def width(self, _output: str) -> int:
        """Give how many answers there are to a source: one."""
        return 1

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """Write a text for each source; returns the answers, [N, 1], under the task's name."""
        texts = np.empty((len(inputs["ids"]), 1), dtype=object)
        for row, found in enumerate(self.write(inputs)):
            texts[row, 0] = answer_of(found, self.tokenizer)
        return {OUTPUT: texts}

    def write(self, inputs: Arrays) -> list[list[Written]]:
        """Write from each source, best text first."""
        count = len(inputs["ids"])
        bounds = Bounds(
            first=np.full(count, self.tokenizer.edges.start),
            longest=self.longest(inputs["mask"].sum(axis=1)),
            stops=self.stops,
            banned=self.banned,
        )
        state = self.begin(count, inputs)
        if isinstance(self.how, Beam):
            return search_beams(self.networks.advance, state, bounds, self.how)
        found = sample(self.networks.advance, state, bounds, [self.how] * count, count=self.best)
        return [sorted(each, key=lambda text: -text.score) for each in found]

    def longest(self, read: NDArray[np.int64]) -> Ints:
        """Give most tokens to write, by those that were read [N]."""
        most = LEAST + np.floor(read * self.settings.max_ratio)
        longest: Ints = np.minimum(most, self.settings.max_tokens).astype(np.int64)
        return longest

    def encode_prompt(self, text: str, *, marked: bool = False) -> Prompt:  # noqa: ARG002
        """Give a source as it is read; special tokens in it are plain characters always."""
        (encoding,) = self.tokenizer.encode([text])
        usual = int(self.longest(np.array([max(len(encoding.ids), 1)]))[0])
        return Prompt(encoding.ids, self.settings.max_tokens, usual, encoding.truncated)

    def read_prompt(self, prompt: Prompt) -> Iterator[State]:
        """Read a source; gives the state after it."""
        yield self.begin(1, make_batch([Encoding(prompt.ids)]).inputs)

    def written_on(self, _prompt: Prompt) -> list[int]:
        """Give the token that every text begins after."""
        return [self.tokenizer.edges.start]

    def begin(self, count: int, inputs: Arrays) -> State:
        """Read so many sources, and what stands before every text that is written."""
        state = self.networks.begin(count, inputs)
        before = np.array(self.tokenizer.edges.before, dtype=np.int64)
        if len(before):
            _, state = self.networks.read(np.tile(before, (count, 1, 1)), state, wanted=1)
        return state


def answer_of(found: Sequence[Written], tokenizer: Tokenizer) -> GenerateAnswer:
    """Turn the texts of one source into an answer: the best, and those beside it."""
    texts = [tokenizer.decode(each.tokens) for each in found]
    return GenerateAnswer(
        texts[0],
        "stop" if found[0].finished else "length",
        found[0].score,
        tuple((text, each.score) for text, each in zip(texts[1:], found[1:], strict=True)),
    )


def find_axis(shapes: Mapping[str, Sequence[object]], start: str, letter: str) -> dict[str, int]:
    """Give, by the rest of their names, which axis of the arrays that begin so has a letter."""
    return {
        name.removeprefix(start): list(shape).index(letter)
        for name, shape in shapes.items()
        if name.startswith(start) and letter in shape
    }


def take_named(arrays: Arrays, start: str) -> dict[str, NDArray[Any]]:
    """Give the arrays whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(start): each for name, each in arrays.items() if name.startswith(start)
    }
