"""The control API as a client that means no good, or has bad luck, finds it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.conftest import Server as Database
from tests.lifecycle.conftest import postgresql
from tests.serving.control.answers import code, generation
from tests.serving.control.conftest import fill
from tests.serving.household import Household
from tests.serving.keyed import QUICKLY, Keyed, running_house
from tests.serving.running import running_one, wait_until
from textwright.lifecycle.database import open_database
from textwright.lifecycle.journal import lock_head
from textwright.lifecycle.remote import open_store
from textwright.serving.control.operations import OPERATIONS
from textwright.serving.deployments import database_source
from textwright.serving.keep import Keep
from textwright.serving.keyring import database_keys
from textwright.serving.server import Server
from textwright.settings import Settings

__all__ = ["postgresql"]
PROMOTE = "/deployments/intents/promote"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_every_operation_needs_its_role_and_a_key(shared: Keyed, operation: Any) -> None:
    path = operation.path.removeprefix("/api/v1").replace("{name}", "intents")
    path = path.replace("{version}", "1").replace("{key}", "99")
    roles = ["viewer", "operator", "approver", "admin"]
    for role in roles[: roles.index(operation.right)]:
        answer = shared.ask(operation.method, path, {}, role=role)
        assert code(answer) == (403, "forbidden")
        assert f"needs the role {operation.right}" in answer.json["error"]["message"]
    assert shared.ask(operation.method, path, {}, role="").status == 401
    allowed = shared.ask(operation.method, path, {}, role=operation.right)
    assert allowed.status in (200, 404, 409, 422)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "after=-1", "unknown=1", "a=1&" * 20, "after=1.5"]
)
def test_a_query_that_cannot_be_is_refused(shared: Keyed, query: str) -> None:
    assert code(shared.ask("GET", f"/events?{query}")) == (422, "invalid")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"version": 0}, 422),
        ({"version": 2**60}, 422),
        ({"version": 99}, 404),
        ({"version": True}, 422),
        ({"version": 2, "canary": 7.5}, 422),
        ({"version": 2, "canary": "0.1"}, 422),
        ({"version": 2, "reason": "a\x00b"}, 422),
        ({"version": 2, "reason": "x" * 2001}, 422),
        ({"version": 2, "reasn": "typo"}, 422),
        ([], 422),
        (b'{"version": 2, "reason": "\\ud800"}', 400),
        (b"\xff", 400),
        (b"[" * 100_000, 422),
        (b'{"version": ' + b"[" * 100_000, 422),
        (b'{"version": NaN}', 400),
    ],
)
def test_a_body_that_cannot_be_is_refused_and_nothing_moves(
    shared: Keyed, body: Any, status: int
) -> None:
    assert shared.ask("POST", PROMOTE, body).status == status
    assert generation(shared) == 1


def test_a_web_page_of_somebody_else_cannot_move_anything(shared: Keyed) -> None:
    form = shared.ask("POST", PROMOTE, b'{"version": 2}', Content_Type="text/plain")
    assert code(form) == (415, "not_json")
    preflight = shared.ask("OPTIONS", PROMOTE, origin="https://evil.example")
    assert preflight.status == 405
    assert not [name for name in preflight.headers if name.lower().startswith("access-control")]
    assert generation(shared) == 1


def test_without_the_database_control_says_so_and_predictions_go_on(keyed: Keyed) -> None:
    path = keyed.house.settings.home / "textwright.db"
    keyed.house.sessions.close()
    path.write_bytes(b"no database" * 1000)
    for each in path.parent.glob("textwright.db-*"):
        each.unlink()

    answer = keyed.ask("GET", "/models")
    assert code(answer) == (503, "database_away")
    assert str(path) not in answer.body.decode()
    assert answer.headers["retry-after"] == "1"
    assert keyed.running.predict("rain").status == 200


def test_a_database_that_is_locked_for_long_is_not_waited_for(house: Household) -> None:
    options = replace(QUICKLY, limits=replace(QUICKLY.limits, answer_s=0.3))
    with running_house(house, options) as keyed:
        with house.sessions.begin() as session:
            lock_head(session)
            late = keyed.ask("POST", PROMOTE, {"version": 2}, idempotency_key="a")
            assert code(late) == (504, "deadline")
            assert keyed.ask("GET", "/models").status == 200
        wait_until(lambda: generation(keyed) == 2)  # it happened in the end
        again = keyed.ask("POST", PROMOTE, {"version": 2}, idempotency_key="a")
        assert (again.json["moved"], again.headers["etag"]) == (True, '"2"')


def test_a_server_without_a_database_has_no_control(house: Household) -> None:
    store = open_store(house.settings.artifacts, house.settings.cache)
    source = database_source(house.settings.database, store)
    with running_one(lambda: Server(source, QUICKLY)) as running:
        answer = running.ask("GET", "/api/v1/models", headers={"X-Api-Key": "tw_any"})
    assert answer.status == 401


def test_postgresql_gives_keys_and_is_promoted_on(postgresql: Database, tmp_path: Path) -> None:
    address = postgresql()
    settings = Settings(tmp_path, address, str(tmp_path / "artifacts"))
    house = fill(Household(settings, open_database(address)))
    with running_house(house) as keyed:
        assert keyed.ask("POST", PROMOTE, {"version": 2}, idempotency_key="a").status == 200
        assert keyed.ask("POST", PROMOTE, {"version": 2}, idempotency_key="a").status == 200
        wait_until(lambda: keyed.running.predict("rain").json["version"] == 2)
        made = keyed.ask("POST", "/keys", {"name": "viewer", "days": 0.5}).json
        keyed.secrets["new"] = made["secret"]
        wait_until(lambda: keyed.ask("GET", "/models", role="new").status == 200)
        assert keyed.ask("GET", "/models/intents/versions/3").json["version"] == "intents@3"
        assert keyed.ask("GET", "/models/%00/versions").status == 404
        assert keyed.ask("GET", "/events?model=%00").status == 422
        keyed.revoke(made["id"])
        wait_until(lambda: keyed.ask("GET", "/models", role="new").status == 401)
    house.sessions.close()


def test_a_keep_that_was_closed_ends_quietly(house: Household) -> None:
    keep = Keep(house.settings)
    keep.close()
    database_keys(keep).note([1])
