"""OpenAI's completions and chat completions, whole or as a stream of events."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from textwright.errors import ParameterError, UnknownNameError, UsageError
from textwright.runtime.answer import Answerer
from textwright.serving.limits import StreamLimits
from textwright.serving.live import Live
from textwright.serving.messages import Request, Response
from textwright.serving.openai_types import (
    ChatChoice,
    ChatChunk,
    ChatChunkChoice,
    ChatCompletion,
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Completion,
    CompletionChoice,
    CompletionRequest,
    GenerationRequest,
    GenerationUsage,
    Message,
)
from textwright.serving.predict import Asked, Service, find_live
from textwright.serving.reading import read_json
from textwright.serving.routes import V1, Route, route
from textwright.serving.statuses import error_response, stated_id
from textwright.serving.streams.orders import Piece
from textwright.serving.writing import Wanted, Writing, write

EVENTS = "text/event-stream; charset=utf-8"
IDLE = b":\n\n"  # a comment, which clients pass over
DONE = b"data: [DONE]\n\n"
HARMLESS: dict[str, tuple[Any, ...]] = {
    "presence_penalty": (0.0,),
    "frequency_penalty": (0.0,),
    "logit_bias": ({},),
    "best_of": (1,),
    "echo": (False,),
    "logprobs": (False,),
    "suffix": ("",),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "parallel_tool_calls": (False, True),
    "response_format": ({"type": "text"},),
    "store": (False,),
    "metadata": ({},),
}  # fields that are not supported, and the values of each that change nothing

COMPLETIONS = msgspec.json.Decoder(CompletionRequest)
CHATS = msgspec.json.Decoder(ChatRequest)
ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class Form:
    """How an address says what was written.

    whole, chunk: the kinds of its bodies.
    choice:       gives a text of one; delta: of the other; opening: said before a text, or None.
    """

    whole: type[Any]
    chunk: type[Any]
    choice: Callable[[str, int, str, str], Any]
    delta: Callable[[str, int, str, str | None], Any]
    opening: Callable[[str, int], Any] = lambda _name, _index: None


COMPLETION = Form(Completion, Completion, CompletionChoice, CompletionChoice)
CHAT = Form(
    ChatCompletion,
    ChatChunk,
    lambda name, index, text, end: ChatChoice(name, index, ChatMessage(text), end),
    lambda name, index, text, end: ChatChunkChoice(
        name, index, ChatDelta(content=text or None), end
    ),
    lambda name, index: ChatChunkChoice(name, index, ChatDelta("assistant", "")),
)


def generation_routes() -> tuple[Route, ...]:
    """Give the routes."""
    return (
        route(f"{V1}/completions", post_completions, Completion, CompletionRequest, streams=EVENTS),
        route(f"{V1}/chat/completions", post_chat, ChatCompletion, ChatRequest, streams=EVENTS),
    )


async def post_completions(service: Service, request: Request) -> Response:
    """Write prompts on, or answer each with a text."""
    asked: CompletionRequest = read_json(request, COMPLETIONS)
    check_fields(asked, service.limits.streams)
    prompts = [asked.prompt] if isinstance(asked.prompt, str) else asked.prompt
    if not all(isinstance(each, str) for each in prompts):
        raise refuse("prompt", "A prompt is no text.", "Send strings; tokens are not read here.")
    wanted = wanted_of(asked, asked.max_tokens)
    live, named = await find_writer(service, request, asked)
    writing = await write(service, named, live, wanted, lambda: prompts)
    return await answer(request, asked, writing, COMPLETION)


async def post_chat(service: Service, request: Request) -> Response:
    """Answer a chat."""
    asked: ChatRequest = read_json(request, CHATS)
    check_fields(asked, service.limits.streams)
    fuller = asked.max_completion_tokens
    wanted = wanted_of(
        asked,
        asked.max_tokens if fuller is None else fuller,
        marked=True,
        prompt_name="messages",
        longest_name="max_tokens" if fuller is None else "max_completion_tokens",
    )
    live, named = await find_writer(service, request, asked)
    check_chats(live.answerer)
    prompts = partial(put_together, live.answerer, asked.messages)
    writing = await write(service, named, live, wanted, prompts)
    return await answer(request, asked, writing, CHAT)


def check_fields(asked: GenerationRequest, limits: StreamLimits) -> None:
    """Refuse what is not supported, and stop strings beyond the limits; raises ParameterError."""
    for name, harmless in HARMLESS.items():
        value = getattr(asked, name, None)
        same = (value == each and type(value) is type(each) for each in harmless)
        if value is not None and not any(same):
            raise refuse(name, f"{name} is not supported here.", "Leave it out.")
    if asked.stream_options is not None and not asked.stream:
        raise refuse("stream_options", "stream_options is for streams.", "Set stream, too.")
    stops = stops_of(asked)
    if len(stops) > limits.stop_strings:
        what = f"stop has {len(stops)} strings."
        raise refuse("stop", what, f"Give at most {limits.stop_strings}.")
    if any(len(each) > limits.stop_characters for each in stops):
        what = f"A stop string is longer than {limits.stop_characters} characters."
        raise refuse("stop", what, "Give a shorter one.")


def stops_of(asked: GenerationRequest) -> tuple[str, ...]:
    """Give the stop strings of a request."""
    return (asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ())


def wanted_of(asked: GenerationRequest, longest: int | None, **more: Any) -> Wanted:
    """Give how a request wants its texts; ``more``: of ``Wanted``, by the address."""
    return Wanted(
        longest, asked.temperature, asked.top_p, asked.seed, stops_of(asked), asked.n or 1, **more
    )


async def find_writer(
    service: Service, request: Request, asked: GenerationRequest
) -> tuple[Live, Asked]:
    """Find the version that answers; raises UnknownNameError for one that does not write."""
    named = Asked(asked.model, (), asked.user or "", request.key, request=stated_id(request))
    live = await find_live(service.loader, named)
    if live.streams is None:
        task = live.answerer.artifact.recipe.task
        what = f"{asked.model} does not generate text: its task is {task}."
        raise UnknownNameError(what, "Ask it at /api/v1/models, or name a model that writes.")
    request.answered = live.model, live.target.version
    return live, named


def check_chats(answerer: Answerer) -> None:
    """Refuse a chat with a model that only writes on; raises ParameterError."""
    if answerer.artifact.recipe.task == "language" and answerer.chat is None:
        what = "This model was not trained on chats: it has no chat template."
        raise refuse("model", what, "Ask it at /v1/completions.")


def put_together(answerer: Answerer, messages: Sequence[Message]) -> list[str]:
    """Make one prompt of a chat: by the model's template, or of the last message of a user."""
    if answerer.chat is not None:
        told = [{"role": each.role, "content": each.text} for each in messages]
        try:
            return [answerer.chat.render(told)]
        except UsageError as error:
            raise refuse("messages", error.what, error.hint) from error
    source = next((each for each in reversed(messages) if each.role == "user"), None)
    if source is None:
        what = "There is no message of a user, whose text would be answered."
        raise refuse("messages", what, "Send one.")
    return [source.text]


