"""OpenAI's API: the models there are, and embeddings from those that embed."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from numpy.typing import NDArray

from textwright.errors import ParameterError, TooLargeError, UnknownNameError
from textwright.serving.messages import Request, Response
from textwright.serving.predict import Asked, Prediction, Service, predict
from textwright.serving.reading import read_json
from textwright.serving.routes import V1, Route, route
from textwright.serving.statuses import stated_id
from textwright.tasks.embed import EmbedAnswer, shorten

MOST_INPUTS = 2048
Texts = Annotated[
    list[Any],
    msgspec.Meta(
        min_length=1,
        extra_json_schema={"items": {"type": "string"}, "maxItems": MOST_INPUTS},
    ),
]


class EmbeddingsRequest(msgspec.Struct):
    """Texts to embed; fields that are not named here are not looked at.

    dimensions: the vectors are cut to so many numbers, and brought to length 1.
    user:       who asks, for limits and for a canary that stays the same to them.
    """

    input: str | Texts
    model: str
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None
    user: Annotated[str, msgspec.Meta(max_length=256)] = ""


class Embedding(msgspec.Struct):
    """One text's vector.

    embedding: its numbers; for base64 their bytes, each a little-endian float of 32 bits.
    id:        names this answer, for feedback and for tracing it back.
    """

    index: int
    embedding: list[float] | str
    id: str
    object: Literal["embedding"] = "embedding"


class Usage(msgspec.Struct):
    """Tokens that were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsResponse(msgspec.Struct):
    """The vectors in the order of the inputs."""

    data: list[Embedding]
    model: str
    usage: Usage
    object: Literal["list"] = "list"


class ModelEntry(msgspec.Struct):
    """A model that answers; when it was created is not known here, so 0."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "textwright"


class ModelList(msgspec.Struct):
    """The models that answer."""

    data: list[ModelEntry]
    object: Literal["list"] = "list"


EMBEDDINGS = msgspec.json.Decoder(EmbeddingsRequest)
ENCODER = msgspec.json.Encoder()


def openai_routes() -> tuple[Route, ...]:
    """Give the routes."""
    return (
        route(f"{V1}/models", get_models, ModelList),
        route(f"{V1}/models/{{name}}", get_model, ModelEntry),
        route(f"{V1}/embeddings", post_embeddings, EmbeddingsResponse, EmbeddingsRequest),
    )


async def get_models(service: Service, _request: Request) -> Response:
    """List the models that answer."""
    names = sorted(service.loader.deployed)
    return Response(200, ENCODER.encode(ModelList([ModelEntry(name) for name in names])))


async def get_model(service: Service, _request: Request, name: str) -> Response:
    """Tell of one model that answers; raises UnknownNameError."""
    return Response(200, ENCODER.encode(ModelEntry(service.loader.find_model(name).model)))


async def post_embeddings(service: Service, request: Request) -> Response:
    """Embed texts; when one text fails the request does."""
    asked: EmbeddingsRequest = read_json(request, EMBEDDINGS)
    texts = read_input(asked.input)
    answerer = service.loader.find_model(asked.model.partition("@")[0]).stable.answerer
    if answerer.artifact.recipe.task != "embed":
        raise UnknownNameError(
            f"{asked.model} does not embed: its task is {answerer.artifact.recipe.task}.",
            "Ask it at /api/v1/models, or name a model that embeds.",
        )
    check_dimensions(asked.dimensions, answerer.width)
    named = stated_id(request)
    done = await predict(service, Asked(asked.model, texts, asked.user, request.key, request=named))
    request.answered = done.model, done.version
    return Response(200, ENCODER.encode(embeddings_response(asked, done)))


def read_input(given: str | list[Any]) -> Sequence[str]:
    """Give the texts of a request; raises ParameterError, TooLargeError."""
    if isinstance(given, str):
        return [given]
    if len(given) > MOST_INPUTS:
        what = f"The request has {len(given)} inputs."
        raise TooLargeError(what, f"Send at most {MOST_INPUTS} at once.")
    if all(isinstance(each, str) for each in given):
        return given
    error = ParameterError(
        "The input holds something other than text.", "Send strings; tokens are not read here."
    )
    error.param = "input"
    raise error


def check_dimensions(wanted: int | None, width: int) -> None:
    """Refuse more numbers than the model's vectors have."""
    if wanted is not None and wanted > width:
        what = f"dimensions is {wanted}, the vectors have {width}."
        error = ParameterError(what if wanted < 10**9 else "dimensions is too large.", "Ask less.")
        error.param = "dimensions"
        raise error


def embeddings_response(asked: EmbeddingsRequest, done: Prediction) -> EmbeddingsResponse:
    """Turn a prediction into OpenAI's form; raises the error of a text that failed."""
    data = []
    tokens = 0
    for index, (name, outcome) in enumerate(zip(done.ids, done.outcomes, strict=True)):
        if isinstance(outcome, Exception):
            raise outcome
        answer: EmbedAnswer = outcome
        check_dimensions(asked.dimensions, len(answer.vector))
        vector = answer.vector
        if asked.dimensions is not None:
            vector = shorten(vector, asked.dimensions)
        data.append(Embedding(index, write_vector(vector, asked.encoding_format), name))
        tokens += answer.tokens
    return EmbeddingsResponse(data, done.model, Usage(tokens, tokens))


def write_vector(vector: NDArray[Any], form: str) -> list[float] | str:
    """Write a vector as numbers, or as base64 of its bytes."""
    if form == "base64":
        return b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    numbers: list[float] = vector.tolist()
    return numbers
