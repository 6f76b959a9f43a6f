"""HTTP/1.1 on asyncio: bytes in, requests out, within limits on size and time.

Parsing is httptools' (llhttp). It stands in place of an ASGI server because it costs less than
half as much a request (measured beside Uvicorn and Granian), and because those bound neither
the time nor the size of a head.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from email.utils import formatdate
from ssl import SSLContext
from time import monotonic, time
from typing import cast

import httptools

from textwright.errors import MalformedError, RequestError, SlowRequestError, TooLargeError
from textwright.serving.limits import HttpLimits
from textwright.serving.messages import (
    LAST_CHUNK,
    Pieces,
    Request,
    Response,
    write_chunk,
    write_head,
)

PIPELINED = 16  # requests of one connection read ahead
PROBE_S = 0.05  # after which a client that left for good has refused what was sent to it
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LINGER_S = 2.0  # a refused body is read and thrown away this long, so that the answer arrives


Handler = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """A listening socket, its connections, and the clock that ends the slow ones."""

    def __init__(self, handler: Handler, limits: HttpLimits) -> None:
        self.handler = handler
        self.limits = limits
        self.connections: set[Connection] = set()
        self.draining = False
        self.date = b""
        self.listener: asyncio.Server | None = None
        self.clock: asyncio.Task[None] | None = None

    async def start(
        self, host: str, port: int, tls: SSLContext | None = None, *, shared: bool = False
    ) -> int:
        """Listen, and give the port (of use when 0 was asked for); raises OSError.

        tls:    encrypts every connection; a handshake has the time of a head.
        shared: other processes listen on the same port.
        """
        loop = asyncio.get_running_loop()
        handshake_s = self.limits.head_s if tls else None
        self.listener = await loop.create_server(
            lambda: Connection(self), host, port, backlog=2048, ssl=tls,
            ssl_handshake_timeout=handshake_s, reuse_port=shared or None,
        )  # fmt: skip
        self.clock = loop.create_task(self.tick())
        return int(self.listener.sockets[0].getsockname()[1])

    async def tick(self) -> None:
        """Once a tick: tell the date anew, and end connections past their deadline."""
        while True:
            self.date = b"date: " + formatdate(time(), usegmt=True).encode() + b"\r\n"
            now = monotonic()
            for connection in list(self.connections):
                if connection.deadline < now:
                    connection.expire()
                elif connection.ended:
                    connection.end_if_gone()
            await asyncio.sleep(self.limits.tick_s)

    async def stop(self) -> None:
        """Accept nothing more, answer what was accepted within ``drain_s``, and close."""
        self.draining = True
        if self.listener is not None:
            self.listener.close()
        for connection in list(self.connections):
            connection.close_if_idle()
        end = monotonic() + self.limits.drain_s
        while self.connections and monotonic() < end:
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.transport.abort()
        if self.clock is not None:
            self.clock.cancel()


class Connection(asyncio.Protocol):
    """One client's connection: reads requests, answers them in their order.

    deadline: when it is ended if nothing changes, on the clock of ``time.monotonic``.
    """

    transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.limits = server.limits
        self.parser = httptools.HttpRequestParser(self)
        self.request = Request()
        self.pieces: list[bytes] = []
        self.head_size = self.body_size = 0
        self.in_head = self.in_message = False
        self.refused = False  # the last answer is on its way; whatever comes is thrown away
        self.ended = False  # the client sends nothing more
        self.writable = True
        self.room = asyncio.Event()  # set as long as it is writable
        self.room.set()
        self.within: Response | None = None  # the answer whose pieces are being sent
        self.pending: deque[Request] = deque()
        self.task: asyncio.Task[None] | None = None
        self.deadline = monotonic() + self.limits.head_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new connection, unless there are too many."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's derives from nothing
        if len(self.server.connections) >= self.limits.connections or self.server.draining:
            self.transport.abort()
            return
        self.server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the connection, and stop working for it."""
        self.server.connections.discard(self)
        self.pending.clear()
        if self.task is not None:
            self.task.cancel()

    def eof_received(self) -> bool:
        """Answer what was asked before the client shut its side (RFC 9112, 9.6), then close.

        One that is gone for good looks the same at first. So it is sent an interim response,
        which a client must be able to pass over (RFC 9110, 15.2): whoever is gone refuses that.
        Within an answer that comes in pieces it is sent the piece that means nothing.
        """
        encrypted = self.transport.get_extra_info("sslcontext") is not None
        if encrypted or (self.task is None and not self.pending):
            return False
        self.ended = True
        if self.parser.get_http_version() == "1.1" and self.writable:
            self.transport.write(CONTINUE if self.within is None else write_chunk(self.within.body))
            asyncio.get_running_loop().call_later(PROBE_S, self.end_if_gone)
        return True

    def end_if_gone(self) -> None:
        """Stop working for a client that is not there to read its answers."""
        if self.transport.is_closing():
            return
        line: socket.socket = self.transport.get_extra_info("socket")
        if line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Feed what arrived to the parser, which calls the ``on_...`` methods."""
        if self.refused:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self.decline_upgrade(data[offer.args[0] :])
            return
        except httptools.HttpParserError as error:
            self.refuse(MalformedError(f"This is no HTTP/1.1: {error}.", "Send a valid request."))
            return
        if self.in_head:
            self.head_size += len(data)
            self.check_head()

    def decline_upgrade(self, rest: bytes) -> None:
        """Read a request as if it had offered no other protocol (RFC 9110, 7.8).

        The parser leaves its body alone, so head and rest go through a new one. Java's own
        client makes that offer with every request.
        """
        request = self.request
        if request.method == "CONNECT":
            self.refuse(MalformedError("CONNECT asks for a proxy.", "This is none."))
            return
        headers = {**request.headers, b"connection": b"close"}
        headers.pop(b"upgrade", None)
        lines = [f"{request.method} {request.path} HTTP/1.1".encode("latin-1")]
        lines += [name + b": " + value for name, value in headers.items()]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    def pause_writing(self) -> None:
        """Wait for a slow reader, but not for ever."""
        self.writable = False
        self.room.clear()
        self.deadline = monotonic() + self.limits.write_s

    def resume_writing(self) -> None:
        """Go on with the answer that is being sent, or with the next request."""
        self.writable = True
        self.room.set()
        if self.task is not None:
            self.deadline = float("inf")
        self.start_next()

    def on_message_begin(self) -> None:
        """Start a request; its head must now come within ``head_s``."""
        self.request = Request()
        self.pieces = []
        self.head_size = self.body_size = 0
        self.in_head = self.in_message = True
        self.deadline = monotonic() + self.limits.head_s

    def on_url(self, url: bytes) -> None:
        """Take the target, which may come in pieces."""
        self.pieces.append(url)
        self.head_size += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; of repeated ones the last counts."""
        self.request.headers[name.lower()] = value
        self.head_size += len(name) + len(value) + 4

    def on_headers_complete(self) -> None:
        """Check the head before any of the body is kept."""
        request = self.request
        request.method = self.parser.get_method().decode("latin-1")
        request.path = b"".join(self.pieces).decode("latin-1")
        request.keep_alive = self.parser.should_keep_alive()
        self.pieces = []
        self.in_head = False
        self.deadline = monotonic() + self.limits.body_s
        self.check_head()
        if self.parser.should_upgrade():
            return
        length = request.headers.get(b"content-length", b"0")
        if int(length) > self.limits.body_bytes:  # the parser lets digits alone through
            self.refuse(self.too_large())
        elif request.headers.get(b"expect", b"").lower() == b"100-continue":
            self.transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body as long as it is within the limit."""
        self.body_size += len(body)
        if self.body_size > self.limits.body_bytes:
            self.refuse(self.too_large())
        elif not self.refused:
            self.pieces.append(body)

    def on_message_complete(self) -> None:
        """Pass a whole request on."""
        self.in_message = False
        if self.refused or self.parser.should_upgrade():
            return
        self.request.body = b"".join(self.pieces)
        self.pieces = []
        self.pending.append(self.request)
        if len(self.pending) >= PIPELINED:
            self.transport.pause_reading()
        self.start_next()

    def check_head(self) -> None:
        """Refuse a head beyond the limit."""
        if self.head_size > self.limits.head_bytes:
            what = f"The head of the request is longer than {self.limits.head_bytes} bytes."
            self.refuse(TooLargeError(what, "Send a shorter address and fewer headers."))

    def too_large(self) -> TooLargeError:
        """Build the error for a body beyond the limit."""
        what = f"The body is larger than {self.limits.body_bytes} bytes."
        return TooLargeError(what, "Send the texts in several requests.")

    def refuse(self, problem: RequestError) -> None:
        """Answer with an error as the last thing said on this connection."""
        if self.refused:
            return
        self.refused = True
        self.pieces = []
        self.request.problem = problem
        self.request.keep_alive = False
        self.pending.append(self.request)
        self.start_next()

    def start_next(self) -> None:
        """Begin with the next request if the one before is answered and taken."""
        if self.task is None and self.pending and self.writable:
            request = self.pending.popleft()
            self.deadline = float("inf")  # the handler keeps its own time
            self.task = asyncio.get_running_loop().create_task(self.answer(request))

    async def answer(self, request: Request) -> None:
        """Answer one request, then turn to the next or close."""
        response = await self.server.handler(request)
        last = not request.keep_alive or self.server.draining or self.all_said
        if response.pieces is None:
            body = b"" if request.method == "HEAD" else response.body
            self.transport.write(write_head(response, self.server.date, last=last) + body)
        else:
            last = await self.send_pieces(response, response.pieces, last=last)
        self.task = None
        if last:
            self.finish()
            return
        self.deadline = monotonic() + (
            self.limits.write_s if not self.writable else self.limits.idle_s
        )
        if self.pending:
            if not self.ended:
                self.transport.resume_reading()
            self.start_next()

    async def send_pieces(self, response: Response, pieces: Pieces, *, last: bool) -> bool:
        """Send an answer as it is made, no faster than it is read.

        Whatever ends this, the maker of the pieces is told. Gives whether it is the last answer.
        """
        plain = self.parser.get_http_version() == "1.0"  # ends with the connection
        last = last or plain
        self.transport.write(write_head(response, self.server.date, last=last, chunked=not plain))
        self.within = response
        async with aclosing(pieces):
            async for piece in pieces:
                self.transport.write(piece if plain else write_chunk(piece))
                await self.room.wait()
        self.transport.write(b"" if plain else LAST_CHUNK)
        self.within = None
        return last or self.server.draining or self.all_said

    @property
    def all_said(self) -> bool:
        """Whether the client sends nothing more and waits for nothing more."""
        return self.ended and not self.pending

    def finish(self) -> None:
        """Close after the last answer; a client still sending gets the time to read it."""
        self.pending.clear()
        self.deadline = monotonic() + self.limits.write_s
        if self.refused and self.transport.can_write_eof():
            self.transport.write_eof()
            self.transport.resume_reading()
            self.deadline = monotonic() + LINGER_S
        else:
            self.transport.close()

    def close_if_idle(self) -> None:
        """Close a connection that waits for nothing."""
        if self.task is None and not self.pending and not self.in_message:
            self.transport.close()

    def expire(self) -> None:
        """End a connection past its deadline, saying why if somebody may be listening."""
        if self.in_message and not self.refused:
            what = "The request did not arrive in time."
            self.refuse(SlowRequestError(what, "Send it whole, and faster."))
        else:
            self.transport.abort()
