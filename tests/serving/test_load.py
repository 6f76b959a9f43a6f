"""The open-loop generator, against real servers: one of ours, one that stalls, one that is gone."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest

from tests.serving.running import Running
from textwright.serving.load import Load, Outcome, run_load
from textwright.serving.load_report import Account, Report, tail

PATH = "/api/v1/models/intents/predict"
BODIES = [json.dumps({"inputs": [text]}).encode() for text in ("will it rain", "where is my card")]
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"version":7}'
Act = Callable[[socket.socket, int], None]


def load_of(port: int, rate: float, seconds: float, **options: Any) -> Load:
    return Load("127.0.0.1", port, PATH, BODIES, rate, seconds, **options)


def measure(load: Load) -> tuple[Report, list[Outcome]]:
    """Run a load; gives its account and every outcome in the order of their times."""
    outcomes: list[Outcome] = []
    seconds = asyncio.run(run_load(load, outcomes.append))
    account = Account()
    for each in outcomes:
        account.add(each)
    return account.report(seconds), sorted(outcomes, key=lambda each: each.at_s)


@contextmanager
def acting(act: Act) -> Iterator[int]:
    """Run a server whose connections are handed to ``act`` with a number for each request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = Event()

        def serve() -> None:
            number = 0
            while not ended.is_set():
                connection, _ = listener.accept()
                with connection:
                    while not ended.is_set() and read_request(connection):
                        act(connection, number)
                        number += 1

        thread = Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        yield port
        ended.set()
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join(10)


def read_request(connection: socket.socket) -> bool:
    """Read one request; False when the connection has ended."""
    data = b""
    while b"inputs" not in data or not data.endswith(b"}"):
        try:
            piece = connection.recv(65536)
        except OSError:
            return False
        if not piece:
            return False
        data += piece
    return True


def test_every_request_of_the_rate_is_answered_and_counted(server: Running) -> None:
    report, outcomes = measure(load_of(server.port, 200, 0.5))

    assert (report.sent, report.answered, report.refused, report.failed) == (100, 100, 0, 0)
    assert report.versions == {"3": 100}
    assert report.statuses == {"200": 100}
    dues = [each.at_s for each in outcomes]
    assert dues == pytest.approx([number / 200 for number in range(100)], abs=1e-6)
    assert [each.number for each in outcomes] == list(range(100))
    labels = [json.loads(each.body)["answers"][0]["label"] for each in outcomes]
    assert labels == ["weather", "card"] * 50


def test_a_stall_is_seen_by_every_request_that_was_due_meanwhile() -> None:
    def stall(connection: socket.socket, number: int) -> None:
        if number == 20:
            sleep(0.5)
        connection.sendall(ANSWER)

    with acting(stall) as port:
        report, outcomes = measure(load_of(port, 100, 1.0, connections=1))

    late = [each for each in outcomes if each.seconds > 0.1]
    assert report.answered == 100
    assert len(late) >= 30  # a loop that waits for its answer would have seen one
    assert report.latency["p90"] > 100
    assert report.latency["max"] >= 500
    waits = [each.seconds for each in late[:20]]
    assert waits == sorted(waits, reverse=True)  # who was due later waited less


def test_refused_answers_are_apart_from_those_given() -> None:
    def refuse(connection: socket.socket, number: int) -> None:
        refusal = b"HTTP/1.1 429 Too Many\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(refusal if number % 2 else ANSWER)

    with acting(refuse) as port:
        report, outcomes = measure(load_of(port, 100, 0.2, connections=1))

    assert (report.answered, report.refused, report.failed) == (10, 10, 0)
    assert report.statuses == {"200": 10, "429": 10}
    assert report.versions == {"7": 10}
    assert set(report.refusal) == set(report.latency) == {"p50", "p90", "p99", "p99.9", "max"}
    assert [each.headers["retry-after"] for each in outcomes if each.status == 429] == ["2"] * 10


def test_a_connection_closed_without_an_answer_has_failed_and_the_next_is_opened() -> None:
    def drop(connection: socket.socket, number: int) -> None:
        if number % 4 == 3:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(ANSWER)

    with acting(drop) as port:
        report, _ = measure(load_of(port, 200, 0.1, connections=1))

    assert (report.sent, report.answered, report.failed) == (20, 15, 5)
    assert report.statuses == {"0": 5, "200": 15}


def test_an_answer_that_is_no_http_has_failed() -> None:
    with acting(lambda connection, _: connection.sendall(b"hello\r\n")) as port:
        report, _ = measure(load_of(port, 100, 0.05, connections=1))

    assert report.statuses == {"0": 5}


def test_an_answer_may_say_that_it_is_the_last_of_its_connection() -> None:
    closing = ANSWER.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    with acting(lambda connection, _: connection.sendall(closing)) as port:
        report, _ = measure(load_of(port, 100, 0.1, connections=1))

    assert report.statuses == {"200": 10}


def test_a_request_without_an_answer_fails_when_its_time_is_over() -> None:
    with acting(lambda _connection, _number: None) as port:
        report, outcomes = measure(load_of(port, 100, 0.1, timeout_s=0.3, connections=2))

    assert (report.answered, report.failed) == (0, 10)
    assert report.latency == {}
    assert all(each.seconds >= 0.3 for each in outcomes)  # those that waited too


def test_nobody_listening_is_a_failure_of_every_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    report, _ = measure(load_of(port, 100, 0.1))

    assert (report.sent, report.failed) == (10, 10)


def test_headers_go_with_each_request(server: Running) -> None:
    report, _ = measure(load_of(server.port, 100, 0.05, headers={"Content-Type": "text/plain"}))

    assert report.statuses == {"415": 5}


def test_the_host_is_written_as_http_wants_it() -> None:
    load = Load("::1", 80, "/", [b"{}", b"[1]"], 1, 1)

    assert load.requests()[1].splitlines()[1] == b"Host: [::1]:80"
    assert load.requests()[1].endswith(b"Content-Length: 3\r\n\r\n[1]")


def test_a_load_has_at_least_one_request() -> None:
    assert load_of(1, 0.1, 0.1).count == 1
    assert load_of(1, 300, 0.5).count == 150


def test_the_tail_is_of_all_values() -> None:
    seconds = [number / 1000 for number in range(1, 1001)]

    assert tail(seconds) == {"p50": 501, "p90": 901, "p99": 991, "p99.9": 1000, "max": 1000}
    assert tail([0.25]) == dict.fromkeys(("p50", "p90", "p99", "p99.9", "max"), 250.0)
    assert tail([]) == {}
