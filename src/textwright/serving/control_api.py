"""The control API over HTTP: the operations of ``control``, each as a route under ``/api/v1``.

Everything runs in threads of the keep; nothing here holds up a prediction.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from textwright.errors import (
    DeadlineError,
    InvalidInputError,
    MalformedError,
    NotReadyError,
    UnknownNameError,
)
from textwright.lifecycle.remote import open_store
from textwright.serving.control.operations import OPERATIONS, Operation, Order, find_function
from textwright.serving.control.wire import CreatedKey
from textwright.serving.keep import Keep
from textwright.serving.messages import Request, Response
from textwright.serving.openapi import NUMBERS, PARAMETER, Description
from textwright.serving.predict import Service
from textwright.serving.reading import read_json
from textwright.serving.routes import Call, Route
from textwright.serving.statuses import NativeFailure

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

READING = (401, 404, 405, 422, 429, 503, 504)
WRITING = (*READING, 409, 415)
LARGEST_NUMBER = 2**31 - 1  # of a row
TOKEN_LENGTH = 128
QUERY_FIELDS = 16


def control_routes() -> tuple[Route, ...]:
    """Give a route for each operation."""
    return tuple(Route(make_call(each), describe_operation(each)) for each in OPERATIONS)


def make_call(operation: Operation) -> Call:
    """Make the function that answers for an operation."""

    async def call(service: Service, request: Request, *names: str) -> Response:
        return await answer(service, request, operation, names)

    return call


def describe_operation(operation: Operation) -> Description:
    """Describe the route of an operation."""
    headers = ["If-Match"] if operation.by_generation else []
    headers += ["Idempotency-Key"] if operation.method == "POST" else []
    statuses = WRITING if operation.writes else READING
    return Description(
        method=operation.method,
        path=operation.path,
        summary=operation.summary,
        takes=operation.takes,
        gives=operation.gives,
        failures=NativeFailure,
        statuses=(*statuses, 412) if operation.by_generation else statuses,
        right=operation.right,
        query=operation.query,
        headers=tuple(headers),
    )


async def answer(
    service: Service, request: Request, operation: Operation, names: tuple[str, ...]
) -> Response:
    """Do what a request asks for, and tell what became of it; raises DeadlineError and theirs."""
    keep = service.keep
    if keep is None:
        raise NotReadyError("This server has no database.", "Ask another one.")
    assert request.key is not None, "the doorkeeper lets nobody in without"
    order = Order(
        actor=request.key.name,
        role=request.key.role,
        names=check_names(operation, names),
        given=read_given(request, operation),
        folder=partial(find_folder, keep),
        match=request.headers.get(b"if-match", b"").decode("latin-1"),
    )
    token = read_token(request) if operation.method == "POST" else ""
    try:
        async with asyncio.timeout(service.limits.answer_s):
            return await work_on(keep, request, operation, order, token)
    except TimeoutError as error:
        raise DeadlineError(
            f"The database did not answer within {service.limits.answer_s:g} s.",
            "It may happen yet: look first, or send it again with the same Idempotency-Key.",
        ) from error


async def work_on(
    keep: Keep, request: Request, operation: Operation, order: Order, token: str
) -> Response:
    """Do an operation in threads of the keep, at most once where a token names the request."""
    if operation.prepare:
        prepared = await keep.read(partial(run, operation.prepare, order=order))
        order = replace(order, prepared=prepared)
    work = partial(run, operation.work, order=order)
    if not operation.writes:
        return respond(msgspec.json.encode(await keep.read(work)))
    if not token:
        return respond(msgspec.json.encode(await keep.write(work)))
    body, repeated = await keep.write(partial(run_once, request, token, order, work))
    return respond(body, (("idempotent-replayed", "true"),) if repeated else ())


def run(function: str, session: "Session", *, order: Order) -> Any:
    """Call a function of the control package, in a thread."""
    return find_function(function)(session, order)


def run_once(
    request: Request,
    token: str,
    order: Order,
    work: Callable[["Session"], Any],
    session: "Session",
) -> tuple[bytes, bool]:
    """Do what a request asks for unless it was done before, in a thread."""
    from textwright.serving.control.replay import Claim, answer_once

    asked = f"{request.method} {request.path}\n".encode("latin-1") + request.body
    claim = Claim(order.actor, token, sha256(asked).hexdigest())
    return answer_once(session, claim, lambda: write_both(work(session)))


def write_both(done: Any) -> tuple[bytes, bytes]:
    """Write an answer, and as it may be kept: the secret of a key is kept nowhere."""
    kept = msgspec.structs.replace(done, secret="") if isinstance(done, CreatedKey) else done
    return msgspec.json.encode(done), msgspec.json.encode(kept)


class Told(msgspec.Struct):
    """The generation in an answer that tells of one deployment."""

    generation: int | None = None


def respond(body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Answer with what an operation gave, and the generation it told as ETag."""
    generation = msgspec.json.decode(body, type=Told).generation
    if generation is not None:
        headers = (*headers, ("etag", f'"{generation}"'))
    return Response(200, body, headers=headers)


def find_folder(keep: Keep, address: str) -> Any:
    """Give the checked folder of an artifact, in a thread."""
    return open_store(keep.settings.artifacts, keep.settings.cache).folder(address)


def check_names(operation: Operation, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse values of the path that can name nothing; raises UnknownNameError."""
    for kind, value in zip(PARAMETER.findall(operation.path), names, strict=True):
        number = value.isascii() and value.isdigit() and len(value) <= 10
        wrong = kind in NUMBERS and not (number and 1 <= int(value) <= LARGEST_NUMBER)
        if wrong or not value or "\x00" in value or len(value) > 200:
            raise UnknownNameError(f"There is no {kind} {value[:100]!r}.", "See the list of them.")
    return names


def read_given(request: Request, operation: Operation) -> Any:
    """Read the body or the query of a request, as its operation declares it."""
    if operation.takes is not None:
        return read_json(request, decoder_of(operation.takes))
    if operation.query is None:
        return None
    _, _, query = request.path.partition("?")
    try:
        stated = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=QUERY_FIELDS))
        return msgspec.convert(stated, operation.query, strict=False)
    except ValueError as error:  # msgspec.ValidationError is one
        raise InvalidInputError(
            f"What stands after the ? is not as this address takes it: {error}.",
            "See /docs for its fields.",
        ) from error


@cache
def decoder_of(kind: type) -> msgspec.json.Decoder[Any]:
    """Give the decoder of a type."""
    return msgspec.json.Decoder(kind)


def read_token(request: Request) -> str:
    """Read the ``Idempotency-Key``; empty without one. Raises MalformedError."""
    token = request.headers.get(b"idempotency-key", b"").decode("latin-1")
    if len(token) > TOKEN_LENGTH or not (token.isascii() and token.isprintable()):
        raise MalformedError(
            "The Idempotency-Key cannot be used.",
            f"Send at most {TOKEN_LENGTH} visible ASCII characters, such as a UUID.",
        )
    return token
