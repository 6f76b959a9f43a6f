"""The control API over a real socket, on a real home."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.conftest import Server as Database
from tests.lifecycle.conftest import postgresql
from tests.serving.household import Household, make_household
from tests.serving.keyed import QUICKLY, Keyed, running_house
from tests.serving.running import Answer, running_one, wait_until
from textwright.lifecycle.database import open_database
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.gates import Verdict
from textwright.lifecycle.journal import lock_head
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.remote import open_store
from textwright.serving.control.operations import OPERATIONS
from textwright.serving.deployments import database_source
from textwright.serving.keep import Keep
from textwright.serving.keyring import database_keys
from textwright.serving.server import Server
from textwright.settings import Settings

__all__ = ["postgresql"]
PROMOTE = "/deployments/intents/promote"


def fill(house: Household) -> Household:
    """Register three versions, the first of them in production."""
    for strength in (7.0, 8.0, 9.0):
        house.register(strength=strength)
    house.promote("intents@1")
    return house


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a home once, to copy."""
    home = tmp_path_factory.mktemp("template") / "home"
    fill(make_household(home)).sessions.close()
    return home


def copy_house(template: Path, home: Path) -> Household:
    shutil.copytree(template, home)
    settings = Settings(home, f"sqlite:///{home / 'textwright.db'}", str(home / "artifacts"))
    return Household(settings, open_database(settings.database))


@pytest.fixture
def house(template: Path, tmp_path: Path) -> Iterator[Household]:
    made = copy_house(template, tmp_path / "home")
    yield made
    made.sessions.close()


@pytest.fixture
def keyed(house: Household) -> Iterator[Keyed]:
    with running_house(house) as found:
        yield found


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """Give a server for tests that change nothing."""
    house = copy_house(template, tmp_path_factory.mktemp("shared") / "home")
    with running_house(house) as found:
        yield found
    house.sessions.close()


def generation(keyed: Keyed) -> int:
    found: int = keyed.ask("GET", "/deployments/intents").json["generation"]
    return found


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def actors(keyed: Keyed, kind: str) -> list[str]:
    events = keyed.ask("GET", "/events?limit=1000").json["events"]
    return [each["actor"] for each in events if each["kind"] == kind]


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


def test_models_and_versions_are_told_page_by_page(keyed: Keyed) -> None:
    keyed.house.register("sentiment")

    first = keyed.ask("GET", "/models?limit=1", role="viewer").json
    second = keyed.ask("GET", f"/models?limit=1&after={first['next']}").json
    assert first["models"] == [{"model": "intents", "newest": 3, "production": 1}]
    assert second["models"] == [{"model": "sentiment", "newest": 1, "production": None}]
    assert keyed.ask("GET", f"/models?after={second['next']}").json == {"models": [], "next": None}

    newest = keyed.ask("GET", "/models/intents/versions?limit=2").json
    oldest = keyed.ask("GET", f"/models/intents/versions?limit=2&after={newest['next']}").json
    assert [each["version"] for each in newest["versions"]] == ["intents@3", "intents@2"]
    assert [each["production"] for each in oldest["versions"]] == [True]
    assert oldest["next"] is None


def test_a_version_is_shown_with_scores_verdicts_and_card(shared: Keyed) -> None:
    found = shared.ask("GET", "/models/intents/versions/2").json

    assert (found["version"], found["evaluated"], found["run"]) == ("intents@2", True, None)
    assert found["scores"] == {"accuracy": 0.9}
    assert shared.ask("GET", "/models/intents/versions/latest").json["version"] == "intents@3"
    for wrong in ("9", "0", "-1", "x", "3@2", "9" * 400, "%00", ""):
        assert shared.ask("GET", f"/models/intents/versions/{wrong}").status == 404


def test_a_version_whose_artifact_is_gone_is_still_shown(keyed: Keyed, house: Household) -> None:
    artifact = keyed.ask("GET", "/models/intents/versions/3").json["artifact"]
    folder = Path(house.settings.artifacts) / artifact
    folder.rename(folder.with_name("gone"))

    assert keyed.ask("GET", "/models/intents/versions/3").json["card"] is None
    refused = keyed.ask("POST", PROMOTE, {"version": 3})
    assert code(refused) == (409, "damaged")


