"""Texts that come token by token, any number of them at a time, each when it likes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from textwright.runtime.writing import Networks, Prompt
from textwright.structures.pool import Pool, Stream
from textwright.structures.sampling import Sampling
from textwright.structures.writing import State
from textwright.text.streaming import Spelling, StopStrings
from textwright.text.tokenizer import Tokenizer


class Writer(Protocol):
    """What writes: the session of a model that answers with texts.

    stops:  tokens that end a text; banned: tokens that are never written.
    usual:  how the next token is chosen where nobody says.
    """

    @property
    def networks(self) -> Networks: ...  # noqa: D102

    @property
    def tokenizer(self) -> Tokenizer: ...  # noqa: D102

    @property
    def stops(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def banned(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def usual(self) -> Sampling: ...  # noqa: D102

    def encode_prompt(self, text: str, *, marked: bool = False) -> Prompt:
        """Give a text as it is read; ``marked``: put together from a chat template."""
        ...

    def read_prompt(self, prompt: Prompt) -> Iterator[State]:
        """Read a prompt, a part at a time; gives the state after each, the last to write on."""
        ...

    def written_on(self, prompt: Prompt) -> list[int]:
        """Give the tokens that are written on; the last of them is not read with the prompt."""
        ...


@dataclass(frozen=True)
class TextOptions:
    """How the texts of one prompt are written.

    longest: most tokens, at least 1.
    stops:   strings before which a text ends.
    count:   texts, each with random numbers of its own.
    """

    sampling: Sampling
    longest: int
    stops: tuple[str, ...] = ()
    count: int = 1


class TextStream:
    """A text under way, as characters.

    number: among the texts of its prompt, from 0.
    fresh:  what its newest token brought; whole characters, often none.
    """

    def __init__(self, number: int, stream: Stream, spelling: Spelling, stops: StopStrings):
        self.number = number
        self.stream = stream
        self.spelling = spelling
        self.stops = stops
        self.fresh = ""

    @property
    def tokens(self) -> int:
        """Written so far; a token that only ends the text is none."""
        return len(self.stream.tokens)

    @property
    def ended(self) -> str:
        """How it came to its end, ``stop`` or ``length``; empty: it goes on."""
        return "stop" if self.stops.met else self.stream.ended

    @property
    def score(self) -> float:
        """The sum of the log-probabilities of its tokens, in nats."""
        return self.stream.total

    def spell(self) -> None:
        """Spell the newest token; of a text that is over everything that was held back."""
        self.fresh = ""
        if self.stream.ended != "stop":
            self.fresh = self.stops.add(self.spelling.add(self.stream.tokens[-1]))
        if self.ended:
            self.fresh += self.stops.rest()


class TextPool:
    """The texts that one thread writes together; no other may use it.

    streams: those under way.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        networks = writer.networks
        self.pool = Pool(networks.advance, networks.axes, writer.banned)
        self.streams: dict[Stream, TextStream] = {}

    @property
    def ragged(self) -> bool:
        """Whether prompts of different lengths can be written on together."""
        return self.writer.networks.ragged

    def begin(
        self, prompt: Prompt, options: TextOptions, *, wanted: Callable[[], bool] = lambda: True
    ) -> list[TextStream]:
        """Read a prompt, and let its texts in; none if they are not ``wanted`` any more."""
        for state in self.writer.read_prompt(prompt):  # noqa: B007, the last one goes on
            if not wanted():
                return []
        before = self.writer.written_on(prompt)
        decode = self.writer.tokenizer.decode
        texts = [
            TextStream(
                number,
                Stream(before[-1], options.longest, options.sampling, self.writer.stops, number),
                Spelling(decode, before),
                StopStrings(options.stops),
            )
            for number in range(options.count)
        ]
        self.pool.join([each.stream for each in texts], state)
        self.streams.update((each.stream, each) for each in texts)
        return texts

    def advance(self) -> Sequence[TextStream]:
        """Write every text on by a token, and give them; those at their end leave."""
        texts = [self.streams[each] for each in self.pool.advance()]
        for each in texts:
            each.spell()
        self.leave([each for each in texts if each.ended])
        return texts

    def try_out(self, text: str) -> None:
        """Write a token after a text, and forget it: what fails at that raises."""
        self.begin(self.writer.encode_prompt(text), TextOptions(self.writer.usual, longest=1))
        self.advance()

    def leave(self, texts: Collection[TextStream]) -> None:
        """Let texts go, wherever they are."""
        self.pool.leave([each.stream for each in texts])
        for each in texts:
            del self.streams[each.stream]
