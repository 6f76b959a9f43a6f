"""The Open Inference Protocol, version 2, as JSON: metadata, health, and infer on texts.

A text comes in the input ``text`` of type BYTES. The binary tensor extension is not here yet.
"""

from importlib.metadata import PackageNotFoundError, version
from math import prod
from typing import Any

import msgspec

from textwright.errors import InvalidInputError, NotReadyError, unknown_name
from textwright.runtime.answer import Answer
from textwright.serving.http import Request, Response
from textwright.serving.live import Live
from textwright.serving.predict import Asked, Prediction, Service, predict
from textwright.serving.reading import read_json

INPUT = "text"
OUTPUTS = {"label": "BYTES", "score": "FP32", "abstained": "BOOL", "id": "BYTES", "answer": "BYTES"}
PLATFORM = "onnxruntime_onnx"


class TensorMetadata(msgspec.Struct):
    """Name, type and shape of a tensor; -1 where any number goes."""

    name: str
    datatype: str
    shape: list[int]


class ServerMetadata(msgspec.Struct):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class ModelMetadata(msgspec.Struct):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Health(msgspec.Struct, omit_defaults=True):
    """State of a server or model; only what was asked for is there."""

    live: bool | None = None
    ready: bool | None = None


class InferInput(msgspec.Struct):
    """A tensor given as JSON, flat or nested by its shape."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] = {}


class InferRequestedOutput(msgspec.Struct):
    """A tensor asked for; without any, all are given."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(msgspec.Struct):
    """Texts to answer.

    id: given back as it came.
    """

    inputs: list[InferInput]
    id: str = ""
    outputs: list[InferRequestedOutput] = []
    parameters: dict[str, Any] = {}


class InferOutput(msgspec.Struct):
    """A tensor of answers, flat."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class InferResponse(msgspec.Struct, omit_defaults=True):
    """The answers, one place in each output a text."""

    model_name: str
    model_version: str
    outputs: list[InferOutput]
    id: str = ""


DECODER = msgspec.json.Decoder(InferRequest)
ENCODER = msgspec.json.Encoder()


async def get_server(_service: Service, _request: Request) -> Response:
    """Say what this server is."""
    return Response(200, ENCODER.encode(ServerMetadata("textwright", our_version(), [])))


def our_version() -> str:
    """Version of this program, as it was installed."""
    try:
        return version("textwright")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "unknown"


async def get_live(_service: Service, _request: Request) -> Response:
    """Say that the server runs."""
    return Response(200, ENCODER.encode(Health(live=True)))


async def get_ready(service: Service, _request: Request) -> Response:
    """Say whether the server is ready; raises NotReadyError."""
    check_ready(service)
    return Response(200, ENCODER.encode(Health(ready=True)))


def check_ready(service: Service) -> None:
    """Raise NotReadyError unless every model that could be loaded answers."""
    if not service.loader.ready:
        raise NotReadyError("The server is not ready.", "Try again in a second.")


async def get_model(service: Service, _request: Request, name: str, number: str = "") -> Response:
    """Say what a model takes and gives."""
    live = find_version(service, name, number)
    metadata = ModelMetadata(
        name=live.model,
        versions=[str(live.target.version)],
        platform=PLATFORM,
        inputs=[TensorMetadata(INPUT, "BYTES", [-1])],
        outputs=[TensorMetadata(each, kind, [-1]) for each, kind in OUTPUTS.items()],
    )
    return Response(200, ENCODER.encode(metadata))


async def get_model_ready(
    service: Service, _request: Request, name: str, number: str = ""
) -> Response:
    """Say whether a model answers; raises NotReadyError."""
    if not find_version(service, name, number).batcher.alive:
        raise NotReadyError(f"{name} does not answer at the moment.", "Try again in a second.")
    return Response(200, ENCODER.encode(Health(ready=True)))


def find_version(service: Service, name: str, number: str) -> Live:
    """Find the version that answers; raises UnknownNameError when another is asked for."""
    return service.loader.find(f"{name}@{number}" if number else name)


async def post_infer(service: Service, request: Request, name: str, number: str = "") -> Response:
    """Answer the texts of one tensor; when one text fails the request does."""
    asked: InferRequest = read_json(request, DECODER)
    wanted = [each.name for each in asked.outputs] or list(OUTPUTS)
    for each in wanted:
        if each not in OUTPUTS:
            raise unknown_name("output", each, OUTPUTS)
    texts = read_texts(asked)
    caller = str(asked.parameters.get("caller", ""))
    reference = f"{name}@{number}" if number else name
    done = await predict(service, Asked(reference, texts, caller, request.key))
    for outcome in done.outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return Response(200, ENCODER.encode(infer_response(asked.id, wanted, done)))


def infer_response(request_id: str, wanted: list[str], done: Prediction) -> InferResponse:
    """Turn a prediction into tensors."""
    rows = [
        output_row(name, each)
        for name, each in zip(done.ids, done.outcomes, strict=True)
        if not isinstance(each, Exception)
    ]
    outputs = [
        InferOutput(name, OUTPUTS[name], [len(rows)], [row[name] for row in rows])
        for name in wanted
    ]
    return InferResponse(done.model, str(done.version), outputs, request_id)


def output_row(name: str, answer: Answer) -> dict[str, Any]:
    """Give one answer's value in each output; ``answer`` is all of it, as JSON."""
    return {
        "label": answer.label,
        "score": answer.score,
        "abstained": answer.abstained,
        "id": name,
        "answer": ENCODER.encode({"id": name, **answer.table()}).decode(),
    }


def read_texts(asked: InferRequest) -> list[str]:
    """Take the texts out of a request's one tensor.

    Raises InvalidInputError when there is another tensor, or one of another type or shape.
    """
    if len(asked.inputs) != 1 or asked.inputs[0].name != INPUT:
        given = ", ".join(repr(each.name) for each in asked.inputs) or "none"
        raise InvalidInputError(f"The inputs are: {given[:200]}.", f"Send one named {INPUT!r}.")
    tensor = asked.inputs[0]
    if tensor.datatype != "BYTES":
        raise InvalidInputError(
            f"The input {INPUT!r} has the type {tensor.datatype[:40]!r}.", "Its type is BYTES."
        )
    if (
        len(tensor.shape) not in (1, 2)
        or min(tensor.shape) < 0
        or tensor.shape[1:] not in ([], [1])
    ):
        raise InvalidInputError(f"The shape is {tensor.shape[:8]}.", "Send [N] or [N, 1].")
    nested = len(tensor.data) > 0 and all(isinstance(each, list) for each in tensor.data)
    texts = [text for row in tensor.data for text in row] if nested else tensor.data
    if len(texts) != prod(tensor.shape):
        what = f"The shape {tensor.shape} stands over {len(texts)} texts."
        raise InvalidInputError(what, "Make them agree.")
    if not all(isinstance(text, str) for text in texts):
        raise InvalidInputError("Not every element is a string.", "A BYTES element is a string.")
    return texts
