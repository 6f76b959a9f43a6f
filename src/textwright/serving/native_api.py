"""The native protocol: ``POST /api/v1/models/{name}/predict``."""

from typing import Annotated, Any, Literal

import msgspec

from textwright.serving.messages import Request, Response
from textwright.serving.openapi import refer_to
from textwright.serving.predict import Asked, Service, predict
from textwright.serving.queues import Outcome
from textwright.serving.reading import read_json
from textwright.serving.statuses import NativeFailure, failure_of, stated_id
from textwright.text.examples import Pair


class PredictRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Texts to answer; of a model that matches, pairs of them.

    caller: who asks, for limits and for a canary that stays the same to them.
    """

    inputs: Annotated[list[str | Pair], msgspec.Meta(min_length=1)]
    caller: Annotated[str, msgspec.Meta(max_length=256)] = ""


class Answered(msgspec.Struct, omit_defaults=True):
    """The answer to one text.

    id:        names this answer, for feedback and for tracing it back.
    label:     the most probable label, also when the model abstains.
    score:     its calibrated probability, 0 to 1.
    scores:    the most probable labels with theirs.
    abstained: the model does not know: do not act on the label.
    labels:    every label that holds, where several can.
    truncated: the text was cut to what the model reads.
    warning:   what else the reader should know.
    """

    id: str
    label: str
    score: float
    scores: dict[str, float]
    abstained: bool
    labels: list[str] | None = None
    truncated: bool = False
    warning: str = ""


class Matched(msgspec.Struct, omit_defaults=True):
    """How alike two texts are, from a model that matches.

    id:        names this answer, for feedback and for tracing it back.
    score:     on the scale of the model's labels; of binary ones the probability of the second.
    label:     the nearest grade, or the binary label, where labels are such.
    truncated: a text was cut to what the model reads.
    warning:   what else the reader should know.
    """

    id: str
    score: float
    label: str | None = None
    truncated: bool = False
    warning: str = ""


class Embedded(msgspec.Struct, omit_defaults=True):
    """The vector of one text, from a model that embeds.

    id:        names this answer, for feedback and for tracing it back.
    truncated: the text was cut to what the model reads.
    warning:   what else the reader should know.
    """

    id: str
    vector: list[float]
    truncated: bool = False
    warning: str = ""


class Written(msgspec.Struct, omit_defaults=True):
    """What a model wrote for one text.

    id:        names this answer, for feedback and for tracing it back.
    finish_reason: ``stop`` where what was written came to an end, ``length`` where it was cut.
    score:     by which it was chosen among others, in nats: 0 at most, larger is better.
    truncated: the text that was read was cut to what the model reads.
    warning:   what else the reader should know.
    """

    id: str
    text: str
    finish_reason: Literal["stop", "length"]
    score: float
    truncated: bool = False
    warning: str = ""


OUTCOMES = (
    Answered,
    Matched,
    Embedded,
    Written,
    NativeFailure,
)  # what stands in the list of answers


class PredictResponse(msgspec.Struct):
    """The answers in the order of the inputs, all given by one version."""

    model: str
    version: int
    answers: Annotated[
        list[Any], msgspec.Meta(extra_json_schema={"items": {"anyOf": refer_to(*OUTCOMES)}})
    ]


DECODER = msgspec.json.Decoder(PredictRequest)
ENCODER = msgspec.json.Encoder()


async def post_predict(service: Service, request: Request, name: str) -> Response:
    """Answer the texts of a request."""
    asked: PredictRequest = read_json(request, DECODER)
    named = stated_id(request)
    done = await predict(
        service, Asked(name, asked.inputs, asked.caller, request.key, request=named)
    )
    request.answered = done.model, done.version
    answers = [
        wire_outcome(name, outcome, request)
        for name, outcome in zip(done.ids, done.outcomes, strict=True)
    ]
    body = {"model": done.model, "version": done.version, "answers": answers}
    return Response(200, ENCODER.encode(body))


def wire_outcome(name: str, outcome: Outcome, request: Request) -> dict[str, Any]:
    """Give one answer, or one input's error, as it goes over the wire."""
    if isinstance(outcome, Exception):
        return {"error": failure_of(outcome, request)}
    return {"id": name, **outcome.table()}
