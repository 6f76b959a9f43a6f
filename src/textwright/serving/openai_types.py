"""What OpenAI's completions and chat completions take and give, whole and in chunks."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Tokens = Annotated[int, Meta(ge=1)]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Share = Annotated[float, Meta(ge=0, le=1)]
Prompts = Annotated[list[Any], Meta(min_length=1, extra_json_schema={"items": {"type": "string"}})]
StopString = Annotated[str, Meta(min_length=1)]


class StreamOptions(msgspec.Struct, forbid_unknown_fields=True):
    """What is streamed besides text.

    include_usage: at the end the tokens that were read and written.
    """

    include_usage: bool = False


class GenerationRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What both addresses take; a field that is named nowhere is refused.

    max_tokens:  most tokens of a text; where nobody says, as the model's recipe does.
    n:           texts of each prompt.
    seed:        equal seeds draw equal texts from one version; without, each prompt has its own.
    temperature, top_p: where nobody says, as the model's recipe does.
    stop:        strings before which a text ends, at most four.
    user:        who asks, for limits and for a canary that stays the same to them.
    The penalties and ``logit_bias``, and all further fields that no line here explains, are there
    for clients that always send them; what changes anything is refused.
    """

    model: str
    max_tokens: Tokens | None = None
    n: Tokens | None = None
    seed: int | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    stop: StopString | list[StopString] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: Annotated[str, Meta(max_length=256)] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None


class CompletionRequest(GenerationRequest, kw_only=True):
    """Texts to be written on, or, of a model that generates, to be answered with a text."""

    prompt: str | Prompts
    best_of: Tokens | None = None
    echo: bool | None = None
    logprobs: int | None = None
    suffix: str | None = None


class TextPart(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a message; only text is read here."""

    text: str
    type: Literal["text"]


class Message(msgspec.Struct):
    """A turn of a chat."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, str):
            return self.content
        return "".join(each.text for each in self.content)


class ChatRequest(GenerationRequest, kw_only=True):
    """A chat to be answered.

    max_completion_tokens: as ``max_tokens``, and before it.
    """

    messages: Annotated[list[Message], Meta(min_length=1)]
    max_completion_tokens: Tokens | None = None
    logprobs: bool | None = None
    tools: list[Any] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None


class GenerationUsage(msgspec.Struct):
    """Tokens that were read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionChoice(msgspec.Struct):
    """A text, or what is new of it.

    id:            names this answer, for feedback and for tracing it back.
    finish_reason: ``stop`` where it came to an end or to a stop string, ``length`` where it was
                   cut; null: it goes on.
    """

    id: str
    index: int
    text: str
    finish_reason: str | None = None
    logprobs: None = None


class ChatMessage(msgspec.Struct):
    """The answer to a chat."""

    content: str
    role: Literal["assistant"] = "assistant"
    refusal: None = None


class ChatChoice(msgspec.Struct):
    """An answer; ``id`` and ``finish_reason`` as of a CompletionChoice."""

    id: str
    index: int
    message: ChatMessage
    finish_reason: str | None = None
    logprobs: None = None


class ChatDelta(msgspec.Struct, omit_defaults=True):
    """What is new of an answer."""

    role: str = ""
    content: str | None = None


class ChatChunkChoice(msgspec.Struct):
    """An answer under way; ``id`` and ``finish_reason`` as of a CompletionChoice."""

    id: str
    index: int
    delta: ChatDelta
    finish_reason: str | None = None
    logprobs: None = None


class Envelope(msgspec.Struct, kw_only=True):
    """What all answers say.

    id:      of the first text.
    created: seconds since 1970.
    system_fingerprint: of the version that wrote: texts of equal seeds are equal only under one.
    """

    id: str
    created: int
    model: str
    system_fingerprint: str
    usage: GenerationUsage | UnsetType | None = UNSET


class Completion(Envelope, kw_only=True):
    """The texts in the order of the prompts; streamed, each chunk has what is new of one."""

    choices: list[CompletionChoice]
    object: Literal["text_completion"] = "text_completion"


class ChatCompletion(Envelope, kw_only=True):
    """The answers to a chat."""

    choices: list[ChatChoice]
    object: Literal["chat.completion"] = "chat.completion"


class ChatChunk(Envelope, kw_only=True):
    """What is new of the answers to a chat; with their usage it has none."""

    choices: list[ChatChunkChoice]
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
