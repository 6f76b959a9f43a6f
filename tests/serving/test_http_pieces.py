"""Answers in pieces on a socket: no faster than they are read, and ended with their reader."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing, contextmanager
from threading import Thread

import pytest

from tests.serving.running import wait_until
from textwright.serving.http import HttpServer
from textwright.serving.limits import HttpLimits
from textwright.serving.messages import Request, Response, write_chunk, write_head

PIECE = b"x" * 60_000
ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Made:
    """Makes pieces without end, and counts them.

    ended: it was told that nobody reads them any more.
    """

    def __init__(self) -> None:
        self.count = 0
        self.ended = False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Make pieces."""
        try:
            while True:
                self.count += 1
                yield PIECE
                await asyncio.sleep(0)
        finally:
            self.ended = True


@contextmanager
def serving(made: Made, limits: HttpLimits) -> Iterator[int]:
    """Serve pieces on a socket; gives the port."""

    async def answer(_request: Request) -> Response:
        return Response(200, b"", pieces=made.pieces())

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[HttpServer, int]:
        server = HttpServer(answer, limits)
        return server, await server.start("127.0.0.1", 0)

    server, port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture
def made() -> Made:
    return Made()


def connect(port: int) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(10)
    line.connect(("127.0.0.1", port))
    return line


def test_pieces_wait_for_a_slow_reader_and_end_with_one_that_takes_nothing(made: Made) -> None:
    limits = HttpLimits(write_s=0.5, tick_s=0.05, drain_s=0.1)
    with serving(made, limits) as port, closing(connect(port)) as line:
        line.sendall(ASK)
        wait_until(lambda: made.count > 1)
        settled = settle(made)
        assert not made.ended
        read = 0
        while read < 8_000_000:  # it goes on when it is read
            read += len(line.recv(1_000_000))
        assert made.count > settled
        wait_until(lambda: made.ended)


def settle(made: Made) -> int:
    """Wait until no more pieces are made; gives how many there were."""
    before = -1

    def still() -> bool:
        nonlocal before
        same, before = before == made.count, made.count
        return same

    wait_until(still)
    return made.count


def test_pieces_end_when_their_reader_goes(made: Made) -> None:
    with serving(made, HttpLimits(drain_s=0.1)) as port:
        line = connect(port)
        line.sendall(ASK)
        assert line.recv(100).startswith(b"HTTP/1.1 200 OK")
        line.close()
        wait_until(lambda: made.ended)


def test_pieces_end_when_the_server_does(made: Made) -> None:
    with serving(made, HttpLimits(drain_s=0.1)) as port, closing(connect(port)) as line:
        line.sendall(ASK)
        wait_until(lambda: made.count > 1)
    wait_until(lambda: made.ended)


def test_heads_say_how_long_a_body_is_or_that_it_comes_in_chunks(made: Made) -> None:
    whole, pieces = Response(200, b"four"), Response(200, b"", "text/plain", pieces=made.pieces())

    assert b"\r\ncontent-length: 4\r\n" in write_head(whole, b"date: x\r\n", last=False)
    assert b"connection: close" in write_head(whole, b"", last=True)
    head = write_head(pieces, b"", last=False)
    assert head.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding")
    assert b"length" not in head
    assert b"transfer" not in write_head(pieces, b"", last=True, chunked=False)
    assert write_chunk(b"x" * 17) == b"11\r\n" + b"x" * 17 + b"\r\n"
