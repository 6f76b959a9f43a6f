"""Many callers, slow callers and rude ones: each gets its own answers, and no other waits."""

import asyncio
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import pytest

from tests.runtime.tiny import WORDS
from tests.serving.running import Running, Shelf, running, wait_until
from textwright.serving.http import PIPELINED
from textwright.serving.limits import BatchLimits, HttpLimits, Limits

PATH = b"POST /api/v1/models/intents/predict HTTP/1.1\r\nHost: localhost\r\n"
HEAD = PATH + b"Content-Type: application/json\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSING = LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
KNOWN = {text: label for label, words in WORDS.items() for text in words.split()}


def post(*texts: str) -> bytes:
    body = json.dumps({"inputs": list(texts)}).encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(body: bytes, size: int, *, ending: bytes = b"0\r\n\r\n") -> bytes:
    """Give a whole request whose body comes in chunks."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces)
    return HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + ending


@contextmanager
def connected(server: Running, *, receive_bytes: int = 0) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", server.port))
        yield connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def bodies(received: bytes) -> list[Any]:
    """Give the JSON bodies of responses that came one after the other."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found.append(json.loads(rest[:length]))
        received = rest[length:]
    return found


def labels_of(body: Any) -> list[str]:
    return [each["label"] for each in body["answers"]]


def test_callers_that_share_batches_get_each_their_own_answers(server: Running) -> None:
    texts = list(KNOWN)

    def ask(caller: int) -> list[tuple[list[str], list[str]]]:
        seen = []
        for turn in range(6):
            chosen = [
                texts[(caller * 7 + turn * 3 + each) % len(texts)] for each in range(1 + turn)
            ]
            padded = [f"{text} {'quux ' * (caller % 5)}" for text in chosen]
            answer = server.predict(*padded)
            seen.append((labels_of(answer.json), [KNOWN[text] for text in chosen]))
        return seen

    with ThreadPoolExecutor(8) as pool:
        for seen in pool.map(ask, range(24)):
            for found, expected in seen:
                assert found == expected


def test_mixed_requests_of_one_connection_come_back_in_order_each_with_its_own(
    server: Running,
) -> None:
    texts = list(KNOWN)
    sent = [[texts[(at + each) % len(texts)] for each in range(at % 4 + 1)] for at in range(60)]
    assert len(sent) > 3 * PIPELINED

    with connected(server) as connection:
        connection.sendall(b"".join(post(*each) for each in sent) + CLOSING)
        *told, live = bodies(read_all(connection))

    assert live == {"live": True}
    assert [labels_of(each) for each in told] == [[KNOWN[text] for text in each] for each in sent]


def test_no_two_answers_ever_share_an_id(server: Running) -> None:
    with connected(server) as connection:
        connection.sendall(post("rain", "rain", "card") * 50 + CLOSING)
        told = bodies(read_all(connection))[:-1]
    ids = [each["id"] for body in told for each in body["answers"]]

    assert len(set(ids)) == len(ids) == 150


def test_a_reader_that_takes_its_time_gets_all_of_its_answer(server: Running) -> None:
    texts = ["rain"] * 2000
    with connected(server, receive_bytes=4096) as connection:
        connection.sendall(post(*texts) + CLOSING)
        received = b""
        while piece := connection.recv(20_000):
            received += piece
            sleep(0.001)
    told, live = bodies(received)

    assert labels_of(told) == ["weather"] * 2000
    assert live == {"live": True}


