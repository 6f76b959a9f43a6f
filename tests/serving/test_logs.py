"""The log: one JSON object a line, and nothing in it that was sent."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.serving.household import make_household
from tests.serving.keyed import QUICKLY, Keyed, running_house
from tests.serving.running import wait_until
from textwright.errors import DatabaseError
from textwright.serving.logs import JsonFormatter, report_to_log, start_logging

TEXT = "my name is Alice Example and my card is lost"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    ours = logging.getLogger("textwright")
    before = (ours.handlers, ours.level)
    start_logging(stream)
    yield stream
    ours.handlers, _ = before
    ours.setLevel(before[1])


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(each) for each in log.getvalue().splitlines()]


def ask_everything(keyed: Keyed) -> None:
    """Send a text, a caller and secrets in every way that is answered and in some that fail."""
    for path in ("/models/intents/predict", "/models/none/predict", "/models/intents@9/predict"):
        body = {"inputs": [TEXT], "caller": "alice@example.com"}
        keyed.ask("POST", path, body, role="operator", x_request_id="ticket-42")
        keyed.ask("POST", path, [TEXT])
        keyed.ask("POST", path, TEXT.encode())
        keyed.running.ask("POST", f"/api/v1{path}", {}, headers={"X-Api-Key": "tw_alice"})
    keyed.ask("GET", f"/models?after={TEXT.replace(' ', '%20')}")
    keyed.ask("POST", "/keys", {"name": "viewer", "label": TEXT})
    keyed.ask("POST", "/deployments/intents/rollback", {"reason": TEXT})


def test_neither_texts_nor_callers_nor_keys_stand_in_the_log(
    tmp_path: Path, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make_household(tmp_path / "home")
    house.register()
    house.promote("intents@1")
    with running_house(house, replace(QUICKLY, access_log=True)) as keyed:
        ask_everything(keyed)
        live = keyed.running.server.loader.live["intents"]

        def fail(*_: object) -> None:
            raise ValueError(f"cannot read {TEXT}")

        monkeypatch.setattr(live.batcher, "submit", fail)
        assert keyed.ask("POST", "/models/intents/predict", {"inputs": [TEXT]}).status == 500
        (tmp_path / "home" / "textwright.db").rename(tmp_path / "away.db")
        wait_until(lambda: keyed.running.server.doorkeeper.away)
    written = log.getvalue()

    assert len(lines(log)) > 12
    for personal in (TEXT, "Alice", "alice", *keyed.secrets.values(), "tw_"):
        assert personal not in written
    house.sessions.close()


def test_a_request_leaves_one_line_with_its_id_route_version_and_time(
    tmp_path: Path, log: io.StringIO
) -> None:
    house = make_household(tmp_path / "home")
    house.register()
    house.promote("intents@1")
    with running_house(house, replace(QUICKLY, access_log=True)) as keyed:
        body = {"inputs": ["rain"]}
        answer = keyed.ask("POST", "/models/intents/predict", body, x_request_id="ticket-42")
        assert answer.headers["x-request-id"] == "ticket-42"
        keyed.ask("GET", "/nothing")
    answered, missing = [each for each in lines(log) if each["message"] == "answered"]
    house.sessions.close()

    assert answered["route"] == "/api/v1/models/{name}/predict"
    told = [answered[name] for name in ("request_id", "method", "status", "model", "version")]
    assert told == ["ticket-42", "POST", 200, "intents", 1]
    assert 0.0 < answered["seconds"] < 10.0
    assert answered["level"] == "info"
    assert answered["time"].endswith("Z")
    assert (missing["route"], missing["status"]) == ("none", 404)


def test_without_the_access_log_requests_leave_nothing(tmp_path: Path, log: io.StringIO) -> None:
    house = make_household(tmp_path / "home")
    house.register()
    house.promote("intents@1")
    with running_house(house) as keyed:
        keyed.running.predict("rain")
    house.sessions.close()

    assert "answered" not in [each["message"] for each in lines(log)]


def test_an_error_is_told_by_class_and_place_and_its_message_only_if_it_is_ours() -> None:
    try:
        try:
            raise ValueError("the text was: private")
        except ValueError as error:
            raise DatabaseError("The disk is full.", "Make room.") from error
    except DatabaseError as error:
        record = logging.LogRecord("x", 40, "p", 1, "failed", (), (type(error), error, None))
        line = json.loads(JsonFormatter().format(record))

    assert line["error"]["class"] == "DatabaseError"
    assert line["error"]["message"] == "The disk is full."
    assert line["error"]["cause"]["class"] == "ValueError"
    assert "test_logs.py" in line["error"]["at"][0]
    assert "private" not in json.dumps(line)


def test_what_goes_wrong_outside_of_tasks_is_told_without_values(log: io.StringIO) -> None:
    loop = asyncio.new_event_loop()
    context = {"message": "Task exception was never retrieved", "exception": ValueError("private")}

    report_to_log(loop, context)

    loop.close()
    assert lines(log)[0]["error"]["class"] == "ValueError"
    assert "private" not in log.getvalue()
