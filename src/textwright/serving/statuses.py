"""Errors on the wire: the status of each class, and the form each protocol gives them.

The table is searched from the top, so a class stands before the one it derives from.
"""

import logging
from secrets import token_hex
from typing import Any

import msgspec

from textwright.errors import (
    ArtifactError,
    ContextLengthError,
    DatabaseError,
    DeadlineError,
    ForbiddenError,
    InvalidInputError,
    LostRaceError,
    MalformedError,
    MediaTypeError,
    MethodError,
    NotReadyError,
    OverloadedError,
    RateError,
    RefusedError,
    SlowRequestError,
    StaleError,
    TextwrightError,
    TooLargeError,
    UnauthorizedError,
    UnknownNameError,
    UsageError,
)
from textwright.serving.forms import give_form
from textwright.serving.messages import Request, Response

STATUSES: dict[type[TextwrightError], tuple[int, str]] = {
    MalformedError: (400, "malformed"),
    UnauthorizedError: (401, "unauthorized"),
    ForbiddenError: (403, "forbidden"),
    UnknownNameError: (404, "unknown_name"),
    MethodError: (405, "method_not_allowed"),
    SlowRequestError: (408, "request_timeout"),
    LostRaceError: (409, "lost_race"),
    RefusedError: (409, "refused"),
    ArtifactError: (409, "damaged"),
    StaleError: (412, "stale"),
    TooLargeError: (413, "too_large"),
    MediaTypeError: (415, "not_json"),
    ContextLengthError: (422, "context_length_exceeded"),
    InvalidInputError: (422, "invalid"),
    UsageError: (422, "usage"),
    RateError: (429, "rate_limited"),
    OverloadedError: (429, "overloaded"),
    NotReadyError: (503, "not_ready"),
    DatabaseError: (503, "database_away"),
    DeadlineError: (504, "deadline"),
}
INTERNAL = (500, "internal")
INTERNAL_MESSAGE = "The server failed to answer this; it is not the request's fault."
AWAY_MESSAGE = "The server cannot use its database now."  # the cause may name hosts and folders
AWAY_HINT = "Try again soon; predictions go on meanwhile. The server's log says more."
INTERNAL_HINT = "Look for the request id in the server's log."
LOG = logging.getLogger(__name__)


class Failure(msgspec.Struct):
    """What went wrong, and what to do about it."""

    code: str
    message: str
    hint: str
    request_id: str


class NativeFailure(msgspec.Struct):
    """The body of an error, and of each input that failed alone."""

    error: Failure


def status_of(error: Exception) -> tuple[int, str]:
    """Give the HTTP status and the code of an error; what is not the caller's is 500."""
    for kind, status in STATUSES.items():
        if isinstance(error, kind):
            return status
    return INTERNAL


def failure_of(error: Exception, request: Request) -> dict[str, Any]:
    """Say what went wrong in the native form; of our own failures nothing but the request id."""
    status, code = status_of(error)
    if status == INTERNAL[0] or not isinstance(error, TextwrightError):
        what, hint = INTERNAL_MESSAGE, INTERNAL_HINT
    elif isinstance(error, DatabaseError):
        what, hint = AWAY_MESSAGE, AWAY_HINT
    else:
        what, hint = error.what, error.hint
    return {"code": code, "message": what, "hint": hint, "request_id": request_id(request)}


def error_response(error: Exception, request: Request, path: str) -> Response:
    """Answer a request with an error, in the form of the protocol that its path belongs to."""
    status, _ = status_of(error)
    failure = failure_of(error, request)
    if status == INTERNAL[0]:
        LOG.error("request failed", exc_info=error, extra={"request_id": failure["request_id"]})
    elif isinstance(error, DatabaseError):
        LOG.warning(error.what, extra={"request_id": failure["request_id"]})
    status, body = give_form(error, path, status, failure)
    headers = [("x-request-id", failure["request_id"])]
    if isinstance(error, OverloadedError):
        headers.append(("retry-after", str(error.retry_s)))
    elif isinstance(error, MethodError):
        headers.append(("allow", error.allowed))
    elif isinstance(error, UnauthorizedError):
        headers.append(("www-authenticate", error.challenge))
    elif isinstance(error, NotReadyError | DatabaseError):
        headers.append(("retry-after", "1"))
    return Response(status, msgspec.json.encode(body), headers=tuple(headers))


def stated_id(request: Request) -> str:
    """Give the name that a client gave its request; empty: it gave none."""
    return request_id(request) if b"x-request-id" in request.headers else ""


def request_id(request: Request) -> str:
    """Name a request: as its client did, if that is a plain word, else by chance, but once."""
    given = request.headers.get(b"x-request-id", b"")
    if not (0 < len(given) <= 64 and given.replace(b"-", b"").replace(b"_", b"").isalnum()):
        given = token_hex(8).encode()
        request.headers[b"x-request-id"] = given
    return given.decode("ascii")
