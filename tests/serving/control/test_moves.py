"""Deployments moved through the control API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.serving.control.answers import code, generation
from tests.serving.keyed import Keyed
from tests.serving.running import wait_until
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.gates import Verdict
from textwright.lifecycle.registry import find_version

PROMOTE = "/deployments/intents/promote"


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
