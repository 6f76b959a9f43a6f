"""HTTP as bytes on a socket: pieces, pipelines, limits on size and time, and rude clients."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from time import monotonic, sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving.running import Running, Shelf, running, wait_until
from textwright.serving.batcher import Batcher
from textwright.serving.limits import HttpLimits, Limits

BODY = b'{"inputs":["will it rain"]}'
HEAD = (
    b"POST /api/v1/models/intents/predict HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\n"
)
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
LAST = WHOLE.replace(b"Host", b"Connection: close\r\nHost")
LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
TIGHT = Limits(
    poll_s=0.02,
    http=HttpLimits(
        head_bytes=2000, body_bytes=5000, head_s=0.3, body_s=0.3, idle_s=0.3, tick_s=0.05
    ),
)


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a server with small limits."""
    shelf = Shelf(tmp_path_factory.mktemp("tight"))
    shelf.deploy("intents", 1)
    with running(shelf, TIGHT) as found:
        yield found


@contextmanager
def connected(server: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        yield connection


def exchange(server: Running, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send pieces, the last of which makes the server close, and read to the end."""
    with connected(server) as connection:
        for piece in pieces:
            connection.sendall(piece)
            sleep(pause_s)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, len(LAST)), max_size=4))
def test_a_request_may_come_in_any_pieces(server: Running, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(LAST)]
    pieces = [LAST[a:b] for a, b in pairwise(places)]
    received = exchange(server, *pieces, pause_s=0.001)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"label":"weather"' in received


def test_requests_sent_ahead_are_answered_in_their_order(server: Running) -> None:
    received = exchange(server, (WHOLE + LIVE) * 40 + LAST)
    kinds = [b"answers" in each for each in received.split(b"HTTP/1.1 200 OK")[1:]]
    assert kinds == [True, False] * 40 + [True]


def test_a_connection_stays_open_for_the_next_request(server: Running) -> None:
    with connected(server) as connection:
        for _ in range(3):
            connection.sendall(LIVE)
            assert connection.recv(65536).endswith(b'{"live":true}')


def test_a_client_that_asks_to_close_is_closed(server: Running) -> None:
    with connected(server) as connection:
        connection.sendall(LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert b"connection: close" in read_all(connection)


def test_a_chunked_body_is_read(server: Running) -> None:
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, BODY[:9], len(BODY) - 9, BODY[9:])
    head = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    received = exchange(server, head + chunks)
    assert b'"label":"weather"' in received


def test_a_client_that_waits_for_100_continue_gets_it(server: Running) -> None:
    with connected(server) as connection:
        extra = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        connection.sendall(HEAD + extra)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_an_offer_of_another_protocol_is_answered_in_this_one(server: Running) -> None:
    offer = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    received = exchange(server, WHOLE.replace(b"Content-Length", offer + b"Content-Length"))
    assert received.startswith(b"HTTP/1.1 200")
    assert b"weather" in received


def test_head_is_answered_without_a_body(server: Running) -> None:
    received = exchange(server, LIVE.replace(b"GET", b"HEAD") + LAST).partition(b"HTTP/1.1 200")[2]
    received = received.partition(b"HTTP/1.1 200")[0]
    assert b"content-length: 13\r\n" in received
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_the_form_of_an_error(
    server: Running, rubbish: bytes
) -> None:
    received = exchange(server, rubbish)
    assert received.startswith(b"HTTP/1.1 400 Bad Request")
    assert b'"code":"malformed"' in received


def test_a_body_declared_too_large_is_refused_before_it_is_sent(tight: Running) -> None:
    with connected(tight) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000000\r\n\r\n")
        received = read_all(connection)
    assert received.startswith(b"HTTP/1.1 413")
    assert b"larger than 5000 bytes" in received


def test_a_body_that_grows_too_large_is_refused_while_it_comes(tight: Running) -> None:
    with connected(tight) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(60):
            connection.sendall(b"64\r\n" + b" " * 100 + b"\r\n")
        received = read_all(connection)
    assert received.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("head", [b"X-Long: " + b"a" * 3000, b"a: b\r\n" * 400])
@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_that_is_too_long_is_refused(tight: Running, head: bytes, end: bytes) -> None:
    received = exchange(tight, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + head + end)
    assert received.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("part", [b"POST /api", HEAD + b"Content-Length: 9\r\n\r\n{"])
def test_a_request_that_never_ends_is_refused_in_time(tight: Running, part: bytes) -> None:
    start = monotonic()
    with connected(tight) as connection:
        connection.sendall(part)
        received = read_all(connection)
    assert received.startswith(b"HTTP/1.1 408")
    assert monotonic() - start < 5


def test_a_connection_that_says_nothing_is_closed_in_time(tight: Running) -> None:
    with connected(tight) as connection:
        assert read_all(connection) == b""
    with connected(tight) as connection:
        connection.sendall(LIVE)
        assert read_all(connection).endswith(b'{"live":true}')


def test_clients_that_leave_at_any_moment_leave_nothing_behind(server: Running) -> None:
    for size in range(0, len(WHOLE) + 1, 7):
        with connected(server) as connection:
            connection.sendall(WHOLE[:size])
    with connected(server) as connection:
        connection.sendall(WHOLE * 10)
    wait_until(lambda: not server.server.http.connections)
    batcher = server.server.loader.live["intents"].batcher
    wait_until(lambda: not batcher.items)
    assert server.predict("rain").status == 200


def reset_at_close(connection: socket.socket) -> None:
    """Let the end of a connection be told as a broken one, and not as one that said all."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def holds_more(batcher: Batcher, items: int) -> bool:
    return batcher.items > items


def test_texts_of_clients_that_left_are_not_run(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        batcher = server.server.loader.live["intents"].batcher
        with batcher.session_free:
            for number in range(5):
                with connected(server) as connection:
                    connection.sendall(WHOLE)
                    wait_until(partial(holds_more, batcher, number))
                    if number % 2:
                        reset_at_close(connection)
            wait_until(lambda: not server.server.http.connections)
        wait_until(lambda: not batcher.items)
        run = b'textwright_batch_items_sum{model="intents"} 0.0'
        assert run in server.ask("GET", "/metrics").body
        assert server.predict("rain").status == 200


def test_beyond_the_bound_of_connections_a_new_one_is_closed(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf, Limits(poll_s=0.02, http=HttpLimits(connections=2))) as server:
        with connected(server) as first, connected(server), connected(server) as third:
            assert read_all(third) == b""
            first.sendall(LIVE)
            assert first.recv(65536).startswith(b"HTTP/1.1 200")
        wait_until(lambda: not server.server.http.connections)
        assert server.predict("rain").status == 200


def test_stopping_answers_what_was_accepted_and_refuses_what_comes_after(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server, connected(server) as busy, connected(server) as idle:
        idle.sendall(LIVE)
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        batcher = server.server.loader.live["intents"].batcher
        with batcher.session_free:
            busy.sendall(WHOLE)
            wait_until(lambda: batcher.items == 1)
            stopped = asyncio.run_coroutine_threadsafe(server.server.stop(), server.loop)
            assert read_all(idle) == b""
            with pytest.raises(ConnectionError):
                socket.create_connection(("127.0.0.1", server.port)).close()
        received = read_all(busy)
        stopped.result(10)
    assert received.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in received
