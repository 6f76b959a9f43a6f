"""Keys and roles over a real socket and a real database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from time import time

import pytest

from tests.serving.household import Household, make_household
from tests.serving.keyed import QUICKLY, Keyed, running_house
from tests.serving.running import Answer, Running, wait_until
from textwright.errors import ForbiddenError, NotReadyError, UnauthorizedError
from textwright.lifecycle.access import create_key, set_role
from textwright.lifecycle.roles import Caller
from textwright.lifecycle.tables import utc_now
from textwright.lifecycle.tables_around import Key
from textwright.serving.access import ASK, OPEN, Doorkeeper, KeySource, Known, find_secret
from textwright.serving.keyring import seconds_of
from textwright.serving.messages import Request

PREDICT = "/api/v1/models/intents/predict"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    made = make_household(tmp_path_factory.mktemp("access") / "home")
    made.register()
    made.promote("intents@1")
    yield made
    made.sessions.close()


@pytest.fixture(scope="module")
def keyed(house: Household) -> Iterator[Keyed]:
    with running_house(house, replace(QUICKLY, keyed=True)) as found:
        yield found


def predict(running: Running, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return running.ask("POST", PREDICT, {"inputs": ["rain"]}, headers=given)


def test_a_keyed_server_asks_for_a_key_and_says_how(keyed: Keyed) -> None:
    answer = predict(keyed.running)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="textwright"'
    assert "Authorization: Bearer" in answer.json["error"]["hint"]


@pytest.mark.parametrize("path", ["/metrics", "/v2", "/v2/models/intents"])
def test_what_tells_of_models_needs_a_key_where_predicting_does(keyed: Keyed, path: str) -> None:
    good = {"Authorization": f"Bearer {keyed.secrets['viewer']}"}

    assert keyed.running.ask("GET", path).status == 401
    assert keyed.running.ask("GET", path, headers=good).status == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v2/health/ready", "/docs"])
def test_health_and_description_never_need_a_key(keyed: Keyed, path: str) -> None:
    wrong = {"Authorization": "Bearer tw_wrong"}

    assert keyed.running.ask("GET", path).status == 200
    assert keyed.running.ask("GET", path, headers=wrong).status == 200


@pytest.mark.parametrize("role", ["viewer", "operator", "approver", "admin"])
def test_a_key_of_any_role_predicts_by_either_header(keyed: Keyed, role: str) -> None:
    secret = keyed.secrets[role]

    assert predict(keyed.running, Authorization=f"Bearer {secret}").status == 200
    assert predict(keyed.running, Authorization=f"bearer  {secret}").status == 200
    assert predict(keyed.running, X_Api_Key=secret).status == 200


@pytest.mark.parametrize("wrong", ["", "tw_", "tw_" + "A" * 43, "sk-none", "\x00", "ÿ" * 500])
def test_a_wrong_key_is_refused_without_saying_why(keyed: Keyed, wrong: str) -> None:
    answer = predict(keyed.running, Authorization=f"Bearer {wrong}")

    assert answer.status in (400, 401)  # the parser refuses a NUL
    assert wrong not in answer.body.decode() or not wrong
    if answer.status == 401:
        assert "invalid_token" in answer.headers["www-authenticate"]


def test_a_revoked_key_ends_within_a_second(keyed: Keyed) -> None:
    with keyed.house.sessions.begin() as session:
        made = create_key(session, "viewer", actor="ann")
    header = f"Bearer {made.secret}"
    wait_until(lambda: predict(keyed.running, Authorization=header).status == 200)

    keyed.revoke(made.id)

    wait_until(lambda: predict(keyed.running, Authorization=header).status == 401, timeout_s=1.0)


def test_a_key_ends_when_it_expires(keyed: Keyed) -> None:
    with keyed.house.sessions.begin() as session:
        gone = create_key(
            session, "viewer", expires_at=utc_now() - timedelta(seconds=1), actor="ann"
        )
        goes = create_key(session, "viewer", expires_at=utc_now() + timedelta(hours=1), actor="ann")
    wait_until(lambda: predict(keyed.running, X_Api_Key=goes.secret).status == 200)

    assert predict(keyed.running, X_Api_Key=gone.secret).status == 401


def test_a_role_that_was_changed_holds_within_a_second(keyed: Keyed) -> None:
    with keyed.house.sessions.begin() as session:
        set_role(session, "ben", "viewer", actor="ann")
        keyed.secrets["ben"] = create_key(session, "ben", actor="ann").secret
    wait_until(lambda: keyed.ask("GET", "/models", role="ben").status == 200)
    assert keyed.ask("GET", "/keys", role="ben").status == 403

    with keyed.house.sessions.begin() as session:
        set_role(session, "ben", "admin", actor="ann")

    wait_until(lambda: keyed.ask("GET", "/keys", role="ben").status == 200, timeout_s=1.0)


def test_the_last_use_of_a_key_is_noted(keyed: Keyed) -> None:
    def last_used() -> object:
        with keyed.house.sessions() as session:
            return session.get_one(Key, 1).last_used_at

    predict(keyed.running, X_Api_Key=keyed.secrets["viewer"])

    wait_until(last_used)


def test_without_the_database_the_keys_last_known_go_on(tmp_path: Path) -> None:
    house = make_household(tmp_path / "home")
    house.register()
    house.promote("intents@1")
    with running_house(house, replace(QUICKLY, keyed=True)) as keyed:
        (tmp_path / "home" / "textwright.db").rename(tmp_path / "away.db")
        wait_until(lambda: keyed.running.server.doorkeeper.away)

        assert predict(keyed.running, X_Api_Key=keyed.secrets["viewer"]).status == 200
        assert predict(keyed.running, X_Api_Key="tw_wrong").status == 401
    house.sessions.close()


def test_on_loopback_predicting_is_open_and_control_is_not(server: Running) -> None:
    assert predict(server).status == 200
    assert server.ask("GET", "/api/v1/models").status == 401
    assert server.ask("GET", "/api/v1/models", headers={"X-Api-Key": "tw_x"}).status == 401


def test_where_no_key_is_needed_one_of_somebody_else_is_ignored(server: Running) -> None:
    assert predict(server, Authorization="Bearer sk-unused").status == 200
    assert predict(server, Authorization="Basic dXNlcjpwYXNz").status == 200
    assert predict(server, Authorization="Bearer tw_mistyped").status == 401


def doorkeeper() -> Doorkeeper:
    """Make a doorkeeper that has looked once, without its thread."""
    return Doorkeeper(None, keyed=True, poll_s=1.0)


def known(caller: Caller) -> dict[str, Known]:
    """Give the keys where ``tw_a`` is somebody's for a minute."""
    digest = sha256(b"tw_a").hexdigest()
    return {digest: Known(digest, caller, time() + 60)}


