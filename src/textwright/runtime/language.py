"""An exported language model: texts in, their probability or what follows them out; no torch.

Shapes: N texts, W windows of one, C tokens read at once, V vocabulary.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.writing import DrawSettings, LanguageSettings
from textwright.runtime.artifact import Artifact
from textwright.runtime.sessions import Session
from textwright.runtime.writing import PART, Networks, Prompt, WriteOptions, answer_of
from textwright.structures.joining import join_states
from textwright.structures.sampling import Sampling, sample
from textwright.structures.search import Beam, search_beams
from textwright.structures.writing import (
    Arrays,
    Bounds,
    Floats,
    Ints,
    State,
    Written,
    log_normalizers,
)
from textwright.tasks.language import OUTPUT
from textwright.text.edges import NOTHING
from textwright.text.prompts import open_writing_tokenizer
from textwright.text.special_tokens import SpecialTokens
from textwright.text.tokenizer import CHARACTERS_A_TOKEN

MOST_NUMBERS = 16_000_000  # logits, or eight heads' attention, at once while scoring: 64 MB


class LanguageSession:
    """What a language model answers with: its network, its tokenizer, and how tokens are drawn."""

    inputs = ("ids", "mask")
    outputs = (OUTPUT,)

    def __init__(self, artifact: Artifact) -> None:
        """Load it; raises ArtifactError when the file is no network that this program can run."""
        settings, tokens = artifact.recipe.decoder, artifact.recipe.tokenizer
        assert isinstance(settings, DrawSettings)
        assert tokens is not None
        self.settings = settings
        self.networks = Networks(Session(artifact.network))
        self.tokenizer = open_writing_tokenizer(artifact.tokenizer, tokens)
        goes_on = isinstance(settings, LanguageSettings) and not settings.stop_at_line
        self.stops = () if goes_on else self.tokenizer.edges.stops
        self.banned = self.tokenizer.edges.banned
        self.usual = Sampling(settings.temperature, top_p=settings.top_p)
        self.set_options(WriteOptions())

    def set_options(self, options: WriteOptions) -> None:
        """Write otherwise from now on; raises UsageError for what cannot be."""
        self.how: Beam | Sampling = options.how(self.settings)
        self.best = options.best

    def width(self, _output: str) -> int:
        """Give how many answers there are to a text: one."""
        return 1

    def run(self, inputs: Arrays) -> dict[str, NDArray[np.object_]]:
        """Write each text on; returns the answers, [N, 1], under the task's name.

        Texts of one length are read together, and all are written on together if they can be.
        """
        ids, lengths = inputs["ids"], inputs["mask"].sum(axis=1)
        groups = [np.flatnonzero(lengths == each) for each in np.unique(lengths)]
        if self.networks.ragged and groups:
            groups = [np.argsort(lengths, kind="stable")]
        answers = np.empty((len(ids), 1), dtype=object)
        for rows in groups:
            for row, found in zip(rows, self.write_on(ids[rows], lengths[rows]), strict=True):
                answers[row, 0] = answer_of(found, self.tokenizer)
        return {OUTPUT: answers}

    def write_on(self, ids: Ints, lengths: Ints) -> list[list[Written]]:
        """Write texts on, best first; ids: [N, T], of which lengths [N], rising, are real."""
        count = len(ids)
        parts = [ids[lengths == each, :each] for each in np.unique(lengths)]
        states = [deque(self.read_on(each), maxlen=1)[0] for each in parts]
        state = join_states(states, self.networks.axes)
        bounds = Bounds(
            first=ids[np.arange(count), lengths - 1],
            longest=np.full(count, self.settings.max_tokens),
            stops=self.stops,
            banned=self.banned,
        )
        if isinstance(self.how, Beam):
            return search_beams(self.networks.advance, state, bounds, self.how)
        found = sample(self.networks.advance, state, bounds, [self.how] * count, count=self.best)
        return [sorted(each, key=lambda text: -text.score) for each in found]

    def read_on(self, ids: Ints) -> Iterator[State]:
        """Read texts of equal length [N, T] but for their last token; gives the state as it goes.

        That after all of them comes last.
        """
        start = self.networks.begin(len(ids))
        yield start
        for _, state in self.networks.read_parts(ids[:, None, :-1], start, wanted=1):
            yield state

    def encode_prompt(self, text: str, *, marked: bool = False) -> Prompt:
        """Give a text as it is read to be written on.

        marked: it was put together from a template, whose special tokens count as such.
        """
        context = self.settings.context
        if len(text) > context * CHARACTERS_A_TOKEN:  # more than may be read, however it is cut
            return Prompt(np.zeros(0, dtype=np.int64), 0, 0, truncated=True)
        if marked:
            ids = self.special_tokens.encode(text)
        else:
            ids = self.tokenizer.encode_end(text, context + 1).ids
        room = context - len(ids)
        return Prompt(ids, room, min(self.settings.max_tokens, room))

    @cached_property
    def special_tokens(self) -> SpecialTokens:
        """The tokenizer's special tokens, for texts that hold some on purpose."""
        return SpecialTokens(self.tokenizer)

    def read_prompt(self, prompt: Prompt) -> Iterator[State]:
        """Read a text but for its last token; gives the state as it goes."""
        return self.read_on(prompt.ids[None])

    def written_on(self, prompt: Prompt) -> list[int]:
        """Give the tokens of a text; the last of them is not read with it."""
        tokens: list[int] = prompt.ids.tolist()
        return tokens

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Give of each text its nats, tokens, characters and unknown tokens, [N, 4].

        Characters are those that the tokenizer leaves, blanks that it drops not among them. Each
        line counts with its end, where that is a token, and a character. A long text is read in
        windows of ``context`` tokens that overlap by half: but in the first, each token that
        counts is told from half a window at least.
        """
        rows = []
        for text in texts:
            tokens = self.tokenizer.encode_lines(text)
            unknown = np.count_nonzero(tokens == self.tokenizer.unknown)
            characters = self.tokenizer.count_characters(text)
            rows.append([self.nats(tokens), len(tokens), characters, unknown])
        return np.array(rows, dtype=np.float64).reshape(-1, 4)

    def nats(self, tokens: Ints) -> float:
        """Give minus the log-probability of a whole text."""
        context = self.settings.context
        step = context // 2
        count = 1 + max(0, -(-(len(tokens) - context) // step))
        if count == 1:  # and no wider than the text
            context = max(len(tokens), 1)
        padded = np.full(step * (count - 1) + context + 1, NOTHING)
        padded[0], padded[1 : len(tokens) + 1] = self.tokenizer.edges.start, tokens
        windows = np.lib.stride_tricks.sliding_window_view(padded, context + 1)[::step]
        at_once = max(1, MOST_NUMBERS // (context * max(self.tokenizer.size, 8 * PART)))
        total = 0.0
        for first in range(0, count, at_once):
            part = windows[first : first + at_once]
            told = self.tell(part)  # [W, C]
            told[:, :-step] *= (np.arange(first, first + len(part)) == 0)[:, None]
            total -= float(told[part[:, 1:] != NOTHING].sum(dtype=np.float64))
        return total

    def tell(self, windows: Ints) -> Floats:
        """Give the log-probability of each token of windows [W, C + 1] but the first: [W, C]."""
        windows = np.maximum(windows, 0)
        tokens, goals = windows[:, None, :-1], windows[:, 1:, None]
        size = max(1, min(PART, MOST_NUMBERS // (len(windows) * self.tokenizer.size)))
        parts = self.networks.read_parts(tokens, self.networks.begin(len(windows)), size=size)
        told = []
        for place, (logits, _) in zip(range(0, goals.shape[1], size), parts, strict=True):
            scores = logits[:, 0]  # [W, size, V]
            found = np.take_along_axis(scores, goals[:, place : place + size], axis=2)
            told.append(found[..., 0] - log_normalizers(scores))
        return np.concatenate(told, axis=1)
