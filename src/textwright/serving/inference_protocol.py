"""The Open Inference Protocol, version 2: metadata, health, and infer on texts.

A text comes in the input ``text`` of type BYTES, a pair in ``text_a`` and ``text_b``.
"""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import msgspec

from textwright.errors import InvalidInputError, MediaTypeError, NotReadyError, unknown_name
from textwright.serving.inference_tensors import (
    HEADER,
    OUTPUTS,
    Body,
    column,
    declare_inputs,
    declare_outputs,
    outputs_of,
    read_inputs,
    read_text,
    split_body,
    write_output,
)
from textwright.serving.inference_types import (
    Health,
    InferRequest,
    InferRequestedOutput,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    TensorMetadata,
)
from textwright.serving.live import Live
from textwright.serving.messages import JSON, Request, Response
from textwright.serving.predict import Asked, Prediction, Service, predict
from textwright.serving.reading import decode
from textwright.serving.statuses import stated_id
from textwright.text.examples import Input

PLATFORM = "onnxruntime_onnx"
EXTENSIONS = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
BYTES = "application/octet-stream"
PRIORITIES = 3  # above it all are alike, as for a Triton with that many levels
LONGEST_US = 86_400_000_000  # a day: whoever says more means no limit of its own

DECODER = msgspec.json.Decoder(InferRequest)
ENCODER = msgspec.json.Encoder()


async def get_server(_service: Service, _request: Request) -> Response:
    """Say what this server is."""
    return Response(200, ENCODER.encode(ServerMetadata("textwright", our_version(), EXTENSIONS)))


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
    deployed = service.loader.find_model(live.model)
    held = (deployed.stable, deployed.candidate)
    answering = {each.target.version for each in held if each is not None}
    inputs = declare_inputs(paired=live.answerer.task.PAIRED)
    outputs = declare_outputs(live.answerer.artifact.recipe.task, live.answerer.width)
    metadata = ModelMetadata(
        name=live.model,
        versions=[str(each) for each in sorted(answering)],
        platform=PLATFORM,
        inputs=[TensorMetadata(each, "BYTES", [-1]) for each in inputs],
        outputs=[
            TensorMetadata(each, kind, [-1, *inner]) for each, (kind, inner) in outputs.items()
        ],
    )
    return Response(200, ENCODER.encode(metadata))


async def get_model_ready(
    service: Service, _request: Request, name: str, number: str = ""
) -> Response:
    """Say whether a model answers; raises NotReadyError."""
    if not find_version(service, name, number).alive:
        raise NotReadyError(f"{name} does not answer at the moment.", "Try again in a second.")
    return Response(200, ENCODER.encode(Health(ready=True)))


def find_version(service: Service, name: str, number: str) -> Live:
    """Find the version that answers; raises UnknownNameError when another is asked for."""
    return service.loader.find(f"{name}@{number}" if number else name)


async def post_infer(service: Service, request: Request, name: str, number: str = "") -> Response:
    """Answer the texts of one tensor; when one text fails the request does."""
    check_type(request)
    body = split_body(request, service.limits.http.body_bytes)
    asked, texts = read_request(body, service.limits.inputs)
    for each in asked.outputs:
        check_output(each)
    told = asked.parameters
    done = await predict(
        service,
        Asked(
            f"{name}@{number}" if number else name,
            texts,
            told.caller,
            request.key,
            timeout_s=min(told.timeout, LONGEST_US) / 1e6 or None,
            priority=told.priority if told.priority <= PRIORITIES else 0,
            request=stated_id(request),
        ),
    )
    request.answered = done.model, done.version
    for outcome in done.outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return infer_response(asked, done)


def check_type(request: Request) -> None:
    """Refuse a body that a web page of somebody else could send without asking first.

    Triton's clients send no type at all; a browser that does so says where its page is from.
    """
    declared = request.headers.get(b"content-type", b"").decode("latin-1")
    plain = declared.partition(";")[0].strip().lower()
    if plain in (JSON, BYTES) or (not plain and b"origin" not in request.headers):
        return
    what = f"The body is declared as {declared!r}." if declared else "The body has no type."
    raise MediaTypeError(what[:200], f"Send the header Content-Type: {JSON}, or {BYTES}.")


def read_request(body: Body, most_texts: int) -> tuple[InferRequest, Sequence[Input]]:
    """Read a request and its texts; one that is raw has nothing but one text."""
    if body.raw:
        return InferRequest([]), [read_text(body.tensors)]
    asked: InferRequest = decode(body.head, DECODER)
    return asked, read_inputs(asked, body.tensors, most_texts)


def check_output(asked: InferRequestedOutput) -> None:
    """Refuse an output that no model has, or in a form that none is given in."""
    if asked.name not in OUTPUTS:
        raise unknown_name("output", asked.name[:200], OUTPUTS)
    if asked.parameters.classification or asked.parameters.shared_memory_region is not None:
        what = f"{asked.name} is asked for as a classification or in shared memory."
        raise InvalidInputError(what, "Ask for it plain; the output answer has the best labels.")


def infer_response(asked: InferRequest, done: Prediction) -> Response:
    """Turn a prediction into tensors, as JSON or as bytes behind it."""
    declared = outputs_of(done.outcomes[0])
    by_default = asked.parameters.binary_data_output
    binary = {each.name: each.parameters.binary_data for each in asked.outputs}
    outputs, tails = [], []
    for name in binary or declared:
        if name not in declared:
            raise unknown_name("output", name, declared)
        stated = binary.get(name)
        output, tail = write_output(
            name,
            declared[name],
            len(done.ids),
            column(name, done.ids, done.outcomes),
            binary=by_default if stated is None else stated,
        )
        outputs.append(output)
        tails.append(tail)
    head = ENCODER.encode(InferResponse(done.model, str(done.version), outputs, asked.id))
    if not any(each.parameters is not msgspec.UNSET for each in outputs):
        return Response(200, head)
    headers = ((HEADER, str(len(head))),)
    return Response(200, b"".join([head, *tails]), BYTES, headers)