async def answer(
    request: Request, asked: GenerationRequest, writing: Writing, form: Form
) -> Response:
    """Answer with the texts when they are all there, or with a stream of what is new."""
    pieces = writing.pieces()
    if not asked.stream:
        async with aclosing(pieces):
            ends = {piece.index: str(piece.end) async for piece in pieces}  # the last one of each
        choices = [
            form.choice(writing.ids[each], each, writing.texts[each], ends[each])
            for each in sorted(ends)
        ]
        body = form.whole(**said(writing), choices=choices, usage=usage_of(writing))
        return Response(200, ENCODER.encode(body))
    first = await anext(pieces)  # what fails at once is told with its status
    usage = asked.stream_options is not None and asked.stream_options.include_usage
    events = tell(request, Events(writing, form, usage=usage), first, pieces)
    return Response(200, IDLE, EVENTS, pieces=events)


async def tell(
    request: Request, events: "Events", first: Piece, pieces: AsyncGenerator[Piece, None]
) -> AsyncGenerator[bytes, None]:
    """Give the events of a stream; what breaks it is its last one."""
    async with aclosing(pieces):
        try:
            opening = events.begin() + events.of(first)
            if opening:
                yield opening
            async for piece in pieces:
                event = events.of(piece)
                if event:
                    yield event
            yield events.end()
        except Exception as error:  # the head with its status is gone already
            yield b"data: " + error_response(error, request, request.path).body + b"\n\n"


class Events:
    """Says what is new of texts as events."""

    def __init__(self, writing: Writing, form: Form, *, usage: bool) -> None:
        self.writing = writing
        self.form = form
        self.usage = usage

    def chunk(self, choices: list[Any], usage: GenerationUsage | None = None) -> bytes:
        """Write a chunk; where a usage was asked for each has one, though most of them none."""
        stated = usage if self.usage else msgspec.UNSET
        return write_event(self.form.chunk(**said(self.writing), choices=choices, usage=stated))

    def begin(self) -> bytes:
        """Write what is said before the texts."""
        opening, ids = self.form.opening, self.writing.ids
        said_first = [opening(name, index) for index, name in enumerate(ids)]
        return b"".join(self.chunk([each]) for each in said_first if each is not None)

    def of(self, piece: Piece) -> bytes:
        """Write what is new of a text; empty where that is nothing."""
        if not (piece.text or piece.end):
            return b""
        name = self.writing.ids[piece.index]
        return self.chunk([self.form.delta(name, piece.index, piece.text, str(piece.end) or None)])

    def end(self) -> bytes:
        """Write what is said after the texts."""
        usage = self.chunk([], usage_of(self.writing)) if self.usage else b""
        return usage + DONE


def write_event(body: object) -> bytes:
    """Write one event (WHATWG, server-sent events): JSON has no line breaks of its own."""
    return b"data: " + ENCODER.encode(body) + b"\n\n"


def said(writing: Writing) -> dict[str, Any]:
    """Give what every answer says."""
    return {
        "id": writing.ids[0],
        "created": int(writing.began),
        "model": writing.live.model,
        "system_fingerprint": f"fp_{writing.live.target.address[:16]}",
    }


def usage_of(writing: Writing) -> GenerationUsage:
    """Give the tokens that were read and written."""
    read, written = writing.prompt_tokens, sum(writing.tokens)
    return GenerationUsage(read, written, read + written)


def refuse(param: str, what: str, hint: str) -> ParameterError:
    """Build the error for a field of the request."""
    error = ParameterError(what, hint)
    error.param = param
    return error