def test_a_promotion_answers_moves_the_row_and_names_who_did_it(keyed: Keyed) -> None:
    body = {"version": 2, "reason": "better"}

    done = keyed.ask("POST", PROMOTE, body, role="approver")

    assert done.status == 200
    assert done.json == {
        "moved": True, "model": "intents", "production": 2, "earlier": 1, "generation": 2,
        "dropped": None,
    }  # fmt: skip
    assert done.headers["etag"] == '"2"'
    event = keyed.ask("GET", "/events?model=intents&before=99999").json["events"][0]
    assert (event["actor"], event["details"]["reason"]) == ("approver", "better")
    assert event["sentence"] == "intents@2 went to production, after intents@1: better"
    wait_until(lambda: keyed.running.predict("rain").json["version"] == 2)


def test_a_rollout_is_steered_to_production(keyed: Keyed) -> None:
    started = keyed.ask("POST", PROMOTE, {"version": "latest", "canary": 0.4}).json
    assert (started["candidate"], started["terms"]["steps"]) == ("intents@3", [0.4, 0.5])
    assert {each["guard"] for each in started["detection"]} == {"errors", "slow"}

    held = keyed.ask("POST", "/deployments/intents/hold", {}, role="operator").json
    assert (held["held"], held["candidate"], held["step"]) == (True, 3, 1)
    assert keyed.ask("POST", "/deployments/intents/resume", {}).json["held"] is False
    assert keyed.ask("POST", "/deployments/intents/advance", {}).json["share"] == 0.5
    assert keyed.ask("POST", "/deployments/intents/advance", {}).json["production"] == 3
    assert code(keyed.ask("POST", "/deployments/intents/abort", {})) == (409, "refused")
    back = keyed.ask("POST", "/deployments/intents/rollback", {}, role="operator").json
    assert (back["production"], back["earlier"]) == (1, 3)


def test_a_shadow_is_begun_and_aborted(keyed: Keyed) -> None:
    started = keyed.ask("POST", PROMOTE, {"version": 2, "shadow": True}).json
    assert [each["guard"] for each in started["detection"]] == ["disagreement"]
    listed = keyed.ask("GET", "/deployments").json["deployments"]
    assert [each["state"] for each in listed] == ["shadow"]

    assert keyed.ask("POST", "/deployments/intents/abort", {}).json["dropped"] == 2


def test_a_change_of_another_generation_is_refused(keyed: Keyed) -> None:
    seen = keyed.ask("GET", "/deployments/intents").headers["etag"]
    assert keyed.ask("POST", PROMOTE, {"version": 2}, if_match=seen).status == 200

    for stale in (seen, "2", 'W/"2"', "nonsense"):
        answer = keyed.ask("POST", PROMOTE, {"version": 3}, if_match=stale)
        assert code(answer) == (412, "stale")
        assert generation(keyed) == 2
    assert keyed.ask("POST", PROMOTE, {"version": 3}, if_match='"1", "2"').status == 200
    assert keyed.ask("POST", PROMOTE, {"version": 1}, if_match="*").status == 200


def test_of_two_who_decided_on_one_generation_one_wins(keyed: Keyed) -> None:
    seen = keyed.ask("GET", "/deployments/intents").headers["etag"]

    def move(version: int) -> int:
        return keyed.ask("POST", PROMOTE, {"version": version}, if_match=seen).status

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(move, [2, 3] * 3))

    assert statuses == [200, 412, 412, 412, 412, 412]


def test_a_request_sent_twice_is_done_once(keyed: Keyed) -> None:
    body = {"version": 2}
    first = keyed.ask("POST", PROMOTE, body, idempotency_key="a")
    again = keyed.ask("POST", PROMOTE, body, idempotency_key="a")

    assert again.body == first.body
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json["moved"] is True
    assert len(actors(keyed, "promoted")) == 2
    other = keyed.ask("POST", PROMOTE, {"version": 3}, idempotency_key="a")
    assert code(other) == (422, "invalid")
    somebody = keyed.ask("POST", PROMOTE, {"version": 3}, idempotency_key="a", role="approver")
    assert somebody.json["production"] == 3


