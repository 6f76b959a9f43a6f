"""The way of a candidate, step by step, by hand."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.lifecycle.conftest import on_sqlite
from tests.lifecycle.test_rollout import PASS, add_gated, back, go, production, three
from textwright.errors import RefusedError, TextwrightError, UsageError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.gates import Verdict
from textwright.lifecycle.history import describe
from textwright.lifecycle.journal import check_chain, read_events
from textwright.lifecycle.pointer import PointerReader
from textwright.lifecycle.policy import read_policy
from textwright.lifecycle.records import compare_records
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import (
    NO_ROLLOUT,
    Cause,
    Move,
    advance,
    drop,
    pause,
    promote,
    read_deployment,
    start,
)
from textwright.lifecycle.tables import Deployment
from textwright.recipe.rollout import RolloutSettings

__all__ = ["three"]
ANN = Cause("ann", "try it")
FAIL = Verdict("accuracy at least 0.9", "fail", {"value": 0.8, "limit": 0.9}, "It is 0.8.")
UNKNOWN = Verdict("latency", "unknown", {}, "It was not measured.")
POLICY = replace(RolloutSettings(), steps=(0.1, 0.5))


@pytest.fixture
def running(three: Sessions) -> Sessions:
    """Put intents@1 into production."""
    go(three, "intents@1")
    return three


def begin(
    sessions: Sessions, reference: str = "intents@2", cause: Cause = ANN, *, shadow: bool = False
) -> Move:
    """Start a rollout in a transaction of its own."""
    with sessions.begin() as session:
        version = find_version(session, reference)
        return start(session, version, POLICY, cause, shadow=shadow)


def step(sessions: Sessions, cause: Cause = ANN, reference: str = "intents@2") -> Move:
    """Advance in a transaction of its own."""
    with sessions.begin() as session:
        return advance(session, find_version(session, reference), cause)


def row(sessions: Sessions) -> Deployment:
    """Give the deployment, and see that the journal is whole and says the same."""
    with sessions() as session:
        assert check_chain(session) == []
        assert compare_records(session) == []
        return read_deployment(session, "intents")


def test_a_canary_begins_with_its_first_share(running: Sessions) -> None:
    assert begin(running) == Move(True, "intents", 1, None, 2)

    found = row(running)
    assert (found.state, found.stable, found.candidate, found.shadow) == ("canary", 1, 2, None)
    assert (found.share, found.step, found.rollout, len(found.salt)) == (0.1, 0, 1, 32)
    assert found.reason == "try it"
    assert found.started_at == found.step_started_at
    assert found.ends_at is not None
    assert found.started_at is not None
    assert found.ends_at - found.started_at == timedelta(minutes=POLICY.limit_minutes)
    assert found.guard_state == {"looked": int(found.started_at.timestamp() // 60)}
    assert read_policy(found.policy).settings == POLICY


@on_sqlite
def test_a_shadow_answers_nobody_and_goes_on_to_the_first_share(running: Sessions) -> None:
    begin(running, shadow=True)
    shadow = row(running)
    assert (shadow.state, shadow.shadow, shadow.share) == ("shadow", 2, 0.0)

    step(running)

    canary = row(running)
    assert (canary.state, canary.shadow, canary.share, canary.step) == ("canary", None, 0.1, 0)
    assert canary.salt == shadow.salt


def test_the_steps_lead_to_production(running: Sessions) -> None:
    begin(running)

    assert step(running) == Move(True, "intents", 1, None, 3)
    assert (row(running).share, row(running).step) == (0.5, 1)
    assert step(running) == Move(True, "intents", 2, 1, 4)

    found = row(running)
    assert (found.state, found.stable, found.earlier) == ("promoted", 2, [1])
    assert {name: getattr(found, name) for name in NO_ROLLOUT} == NO_ROLLOUT
    assert back(running).stable == 1
    assert production(running) == (1, "rolled_back", 5)


@on_sqlite
def test_rollback_drops_a_candidate_and_only_then_goes_back(running: Sessions) -> None:
    go(running, "intents@3")
    begin(running)

    assert back(running) == Move(True, "intents", 3, None, 4, dropped=2)
    assert (row(running).state, row(running).stable, row(running).share) == ("rolled_back", 3, 0.0)
    assert back(running) == Move(True, "intents", 1, 3, 5)


@on_sqlite
def test_a_direct_promotion_ends_a_rollout_and_says_so(running: Sessions) -> None:
    begin(running)

    assert go(running, "intents@3") == Move(True, "intents", 3, 1, 3, dropped=2)
    assert row(running).candidate is None


@on_sqlite
def test_promoting_the_candidate_itself_skips_the_steps_left(running: Sessions) -> None:
    begin(running)

    assert go(running, "intents@2") == Move(True, "intents", 2, 1, 3)


@on_sqlite
def test_promoting_what_is_in_production_drops_the_candidate_beside_it(running: Sessions) -> None:
    begin(running)

    assert go(running, "intents@1") == Move(True, "intents", 1, 1, 3, dropped=2)
    assert row(running).earlier == []


def test_a_held_rollout_stays_and_goes_on_when_told(running: Sessions) -> None:
    begin(running)
    for paused in (True, False):
        with running.begin() as session:
            pause(session, "intents", ANN, paused=paused)
        assert row(running).guard_state["paused"] is paused

    assert row(running).share == 0.1
    assert row(running).generation == 4


def test_a_step_ends_the_hold_and_begins_its_own_count(running: Sessions) -> None:
    begin(running)
    with running.begin() as session:
        pause(session, "intents", ANN, paused=True)
        read_deployment(session, "intents").guard_state |= {"units": 5}
    step(running)

    found = row(running).guard_state
    assert (found["paused"], found["units"], found["feedback"]) == (False, 0, 0)


@on_sqlite
def test_nothing_to_compare_with_is_refused(three: Sessions) -> None:
    with pytest.raises(RefusedError, match="nothing in production"):
        begin(three)
    assert production(three) == (None, "idle", 0)


@pytest.mark.parametrize("reference", ["intents@1", "intents@2", "intents@3"])
@on_sqlite
def test_a_second_rollout_beside_the_first_is_refused(running: Sessions, reference: str) -> None:
    begin(running)

    with pytest.raises(RefusedError, match=r"under way|in production already"):
        begin(running, reference)
    assert row(running).generation == 2


@on_sqlite
def test_without_a_rollout_there_is_nothing_to_advance_hold_or_drop(running: Sessions) -> None:
    with pytest.raises(RefusedError, match="No rollout"):
        step(running)
    with pytest.raises(RefusedError, match="No rollout"), running.begin() as session:
        pause(session, "intents", ANN, paused=True)
    with pytest.raises(RefusedError, match="No rollout"), running.begin() as session:
        drop(session, "intents", ANN)


@on_sqlite
def test_only_the_candidate_advances(running: Sessions) -> None:
    begin(running)

    with pytest.raises(RefusedError, match="intents@3 is not the candidate"):
        step(running, reference="intents@3")


def test_a_stale_generation_moves_nothing_and_names_the_winner(running: Sessions) -> None:
    stale = replace(ANN, generation=0)
    with pytest.raises(RefusedError, match=r"ann \(promoted to intents@1"):
        begin(running, cause=stale)
    begin(running)
    with pytest.raises(RefusedError, match=r"ann \(rollout started to intents@2"):
        step(running, stale)
    with pytest.raises(RefusedError, match="first"), running.begin() as session:
        drop(session, "intents", stale)
    assert (row(running).generation, row(running).share) == (2, 0.1)


def test_of_many_that_begin_at_once_one_wins(running: Sessions) -> None:
    def attempt(number: int) -> bool:
        try:
            return begin(running, f"intents@{2 + number % 2}").moved
        except TextwrightError:
            return False

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert row(running).generation == 2


@on_sqlite
def test_a_candidate_whose_gate_fails_now_does_not_advance(running: Sessions) -> None:
    begin(running)
    with running.begin() as session:
        record_verdicts(session, find_version(session, "intents@2"), [FAIL], actor="ann")

    with pytest.raises(RefusedError, match=r"It is 0\.8"):
        step(running)


def failing(sessions: Sessions) -> str:
    """Add a version with a failed and an unknown gate."""
    with sessions.begin() as session:
        return add_gated(session, "e", [PASS, FAIL, UNKNOWN])


def test_an_override_is_journalled_with_the_verdicts_that_did_not_pass(running: Sessions) -> None:
    reference = failing(running)

    with running.begin() as session:
        version = find_version(session, reference)
        promote(session, version, actor="eve", reason="the fire is worse", override="approver")

    with running() as session:
        event = read_events(session, "intents", kinds=("promoted",))[0]
    assert event.actor == "eve"
    assert event.details["override"] == {
        "role": "approver",
        "round": 1,
        "verdicts": [
            {"gate": FAIL.gate, "outcome": "fail", "reason": FAIL.reason},
            {"gate": UNKNOWN.gate, "outcome": "unknown", "reason": UNKNOWN.reason},
        ],
    }


@on_sqlite
def test_an_overridden_rollout_advances_until_its_gates_are_judged_again(running: Sessions) -> None:
    reference = failing(running)
    begin(running, reference, replace(ANN, override="direct"))
    assert read_policy(row(running).policy).overridden == 1

    step(running, reference=reference)
    with running.begin() as session:
        record_verdicts(session, find_version(session, reference), [FAIL], actor="ann")

    with pytest.raises(RefusedError, match="did not pass"):
        step(running, reference=reference)
    with running() as session:
        started = read_events(session, "intents", kinds=("rollout_started",))[0]
    assert started.details["override"]["role"] == "direct"


@pytest.mark.parametrize("role", ["viewer", "operator", ""])
@on_sqlite
def test_a_role_below_approver_may_not_override(running: Sessions, role: str) -> None:
    reference = failing(running)

    with pytest.raises(RefusedError, match="may not override"):
        begin(running, reference, replace(ANN, override=role))


@on_sqlite
def test_an_override_without_a_reason_is_refused(running: Sessions) -> None:
    reference = failing(running)

    with pytest.raises(UsageError, match="needs a reason"):
        begin(running, reference, Cause("ann", " ", override="admin"))


@on_sqlite
def test_an_override_of_gates_that_pass_leaves_no_trace(running: Sessions) -> None:
    begin(running, cause=replace(ANN, override="admin"))

    assert read_policy(row(running).policy).overridden is None


@on_sqlite
def test_nothing_overrides_that_a_version_was_never_measured(running: Sessions) -> None:
    with running.begin() as session:
        reference = add_gated(session, "f", [], evaluated=False)

    with pytest.raises(RefusedError, match="unevaluated"):
        begin(running, reference, replace(ANN, override="admin"))


def test_a_failure_on_the_way_leaves_pointer_and_journal_as_they_were(running: Sessions) -> None:
    begin(running)

    def interrupted() -> None:
        with running.begin() as session:
            advance(session, find_version(session, "intents@2"), ANN)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        interrupted()
    assert (row(running).generation, row(running).share) == (2, 0.1)


def test_a_server_reads_whom_the_candidate_answers_and_what_to_count(
    running: Sessions, address: str
) -> None:
    begin(running)

    with PointerReader(address) as reader:
        pointer = reader.read()["intents"]
        assert pointer.salt == row(running).salt
        assert pointer.settings["latency_ms"] == POLICY.latency_ms
        back(running)
        assert (reader.read()["intents"].salt, reader.read()["intents"].settings) == ("", {})


@on_sqlite
def test_a_pointer_moved_by_other_hands_is_found(running: Sessions) -> None:
    begin(running)
    with running.begin() as session:
        read_deployment(session, "intents").salt = "chosen"

    with running() as session:
        assert compare_records(session) == [
            "The deployment of intents is not what the journal says."
        ]


def test_the_history_tells_the_way(running: Sessions) -> None:
    begin(running, shadow=True)
    step(running)
    with running.begin() as session:
        pause(session, "intents", ANN, paused=True)
        pause(session, "intents", ANN, paused=False)
    back(running)

    with running() as session:
        told = [describe(each) for each in read_events(session, "intents", limit=5)]

    assert told == [
        "the candidate intents@2 was dropped: worse",
        "the rollout of intents@2 goes on again with 0.1 of the callers: try it",
        "the rollout of intents@2 is held with 0.1 of the callers: try it",
        "the rollout of intents@2 went on with 0.1 of the callers: try it",
        "the rollout of intents@2 began in the shadow of production: try it",
    ]
