"""The routes: all described, and none that answers otherwise than described."""

import pytest

from tests.serving.running import Answer, Running, Shelf, running
from textwright.serving.app import ROUTES

J = {"Content-Type": "application/json"}
BODIES = (None, b"", b"{}", b'{"inputs": ["rain"]}', b'{"inputs": [{}]}', b"\xff")


def call(server: Running, method: str, path: str, body: bytes | None = None) -> Answer:
    known = path.replace("{name}", "intents").replace("{version}", "3")
    return server.ask(method, known, body)


@pytest.mark.parametrize("body", BODIES)
def test_no_route_answers_what_it_does_not_declare(server: Running, body: bytes | None) -> None:
    paths = server.ask("GET", "/openapi.json").json["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            for asked in (path, path.replace("{name}", "none"), path.replace("{version}", "8")):
                answer = call(server, method.upper(), asked, body)
                assert str(answer.status) in operation["responses"], (method, asked)
                assert answer.status < 500


def test_every_route_of_the_table_is_described(server: Running) -> None:
    paths = server.ask("GET", "/openapi.json").json["paths"]
    described = {(method.upper(), path) for path, each in paths.items() for method in each}
    assert described == {(each.description.method, each.description.path) for each in ROUTES}
    page = server.ask("GET", "/docs").body.decode()
    for each in ROUTES:
        assert each.description.path in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_refused_and_the_right_one_named(server: Running, method: str) -> None:
    answer = server.ask(method, "/api/v1/models/intents/predict")
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json["error"]["code"] == "method_not_allowed"


def test_an_unknown_address_is_answered_with_the_nearest(server: Running) -> None:
    answer = server.ask("GET", "/health/redy?now=1")
    assert answer.status == 404
    assert answer.json["error"]["hint"] == "Did you mean '/health/ready'?"
    assert isinstance(server.ask("GET", "/v2/nothing").json["error"], str)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:80", "LOCALHOST"])
def test_a_name_of_this_machine_is_answered(server: Running, host: str) -> None:
    assert server.ask("GET", "/health/live", headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost.evil.example"])
def test_a_foreign_name_pointed_at_loopback_is_refused(server: Running, host: str) -> None:
    answer = server.ask("GET", "/health/live", headers={"Host": host})
    assert answer.status == 403


def test_a_request_without_a_host_is_refused(server: Running) -> None:
    assert server.ask("GET", "/health/live", headers={"Host": ""}).status == 400


def test_the_id_of_a_failed_request_is_its_clients_if_that_is_plain(server: Running) -> None:
    given = server.ask("GET", "/nothing", headers={"X-Request-Id": "ticket-42"})
    assert given.json["error"]["request_id"] == "ticket-42"
    wild = server.ask("GET", "/nothing", headers={"X-Request-Id": 'a"b<c>'})
    assert len(wild.json["error"]["request_id"]) == 16


def test_requests_answers_and_batches_are_counted(shelf: Shelf) -> None:
    shelf.deploy("intents", 4)
    with running(shelf) as server:
        server.predict("rain", "snow")
        server.ask("GET", "/nothing")
        text = server.ask("GET", "/metrics").body.decode()
    for line in (
        'textwright_requests_total{route="/api/v1/models/{name}/predict",status="200"} 1.0',
        'textwright_requests_total{route="none",status="404"} 1.0',
        'textwright_answers_total{model="intents",version="4"} 2.0',
        'textwright_batch_items_sum{model="intents"} 2.0',
        'textwright_queue_items{model="intents"} 0.0',
        'textwright_deployed_version{model="intents"} 4.0',
        "textwright_database_up 1.0",
    ):
        assert line in text.splitlines()


def test_many_addresses_do_not_fill_the_memory(server: Running) -> None:
    server.predict("rain", name="unknown")
    before = len(server.ask("GET", "/metrics").body)
    for number in range(50):
        server.predict("rain", name=f"unknown-{number}")
    assert len(server.ask("GET", "/metrics").body) < before + 1_000