def test_a_repeat_of_what_was_refused_is_tried_again(keyed: Keyed) -> None:
    body = {"version": 1, "canary": 0.1}
    assert keyed.ask("POST", PROMOTE, body, idempotency_key="a").status == 409
    keyed.ask("POST", PROMOTE, {"version": 2})

    assert keyed.ask("POST", PROMOTE, body, idempotency_key="a").status == 200


def test_many_repeats_at_once_are_done_once(keyed: Keyed) -> None:
    with ThreadPoolExecutor(6) as pool:
        bodies = set(
            pool.map(
                lambda _: keyed.ask("POST", "/keys", {"name": "admin"}, idempotency_key="k").json[
                    "id"
                ],
                range(6),
            )
        )

    assert len(bodies) == 1


@pytest.mark.parametrize("token", ["a" * 129, "tab\tinside", "ä"])
def test_a_word_for_repeats_is_plain_and_short(shared: Keyed, token: str) -> None:
    answer = shared.ask("POST", PROMOTE, {"version": 2}, idempotency_key=token)

    assert code(answer) == (400, "malformed")
    assert generation(shared) == 1


def test_a_failed_gate_is_overridden_by_an_approver_with_a_reason(keyed: Keyed) -> None:
    with keyed.house.sessions.begin() as session:
        version = find_version(session, "intents@2")
        verdict = Verdict("accuracy at least 0.95", "fail", {}, "It is 0.9.")
        record_verdicts(session, version, [verdict], actor="ann")
    body: dict[str, Any] = {"version": 2}

    assert code(keyed.ask("POST", PROMOTE, body, role="approver")) == (409, "refused")
    body["override"] = True
    assert code(keyed.ask("POST", PROMOTE, body, role="approver")) == (422, "usage")
    body["reason"] = "the old one is down"
    assert keyed.ask("POST", PROMOTE, body, role="approver").status == 200
    events = keyed.ask("GET", "/events?model=intents&before=99999&limit=1").json["events"]
    assert events[0]["details"]["override"]["role"] == "approver"


def test_keys_are_made_told_once_listed_and_revoked(keyed: Keyed) -> None:
    body = {"name": "eve", "role": "viewer", "label": "laptop", "days": 2}
    made = keyed.ask("POST", "/keys", body, idempotency_key="k").json
    again = keyed.ask("POST", "/keys", body, idempotency_key="k").json
    assert made["secret"].startswith("tw_")
    assert again == {**made, "secret": ""}
    assert made["secret"].encode() not in b"".join(
        each.read_bytes() for each in keyed.house.settings.home.glob("textwright.db*")
    )

    keyed.secrets["eve"] = made["secret"]
    wait_until(lambda: keyed.ask("GET", "/models", role="eve").status == 200)
    row = keyed.ask("GET", "/keys?after=4").json["keys"][0]
    assert (row["name"], row["label"], row["revoked"]) == ("eve", "laptop", None)
    assert keyed.ask("DELETE", f"/keys/{made['id']}").json == {"revoked": made["id"]}
    assert code(keyed.ask("DELETE", f"/keys/{made['id']}")) == (409, "refused")
    wait_until(lambda: keyed.ask("GET", "/models", role="eve").status == 401)


def test_roles_are_set_and_listed(keyed: Keyed) -> None:
    assert keyed.ask("PUT", "/principals/eve", {"role": "operator"}).json["role"] == "operator"
    assert keyed.ask("PUT", "/principals/eve", {"role": "king"}).status == 404
    first = keyed.ask("GET", "/principals?limit=3").json
    assert [each["name"] for each in first["principals"]] == ["admin", "approver", "eve"]
    assert first["next"] == "eve"
    assert actors(keyed, "role_set")[-1] == "admin"


def test_events_are_followed_from_the_first_on(shared: Keyed) -> None:
    first = shared.ask("GET", "/events?limit=3", role="viewer").json
    second = shared.ask("GET", f"/events?limit=3&after={first['next']}").json
    numbers = [each["sequence"] for each in (*first["events"], *second["events"])]

    assert numbers == [1, 2, 3, 4, 5, 6]
    assert shared.ask("GET", "/events?model=nobody").status == 404
    newest = shared.ask("GET", "/events?before=4&limit=2").json
    assert ([each["sequence"] for each in newest["events"]], newest["next"]) == ([3, 2], 2)


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
