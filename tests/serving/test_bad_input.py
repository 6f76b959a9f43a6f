"""Requests that nobody should send: a defined answer to each, and bounded memory."""

import http.client
import json
import resource
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving.household import make_household
from tests.serving.keyed import QUICKLY, Keyed, running_house
from tests.serving.running import Answer, Running

GIGABYTE = 2**30
CHUNK = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
DEEP = b"[" * 200_000
BODIES = {
    "no JSON": b"{",
    "nothing": b"",
    "no UTF-8": b'{"inputs": ["\xff\xfe"]}',
    "deep": DEEP,
    "deep inside": b'{"inputs": ' + DEEP,
    "deep objects": b'{"a":' * 100_000,
    "deep unknown": b'{"unknown": ' + DEEP + b"]" * 200_000 + b', "inputs": ["rain"]}',
    "NaN": b'{"inputs": [NaN]}',
    "infinity": b'{"inputs": [Infinity], "timeout": -Infinity}',
    "lone surrogate": b'{"inputs": ["\\ud800"]}',
    "surrogates the wrong way round": b'{"inputs": ["\\udc00\\ud800"]}',
    "a number": b"7",
    "null": b"null",
    "huge number": b'{"inputs": ' + b"9" * 100_000 + b"}",
    "wrong types": b'{"inputs": {"a": [1, 2, {"b": null}]}, "caller": []}',
    "no list": b'{"inputs": "rain"}',
    "empty list": b'{"inputs": []}',
    "nulls": b'{"inputs": [null, true, 1.5]}',
    "unknown field": b'{"inputs": ["rain"], "colour": "red"}',
    "twice": b'{"inputs": ["rain"], "inputs": 7}',
    "long caller": b'{"inputs": ["rain"], "caller": "' + b"a" * 10_000 + b'"}',
    "100,000 texts": json.dumps({"inputs": ["a"] * 100_000}).encode(),
    "100,000 tensors": json.dumps(
        {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}] * 40_000}
    ).encode(),
}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    house = make_household(tmp_path_factory.mktemp("bad") / "home")
    house.register()
    house.register(strength=7.0)
    house.promote("intents@1")
    with running_house(house) as found:
        yield found
    house.sessions.close()


@pytest.fixture(autouse=True)
def _others_are_still_answered(keyed: Keyed) -> Iterator[None]:
    yield
    assert keyed.running.predict("rain").status == 200


@pytest.mark.parametrize("name", BODIES)
def test_every_route_that_takes_a_body_refuses_a_bad_one_as_declared(
    keyed: Keyed, name: str
) -> None:
    paths = keyed.running.ask("GET", "/openapi.json").json["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if "requestBody" not in operation or path.endswith("/index"):  # reads none of it
                continue
            known = path.replace("{name}", "intents").replace("{version}", "1")
            answer = keyed.running.ask(
                method.upper(), known, BODIES[name], headers={"X-Api-Key": keyed.secrets["admin"]}
            )
            assert answer.status in (400, 413, 422), (path, answer.body[:200])
            assert str(answer.status) in operation["responses"], path
            assert b"Traceback" not in answer.body


def test_a_zero_byte_and_an_empty_text_are_texts(keyed: Keyed) -> None:
    answer = keyed.running.predict("a\x00b", "", " ", "\u202e\ufffd🙂")

    assert answer.status == 200
    assert [each["id"] for each in answer.json["answers"]]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("none", 404), ("intents@9", 404), ("intents@x", 404), ("@", 404), ("%00", 404),
        ("intents%00", 404), ("..%2f..%2fetc", 404), ("intents@" + "9" * 5000, 404),
    ],
)  # fmt: skip
def test_a_model_or_version_that_is_none_is_not_found(keyed: Keyed, name: str, status: int) -> None:
    path = f"/models/{name}/predict"
    answer = keyed.ask("POST", path, {"inputs": ["rain"]}, role="operator")

    assert answer.status == status


def test_a_named_version_needs_the_right_to_ask_it(keyed: Keyed) -> None:
    def ask(role: str) -> Answer:
        return keyed.ask("POST", "/models/intents@2/predict", {"inputs": ["rain"]}, role=role)

    assert ask("viewer").status == 403
    assert ask("").status == 401
    assert ask("operator").json["version"] == 2


@pytest.mark.parametrize("path", ["/api/v1/models/intents/predict", "/v2/models/intents/infer"])
def test_a_gigabyte_that_is_declared_is_refused_before_it_is_sent(keyed: Keyed, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {GIGABYTE}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", keyed.running.port), timeout=10) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("key", ["", "admin"])
def test_a_gigabyte_in_chunks_is_refused_and_fills_no_memory(keyed: Keyed, key: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head = "POST /api/v1/models/intents/predict HTTP/1.1\r\nHost: localhost\r\n"
    head += f"X-Api-Key: {keyed.secrets.get(key, '')}\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", keyed.running.port), timeout=10) as client:
        client.sendall(head.encode())
        try:
            while sent < GIGABYTE:
                client.sendall(CHUNK)
                sent += len(CHUNK)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100).startswith(b"HTTP/1.1 413")
        except OSError:  # it was cut off
            pass
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert sent > 4_194_304
    assert grown < 65_536  # KiB


def test_a_query_and_headers_of_any_length_are_bounded(keyed: Keyed) -> None:
    long = keyed.ask("GET", f"/models?after={'a' * 20_000}")
    header = keyed.ask("GET", "/models", x_request_id="a" * 20_000)

    assert (long.status, header.status) == (413, 413)


@pytest.mark.parametrize("value", ["application/json; charset=latin-1", "text/json", "", "json"])
def test_a_body_of_another_type_is_refused_or_read_as_utf8(keyed: Keyed, value: str) -> None:
    answer = keyed.ask(
        "POST",
        "/models/intents/predict",
        '{"inputs": ["雨"]}'.encode(),
        role="",
        Content_Type=value,
    )

    assert answer.status == (200 if value.startswith("application/json") else 415)


def test_requests_cut_off_at_any_byte_leave_others_alone(keyed: Keyed) -> None:
    body = b'{"inputs": ["rain"]}'
    head = b"POST /api/v1/models/intents/predict HTTP/1.1\r\nHost: localhost\r\n"
    head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    whole = head + body
    for length in range(0, len(whole), 7):
        with socket.create_connection(("127.0.0.1", keyed.running.port), timeout=10) as client:
            client.sendall(whole[:length])


def test_without_access_control_no_other_site_is_let_in(keyed: Keyed) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", keyed.running.port, timeout=10)
    connection.request("OPTIONS", "/api/v1/models/intents/predict", headers={"Origin": "https://x"})
    response = connection.getresponse()
    response.read()
    connection.close()

    assert response.status == 405
    assert not [name for name, _ in response.getheaders() if name.startswith("access-control")]


def test_a_keyed_server_refuses_before_it_reads_what_was_sent(tmp_path: Path) -> None:
    house = make_household(tmp_path / "home")
    with running_house(house, replace(QUICKLY, keyed=True), wait=False) as keyed:
        running: Running = keyed.running
        assert running.ask("POST", "/api/v1/models/x/predict", DEEP).status == 401
    house.sessions.close()
