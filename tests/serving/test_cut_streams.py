"""Streams over real sockets that are cut, half shut, held up, or outlived by their version."""

import json
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event, Thread
from time import sleep
from typing import Any

import openai
import pytest

from tests.runtime.tiny import make_language
from tests.serving.failing import FailingNetwork
from tests.serving.running import QUICK, Running, Shelf, running, wait_until
from textwright.serving.streams.engine import StreamEngine

RESET = struct.pack("ii", 1, 0)
LONG = 3000  # tokens: longer than any test
TOLD = 150  # tokens of a text that something happens to
STEP_S = 0.01


@pytest.fixture
def server(shelf: Shelf) -> Iterator[Running]:
    """Give a server of one model that writes slowly."""
    shelf.deploy_language("poems", 1, context=4000)
    with running(shelf, QUICK) as found:
        slow_down(found)
        yield found


def slow_down(server: Running) -> FailingNetwork:
    step = server.server.loader.live["poems"].answerer.session.networks.step
    network: FailingNetwork = (
        step.inner if isinstance(step.inner, FailingNetwork) else FailingNetwork(step.inner)
    )
    step.inner = network
    network.call_s = STEP_S
    return network


def engine_of(server: Running) -> StreamEngine:
    found = server.server.loader.live["poems"].streams
    assert found is not None
    return found


def request(tokens: int = LONG, *, version: bytes = b"1.1", **more: Any) -> bytes:
    body = {"model": "poems", "prompt": "a", "stream": True, "max_tokens": tokens, **more}
    content = json.dumps(body).encode()
    return (
        b"POST /v1/completions HTTP/%b\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (version, len(content), content)
    )


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def read_until(line: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received:
        piece = line.recv(65536)
        assert piece, "the connection was closed"
        received += piece
    return received


def read_all(line: socket.socket) -> bytes:
    received = b""
    while piece := line.recv(65536):
        received += piece
    return received


def reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    line.close()


def leave(line: socket.socket) -> None:
    line.close()


@pytest.mark.parametrize("go", [reset, leave])
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_frees_its_places_within_a_step(
    server: Running, go: Callable[[socket.socket], None], stream: bool
) -> None:
    engine, network = engine_of(server), slow_down(server)
    line = connect(server)
    line.sendall(request(n=3, stream=stream))
    if stream:
        read_until(line, b"data: ")
    else:
        wait_until(lambda: engine.running == 3 and len(network.shapes) > 3)
    go(line)

    wait_until(lambda: not engine.rows)
    steps = len(network.shapes)
    sleep(5 * STEP_S)
    assert len(network.shapes) <= steps + 1
    assert b'textwright_streams_cancelled_total{model="poems"} 3.0' in metrics(server)
    wait_until(lambda: not server.server.http.connections)


def metrics(server: Running) -> bytes:
    return server.ask("GET", "/metrics").body


def test_what_runs_and_waits_is_shown(server: Running) -> None:
    lines = [connect(server) for _ in range(3)]
    for line in lines:
        line.sendall(request(n=6))
    wait_until(lambda: engine_of(server).running == 12)

    told = metrics(server)

    assert b'textwright_streams{model="poems",state="running"} 12.0' in told
    assert b'textwright_streams{model="poems",state="waiting"} 6.0' in told
    for line in lines:
        line.close()
    wait_until(lambda: not engine_of(server).rows)


def test_a_client_that_has_said_all_reads_its_stream_to_the_end(server: Running) -> None:
    with closing(connect(server)) as line:
        line.sendall(request(12))
        read_until(line, b"data: ")
        line.shutdown(socket.SHUT_WR)
        received = read_all(line)

    assert b"data: [DONE]" in received
    assert received.endswith(b"0\r\n\r\n")
    assert b"100 Continue" not in received


def test_a_connection_takes_the_next_request_after_a_stream(server: Running) -> None:
    with closing(connect(server)) as line:
        for _ in range(2):
            line.sendall(request(4))
            received = read_until(line, b"0\r\n\r\n")
            assert received.startswith(b"HTTP/1.1 200 OK")
            assert b"connection: close" not in received


def test_a_client_of_http_1_0_reads_to_the_end_of_the_connection(server: Running) -> None:
    with closing(connect(server)) as line:
        line.sendall(request(4, version=b"1.0"))
        head, _, body = read_all(line).partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")


def client(server: Running) -> openai.OpenAI:
    address = f"http://127.0.0.1:{server.port}/v1"
    return openai.OpenAI(base_url=address, api_key="none", max_retries=0)


def tell(server: Running, told: list[str]) -> Thread:
    """Stream a text in a thread; gives the thread once the text has begun."""

    def work() -> None:
        with client(server) as ai:
            found = ai.completions.create(
                model="poems", prompt="a", max_tokens=TOLD, stream=True, temperature=0
            )
            for chunk in found:
                told.append(chunk.choices[0].text)

    thread = Thread(target=work)
    thread.start()
    wait_until(lambda: told)
    return thread


def test_a_stream_outlives_its_version_in_production(server: Running, shelf: Shelf) -> None:
    folder, told = shelf.root / "other", list[str]()
    other = shelf.keep(folder, "poems", 2, make_language(folder, context=2000))
    thread = tell(server, told)
    shelf.targets = {"poems": other}
    wait_until(lambda: server.server.loader.live["poems"].target.version == 2)
    assert len(told) < TOLD
    thread.join(20)

    assert len(told) == TOLD
    with client(server) as ai:
        found = ai.completions.create(model="poems", prompt="a", max_tokens=2)
    assert found.choices[0].text


def test_a_request_whose_version_is_replaced_while_its_prompt_is_read_is_written(
    server: Running, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, session = engine_of(server), server.server.loader.live["poems"].answerer.session
    read, begun, go_on = session.encode_prompt, Event(), Event()

    def wait(text: str, **more: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return read(text, **more)

    monkeypatch.setattr(session, "encode_prompt", wait)
    body = {"model": "poems", "prompt": "a", "max_tokens": 3}
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(server.ask, "POST", "/v1/completions", body)
        assert begun.wait(10)
        shelf.deploy_language("poems", 2, context=2000)
        wait_until(lambda: engine.closed)
        go_on.set()
        assert asked.result().status == 200
    wait_until(lambda: not any(each.is_alive() for each in engine.roster.threads))


def test_a_server_that_stops_ends_its_streams_first(shelf: Shelf) -> None:
    shelf.deploy_language("poems", 1, context=4000)
    told: list[str] = []
    with running(shelf, QUICK) as server:
        slow_down(server)
        thread = tell(server, told)
        assert len(told) < TOLD
    thread.join(20)

    assert len(told) == TOLD


def test_what_breaks_a_stream_is_its_last_event(server: Running) -> None:
    network = slow_down(server)
    with closing(connect(server)) as line:
        line.sendall(request())
        read_until(line, b"data: ")
        network.fails = 1
        received = read_until(line, b"0\r\n\r\n")
    event = received.rpartition(b"data: ")[2].partition(b"\n\n")[0]

    assert json.loads(event)["error"]["type"] == "server_error"
    assert b"[DONE]" not in received
    wait_until(lambda: not engine_of(server).rows)


def test_a_stock_client_raises_what_broke_its_stream(server: Running) -> None:
    network = slow_down(server)
    with client(server) as ai:
        found = ai.completions.create(model="poems", prompt="a", max_tokens=60, stream=True)
        next(iter(found))
        network.fails = 1
        with pytest.raises(openai.APIError, match="The server failed"):
            list(found)