def request_with(secret: bytes) -> Request:
    request = Request()
    request.headers = {b"x-api-key": secret}
    return request


def test_before_the_first_look_a_key_is_asked_to_come_back() -> None:
    made = doorkeeper()
    made.looked = False

    with pytest.raises(NotReadyError):
        made.admit(request_with(b"tw_a"), ASK)
    made.admit(Request(), OPEN)


def test_a_role_includes_those_before_it_and_no_other() -> None:
    made = doorkeeper()
    request = request_with(b"tw_a")
    with pytest.raises(UnauthorizedError):
        made.admit(request, "viewer")
    assert request.key is None

    made.keys = known(Caller(1, "ann", "operator"))
    made.admit(request, "viewer")
    made.admit(request, "operator")
    assert request.key == Caller(1, "ann", "operator")
    with pytest.raises(
        ForbiddenError, match="needs the role approver; the key's owner is operator"
    ):
        made.admit(request, "approver")


def test_a_source_that_fails_is_asked_again_and_uses_are_noted_once() -> None:
    noted: list[list[int]] = []
    failures = [RuntimeError("broken")]

    def read() -> dict[str, Known]:
        if failures:
            raise failures.pop()
        return known(Caller(7, "ann", "viewer"))

    made = Doorkeeper(KeySource(read, noted.append), keyed=True, poll_s=0.005)
    try:
        wait_until(lambda: made.looked)
        for _ in range(3):
            made.admit(request_with(b"tw_a"), ASK)
            wait_until(lambda: not made.used)
        assert noted == [[7]]
    finally:
        made.stop()
        made.thread.join(5)


def test_only_bearer_tokens_and_the_header_of_keys_are_read() -> None:
    assert find_secret({b"authorization": b"BEARER tw_a "}) == b"tw_a"
    assert find_secret({b"authorization": b"Basic tw_a"}) is None
    assert find_secret({b"authorization": b"Bearer tw_a", b"x-api-key": b"tw_b"}) == b"tw_a"
    assert find_secret({}) is None


def test_times_of_both_databases_are_read_as_utc() -> None:
    now = utc_now()

    assert seconds_of(None) == float("inf")
    assert seconds_of(now) == now.timestamp()
    assert seconds_of(now.replace(tzinfo=None).isoformat(" ")) == now.timestamp()
