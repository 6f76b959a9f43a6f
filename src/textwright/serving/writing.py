"""A request's prompts through the version that answers, token by token, for any protocol."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from secrets import randbits
from time import monotonic
from typing import Any

from textwright.errors import ContextLengthError, OverloadedError, ParameterError, TooLargeError
from textwright.runtime.streams import TextOptions, Writer
from textwright.runtime.writing import Prompt
from textwright.serving.live import Live
from textwright.serving.predict import (
    Asked,
    Done,
    Prediction,
    Service,
    new_id,
    tell_done,
    tell_left,
)
from textwright.serving.queues import Outcome
from textwright.serving.streams.engine import StreamEngine
from textwright.serving.streams.orders import Flow, Order, Piece
from textwright.tasks.generate import GenerateAnswer

LEAST_SHARE = 1e-6  # in place of a top p of 0, which leaves the likeliest token, too
SEED_BITS = 63


@dataclass(frozen=True)
class Wanted:
    """How a request wants its texts; None: as the model writes where nobody says.

    longest: most tokens of each.
    seed:    of the random numbers; None: others for each prompt.
    stops:   strings before which a text ends.
    count:   texts of each prompt.
    marked:  the prompts were put together from a chat template.
    prompt_name, longest_name: how the request calls them, for errors.
    """

    longest: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stops: tuple[str, ...] = ()
    count: int = 1
    marked: bool = False
    prompt_name: str = "prompt"
    longest_name: str = "max_tokens"


class Writing:
    """A request under way.

    ids:           name its texts, for feedback and for tracing them back.
    began:         seconds since 1970.
    prompt_tokens: that were read.
    texts, tokens: what has come of each text.
    """

    def __init__(self, service: Service, asked: Asked, live: Live, flow: Flow, start: float):
        self.service = service
        self.asked = asked
        self.live = live
        self.flow = flow
        self.start = start
        self.began = service.clock()
        self.ids = [new_id() for _ in range(flow.left)]
        self.prompt_tokens = sum(len(each.prompt.ids) for each in flow.orders)
        self.texts = [""] * flow.left
        self.tokens = [0] * flow.left
        self.outcomes: list[Outcome | None] = [None] * flow.left

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """Give what is new of the texts as it comes; left early, nothing more is written.

        Raises what ended it before its time: DeadlineError, NotReadyError, or what broke. In any
        case it is told to who counts and records.
        """
        engine = engine_of(self.live)
        try:
            async with aclosing(engine.follow(self.flow)) as pieces:
                async for piece in pieces:
                    self.take(piece)
                    yield piece
        except Exception as error:
            self.outcomes = [error if each is None else each for each in self.outcomes]
            raise
        finally:
            self.tell()

    def take(self, piece: Piece) -> None:
        """Keep what a piece brings; a text at its end is an answer."""
        index = piece.index
        self.texts[index] += piece.text
        self.tokens[index] = piece.tokens
        if piece.end:
            self.outcomes[index] = GenerateAnswer(self.texts[index], str(piece.end), piece.score)

    def tell(self) -> None:
        """Tell of it: as answered when each text is at its end, else as left."""
        seconds = monotonic() - self.start
        if any(each is None for each in self.outcomes):
            tell_left(self.service, self.asked, self.live, seconds)
            return
        given = Prediction(self.live.model, self.live.target.version, self.ids, self.outcomes)
        at = self.service.clock()
        tell_done(self.service, Done(self.asked, given, at, seconds, self.live, by_recipe=False))


def engine_of(live: Live) -> StreamEngine:
    """Give what writes; the caller has seen that the version does."""
    assert live.streams is not None
    return live.streams


async def write(
    service: Service, asked: Asked, live: Live, wanted: Wanted, prompts: Callable[[], Sequence[str]]
) -> Writing:
    """Accept a request for texts, or refuse it; ``pieces`` must be gone through at once.

    asked:   without its texts; live: that answers it, and writes.
    prompts: makes them, in a thread beside the event loop.
    Raises ContextLengthError for a prompt or a length that there is no room for, ParameterError
    and TooLargeError for too many texts, OverloadedError, NotReadyError.
    """
    start = monotonic()
    engine = engine_of(live)
    check_count(wanted.count, engine.limits.rows)
    with engine.held_open():  # what began with a version ends with it
        texts = await asyncio.to_thread(prompts)
        check_total(len(texts) * wanted.count, engine.limits.queue_rows)
        asked = replace(asked, texts=[text for text in texts for _ in range(wanted.count)])
        for allow in service.before:
            allow(asked)
        orders = await asyncio.to_thread(read_prompts, engine.writer, wanted, texts)
        try:
            flow = engine.submit(orders, caller=asked.key.key if asked.key else asked.caller)
        except OverloadedError:
            service.metrics.shed.labels(live.model).inc(len(asked.texts))
            raise
    return Writing(service, asked, live, flow, start)


def read_prompts(writer: Writer, wanted: Wanted, texts: Sequence[str]) -> list[Order]:
    """Make the tokens of prompts, and say how each is written on; raises as ``options_of``."""
    read = (writer.encode_prompt(each, marked=wanted.marked) for each in texts)
    return [
        Order(each, options_of(writer, wanted, each), place * wanted.count)
        for place, each in enumerate(read)
    ]


def check_count(count: int, most: int) -> None:
    """Refuse more texts of a prompt than are written at a time."""
    if count > most:
        error = ParameterError(f"n is {count}.", f"Ask for at most {most} texts of a prompt.")
        error.param = "n"
        raise error


def check_total(texts: int, most: int) -> None:
    """Refuse more texts than may be under way or wait."""
    if texts > most:
        raise TooLargeError(f"{texts} texts are asked for at once.", f"Ask for at most {most}.")


def options_of(writer: Writer, wanted: Wanted, prompt: Prompt) -> TextOptions:
    """Give how the texts of a prompt are written; raises ParameterError."""
    if prompt.truncated or prompt.room < 1:
        what = "The prompt is longer than this model can read and go on from."
        raise no_room(wanted.prompt_name, what, "Send less.")
    longest = prompt.usual if wanted.longest is None else wanted.longest
    if longest > prompt.room:
        what = f"{wanted.longest_name} is {min(longest, 10**9)}, and after this prompt of "
        what += f"{len(prompt.ids)} tokens there is room for {prompt.room}."
        raise no_room(wanted.longest_name, what, "Ask for fewer.")
    seed = wanted.seed
    given: dict[str, Any] = {
        "temperature": wanted.temperature,
        "top_p": None if wanted.top_p is None else max(wanted.top_p, LEAST_SHARE),
        "seed": randbits(SEED_BITS) if seed is None else seed & (2**SEED_BITS - 1),
    }
    wishes = {name: each for name, each in given.items() if each is not None}
    sampling = replace(writer.usual, **wishes)
    return TextOptions(sampling, longest, wanted.stops, wanted.count)


def no_room(param: str, what: str, hint: str) -> ContextLengthError:
    """Build the error for a field of the request that asks for too many tokens."""
    error = ContextLengthError(what, hint)
    error.param = param
    return error