def test_a_reader_that_takes_nothing_is_cut_off_and_the_others_never_wait(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    limits = Limits(poll_s=0.02, http=HttpLimits(write_s=0.3, tick_s=0.05))
    with running(shelf, limits) as server, connected(server, receive_bytes=2048) as stuck:
        for _ in range(15):
            stuck.sendall(post(*["rain"] * 2048))  # megabytes of answers, of which none is read
        wait_until(lambda: any(not each.writable for each in server.server.http.connections))
        start = monotonic()
        assert server.predict("rain").status == 200
        assert monotonic() - start < 2
        wait_until(lambda: not server.server.http.connections)
        batcher = server.server.loader.live["intents"].batcher
        wait_until(lambda: not batcher.items)


def test_while_one_does_not_read_its_next_requests_are_not_run(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server, connected(server, receive_bytes=2048) as stuck:
        stuck.sendall(post(*["rain"] * 2048) * 15)
        wait_until(lambda: any(not each.writable for each in server.server.http.connections))
        sleep(0.1)
        done = server.ask("GET", "/metrics").body.decode()
        (line,) = [
            each for each in done.splitlines() if each.startswith("textwright_answers_total")
        ]
        assert float(line.split()[-1]) < 15 * 2048


def test_who_shuts_its_side_after_a_request_still_gets_its_answers(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        batcher = server.server.loader.live["intents"].batcher
        with connected(server) as half:
            with batcher.session_free:
                half.sendall(post("rain", "card") + post("song") + post("rain")[:-9])
                wait_until(lambda: batcher.items == 2)
                half.shutdown(socket.SHUT_WR)
                sleep(0.1)  # longer than it takes to find out who is gone
            interim, _, received = read_all(half).partition(b"\r\n\r\n")
        first, second = bodies(received)
        wait_until(lambda: not server.server.http.connections)
    assert interim == b"HTTP/1.1 100 Continue"
    assert (labels_of(first), labels_of(second)) == (["weather", "card"], ["music"])


def test_who_shuts_its_side_and_knows_no_interim_response_is_sent_none(server: Running) -> None:
    with connected(server) as half:
        half.sendall(post("rain").replace(b"HTTP/1.1", b"HTTP/1.0"))
        half.shutdown(socket.SHUT_WR)
        (told,) = bodies(read_all(half))
    assert labels_of(told) == ["weather"]


@pytest.mark.parametrize("part", [b"", b"GET", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{"])
def test_who_shuts_its_side_in_the_middle_of_a_request_is_closed_at_once(
    server: Running, part: bytes
) -> None:
    with connected(server) as half:
        half.sendall(part)
        half.shutdown(socket.SHUT_WR)
        start = monotonic()
        assert read_all(half) == b""
        assert monotonic() - start < 5


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_body_in_chunks_of_any_size_is_read(server: Running, size: int) -> None:
    body = json.dumps({"inputs": ["will it rain", "我的卡", ""]}).encode()
    with connected(server) as connection:
        connection.sendall(chunked(body, size))
        (told,) = bodies(read_all(connection))

    assert labels_of(told)[:2] == ["weather", "card"]


def test_extensions_and_trailers_of_chunks_are_read_over(server: Running) -> None:
    body = b'{"inputs":["will it rain"]}'
    chunks = b"%x;name=value\r\n%s\r\n" % (len(body), body)
    whole = chunked(b"", 1, ending=chunks + b"0\r\nX-Trailer: yes\r\n\r\n")
    with connected(server) as connection:
        connection.sendall(whole)
        (told,) = bodies(read_all(connection))

    assert labels_of(told) == ["weather"]


def test_chunks_without_their_end_are_refused_in_time(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    limits = Limits(poll_s=0.02, http=HttpLimits(body_s=0.2, tick_s=0.05))
    with running(shelf, limits) as server, connected(server) as connection:
        connection.sendall(chunked(b'{"inputs":["rain"]}', 5, ending=b""))
        received = read_all(connection)

    assert received.startswith(b"HTTP/1.1 408")
    assert json.loads(received.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_timeout"


def test_a_client_that_drips_its_head_gains_no_time(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    limits = Limits(poll_s=0.02, http=HttpLimits(head_s=0.3, tick_s=0.05))
    with running(shelf, limits) as server, connected(server) as connection:
        start = monotonic()
        received = b""
        connection.settimeout(0.02)
        for byte in LIVE * 3:
            try:
                connection.sendall(bytes([byte]))
                received = connection.recv(65536)
                break
            except TimeoutError:
                continue
        assert monotonic() - start < 3
    assert received.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(("size", "status"), [(1400, 200), (2400, 413)])
def test_a_head_is_counted_whole_however_its_bytes_are_shared_out(
    shelf: Shelf, size: int, status: int
) -> None:
    shelf.deploy("intents", 1)
    limits = Limits(poll_s=0.02, http=HttpLimits(head_bytes=2000))
    many = b"".join(b"x-%03d: %s\r\n" % (at, b"v" * 32) for at in range(size // 41))
    ways = (many, b"x-one: " + b"v" * (size - 9) + b"\r\n")
    with running(shelf, limits) as server:
        for headers in ways:
            with connected(server) as connection:
                connection.sendall(CLOSING[:-2] + headers + b"\r\n")
                assert read_all(connection).startswith(b"HTTP/1.1 %d" % status)
        with connected(server) as connection:
            path = b"/health/live?" + b"q" * (size - 100)
            connection.sendall(CLOSING.replace(b"/health/live", path))
            assert read_all(connection).startswith(b"HTTP/1.1 %d" % status)


def test_a_long_connection_is_not_charged_for_its_earlier_heads(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with (
        running(shelf, Limits(poll_s=0.02, http=HttpLimits(head_bytes=500))) as server,
        connected(server) as connection,
    ):
        for _ in range(30):
            connection.sendall(LIVE)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_body_just_within_its_bound_is_read_and_one_byte_more_is_not(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    body = b'{"inputs":["rain"]}'
    within = Limits(poll_s=0.02, http=HttpLimits(body_bytes=len(body)))
    with running(shelf, within) as server:
        path = "/api/v1/models/intents/predict"
        assert server.ask("POST", path, body).status == 200
        assert server.ask("POST", path, body + b" ").status == 413


def test_who_was_refused_for_a_full_queue_is_told_when_to_come_back_and_then_answered(
    shelf: Shelf,
) -> None:
    shelf.deploy("intents", 1)
    with running(shelf, Limits(poll_s=0.02, batch=BatchLimits(queue_items=8))) as server:
        batcher = server.server.loader.live["intents"].batcher
        with batcher.session_free, connected(server) as waiting:
            waiting.sendall(post(*["rain"] * 6))
            wait_until(lambda: batcher.items == 6)
            server.on_loop(lambda: setattr(batcher.admission.pace, "text_s", 0.5))
            refused = server.predict(*["card"] * 3)
            small = ThreadPoolExecutor(1).submit(server.predict, "card", "card")
            wait_until(lambda: batcher.items == 8)
        assert refused.status == 429
        assert refused.headers["retry-after"] == "4"  # six texts at two a second, and a bit
        assert refused.json["error"]["hint"]
        assert small.result(10).status == 200
        assert server.predict(*["card"] * 8).status == 200


def test_a_text_that_waited_past_its_time_is_given_up_and_told_so(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf, Limits(poll_s=0.02, answer_s=0.05)) as server:
        batcher = server.server.loader.live["intents"].batcher
        with batcher.session_free:
            late = ThreadPoolExecutor(1).submit(server.predict, "rain")
            wait_until(lambda: batcher.items == 1)
            sleep(0.1)
        answer = late.result(10)
        assert answer.status == 504
        assert answer.json["error"]["code"] == "deadline"
        failed = b'textwright_failures_total{model="intents",reason="deadline"} 1.0'
        assert failed in server.ask("GET", "/metrics").body
        assert b'textwright_answers_total{model="intents",version="1"} 0.0' in (
            server.ask("GET", "/metrics").body
        )


def test_a_server_told_to_stop_gives_up_on_what_does_not_end(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    limits = Limits(poll_s=0.02, http=HttpLimits(drain_s=0.2))
    with running(shelf, limits) as server, connected(server) as busy:
        batcher = server.server.loader.live["intents"].batcher
        with batcher.session_free:
            busy.sendall(post("rain"))
            wait_until(lambda: batcher.items == 1)
            start = monotonic()
            asyncio.run_coroutine_threadsafe(server.server.stop(), server.loop).result(10)
            assert 0.2 <= monotonic() - start < 3
            assert read_all(busy) == b""


def test_while_it_drains_it_is_live_but_not_ready(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        server.on_loop(lambda: setattr(server.server.loader, "draining", True))
        assert server.ask("GET", "/health/live").status == 200
        ready = server.ask("GET", "/health/ready")
        assert ready.status == 503
        assert ready.headers["retry-after"] == "1"
        assert server.predict("rain").status == 200
