"""A request as it was read and a response as it is written, in the bytes of HTTP/1.1."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from textwright.errors import RequestError
from textwright.lifecycle.roles import Caller

JSON = "application/json"
LAST_CHUNK = b"0\r\n\r\n"
Pieces = AsyncGenerator[bytes, None]


class Request:
    """One request as read: the path as sent, header names in lower case.

    answered: model and version that did, for the log; None: no model was asked.
    key:      whose key came with it, once that was looked at; None: none did.
    problem:  why it must be refused, found while reading; the rest of it may then be missing.
    """

    __slots__ = ("answered", "body", "headers", "keep_alive", "key", "method", "path", "problem")

    def __init__(self) -> None:
        self.method = "GET"
        self.path = "/"
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.keep_alive = True
        self.answered: tuple[str, int] | None = None
        self.key: Caller | None = None
        self.problem: RequestError | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, whole or in pieces.

    pieces: made as they are sent, none of them empty; ``body`` is then a piece that means nothing,
            which may be sent at any time.
    """

    status: int
    body: bytes
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    pieces: Pieces | None = None


def write_head(response: Response, date: bytes, *, last: bool, chunked: bool = True) -> bytes:
    """Write the status line and headers of a response.

    date:    the whole header.
    last:    nothing else will be said on this connection.
    chunked: how pieces come; otherwise they end with the connection.
    """
    if response.pieces is None:
        length = f"content-length: {len(response.body)}\r\n"
    else:
        length = "transfer-encoding: chunked\r\n" if chunked else ""
    extra = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
    if last:
        extra += "connection: close\r\n"
    opened = opening(response.status, response.media_type)
    return b"%b%b%b\r\n" % (opened, date, (length + extra).encode("latin-1"))


@cache
def opening(status: int, media_type: str) -> bytes:
    """Write the lines that all responses of a kind begin with."""
    phrase = HTTPStatus(status).phrase
    return f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {media_type}\r\n".encode("latin-1")


def write_chunk(piece: bytes) -> bytes:
    """Write a piece of a chunked body (RFC 9112, 7.1); it must not be empty."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)
