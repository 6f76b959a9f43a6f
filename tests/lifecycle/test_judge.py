"""The judge: a rollout that goes its way, or back, while nobody looks."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lifecycle.conftest import on_sqlite
from tests.lifecycle.test_rollout import go, three
from tests.lifecycle.test_rollout_steps import FAIL, UNKNOWN, row, running
from textwright.lifecycle.counts import add_counts
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.guards import SILENT_MINUTES
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.judge import (
    JUDGE,
    LEASE_LENGTH,
    Judged,
    judge,
    needed,
    worst,
)
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import Cause, pause, rollback, start
from textwright.lifecycle.tally import Counted
from textwright.recipe.rollout import RolloutSettings

__all__ = ["running", "three"]
NOON = datetime(2026, 1, 1, 12, 0, 7, tzinfo=UTC)
POLICY = RolloutSettings(steps=(0.1, 0.5), minutes=5, units=100, guards=("errors", "slow"))
GOOD = {("errors", 1): (90, 0), ("errors", 2): (30, 0), ("slow", 1): (90, 1), ("slow", 2): (30, 0)}
BAD = {**GOOD, ("errors", 2): (30, 12)}
Minute = Mapping[tuple[str, int], tuple[int, int]]


class Clock:
    """A rollout and the time since it began."""

    def __init__(self, sessions: Sessions, policy: RolloutSettings, *, shadow: bool) -> None:
        self.sessions = sessions
        with sessions.begin() as session:
            version = find_version(session, "intents@2")
            start(session, version, policy, Cause("ann", "", at=NOON), shadow=shadow)
        self.began = NOON

    def at(self, minutes: float) -> datetime:
        """Give the time so many minutes after the beginning, a little past the whole minute."""
        whole = self.began.replace(second=0, microsecond=0)
        return whole + timedelta(minutes=minutes, seconds=59)

    def count(self, first: int, last: int, each: Minute) -> None:
        """Count the same in every minute from ``first`` to ``last``."""
        minute = int(self.began.timestamp() // 60)
        counted = [
            Counted("intents", minute + later, version, guard, n, bad)
            for later in range(first, last + 1)
            for (guard, version), (n, bad) in each.items()
        ]
        with self.sessions.begin() as session:
            add_counts(session, counted)

    def look(self, minutes: float, holder: str = "server 1") -> Judged | None:
        """Judge at a time; None where nothing was looked at."""
        found = judge(self.sessions, holder, now=self.at(minutes))
        return found[0] if found else None

    def action(self, minutes: float) -> str:
        """Judge at a time; gives what was done and why."""
        found = self.look(minutes)
        assert found is not None
        return f"{found.action}: {found.because}"


def begin(running: Sessions, *, shadow: bool = False, **changed: object) -> Clock:
    """Begin a rollout."""
    return Clock(running, replace(POLICY, **changed), shadow=shadow)  # type: ignore[arg-type]


def test_a_good_candidate_goes_step_by_step_to_production(running: Sessions) -> None:
    clock = begin(running)
    clock.count(0, 20, GOOD)

    assert clock.action(3) == "wait: the step is not over"
    assert clock.action(7) == "advance: the step is over"
    assert (row(running).share, row(running).step) == (0.5, 1)
    assert clock.action(15) == "finish: every step is over"
    assert (row(running).stable, row(running).state) == (2, "promoted")
    assert clock.look(16) is None


def test_a_bad_candidate_is_rolled_back_with_its_numbers_in_the_journal(running: Sessions) -> None:
    clock = begin(running)
    clock.count(0, 5, BAD)

    assert clock.action(4) == "roll_back: a guard proved the candidate worse"

    assert (row(running).state, row(running).stable, row(running).candidate) == (
        "rolled_back",
        1,
        None,
    )
    with running() as session:
        event = read_events(session, "intents", limit=1)[0]
    assert (event.actor, event.kind, event.subject) == (JUDGE, "rollout_dropped", "intents@2")
    assert event.details["guards"]["errors"]["candidate"] == [12 * 3, 30 * 3]
    assert event.details["guards"]["errors"]["stable"] == [0, 90 * 3]
    assert event.details["guards"]["errors"]["peak"] > 6


def test_looking_again_changes_nothing(running: Sessions) -> None:
    clock = begin(running)
    clock.count(0, 9, GOOD)
    first = clock.look(4)
    kept = (row(running).guard_state, row(running).generation)

    assert [clock.look(4) for _ in range(3)] == [first] * 3
    assert clock.look(3) == first  # a clock that stands back reads nothing twice either
    assert (row(running).guard_state, row(running).generation) == kept
    assert kept[0]["guards"]["errors"]["candidate"] == 30 * 3
    assert kept[0]["units"] == 30 * 3


@on_sqlite
def test_looks_in_between_change_no_verdict(running: Sessions) -> None:
    clock = begin(running, minutes=1000)
    clock.count(0, 20, GOOD)
    for minutes in (2, 3, 7, 11, 15):
        clock.look(minutes)
    in_pieces = row(running).guard_state
    with running.begin() as session:
        rollback(session, "intents", actor="ann", reason="")
    again = begin(running, minutes=1000)
    again.look(15)

    assert row(running).guard_state == in_pieces


def test_of_two_judges_one_looks(running: Sessions) -> None:
    clock = begin(running)
    clock.count(0, 9, GOOD)

    assert clock.look(3, "server 1") is not None
    assert clock.look(3, "server 2") is None
    later = 3 + LEASE_LENGTH / timedelta(minutes=1)
    assert clock.look(later, "server 2") is not None
    assert clock.look(later, "server 1") is None


def test_many_judges_at_once_take_one_step(running: Sessions) -> None:
    clock = begin(running)
    clock.count(0, 9, GOOD)

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(lambda number: clock.look(7, f"server {number}"), range(8)))

    assert [each.action for each in found if each is not None] == ["advance"]
    assert row(running).generation == 3


@on_sqlite
def test_without_data_it_holds_and_never_grows(running: Sessions) -> None:
    clock = begin(running)

    assert clock.action(60) == "hold: a guard has no data"
    clock.count(60, 66, GOOD)
    assert clock.action(68) == "advance: the step is over"


@on_sqlite
def test_data_that_stops_holds_it_again(running: Sessions) -> None:
    clock = begin(running, minutes=1000)
    clock.count(0, 1, GOOD)

    assert clock.action(2 + SILENT_MINUTES) == "wait: the step is not over"
    assert clock.action(3 + SILENT_MINUTES) == "hold: a guard has no data"
    assert row(running).guard_state["decision"] == {
        "action": "hold",
        "because": "a guard has no data",
    }


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "ready"),
    [({}, True), ({"minutes": 8}, False), ({"units": 6 * 30 + 1}, False), ({"units": 180}, True)],
)
def test_a_step_needs_its_minutes_and_its_units(
    running: Sessions, changed: dict[str, Any], ready: bool
) -> None:
    clock = begin(running, **changed)
    clock.count(0, 9, GOOD)

    assert clock.action(7) == (
        "advance: the step is over" if ready else "wait: the step is not over"
    )


@on_sqlite
def test_feedback_is_waited_for_where_the_policy_says_so(running: Sessions) -> None:
    clock = begin(running, guards=("errors", "wrong"), feedback=20)
    clock.count(0, 9, GOOD)
    assert clock.action(7) == "hold: a guard has no data"

    clock.count(8, 9, {("wrong", 1): (50, 5), ("wrong", 2): (9, 1)})
    assert clock.action(11) == "wait: the step is not over"
    clock.count(10, 11, {**GOOD, ("wrong", 1): (50, 5), ("wrong", 2): (1, 0)})
    assert clock.action(13) == "advance: the step is over"


@on_sqlite
def test_feedback_that_nobody_waits_for_still_rolls_back(running: Sessions) -> None:
    clock = begin(running, guards=("errors", "wrong"))
    clock.count(0, 9, {**GOOD, ("wrong", 1): (90, 5), ("wrong", 2): (30, 20)})

    assert clock.action(5) == "roll_back: a guard proved the candidate worse"


@on_sqlite
@pytest.mark.parametrize(("bad", "action"), [(1, "advance"), (25, "roll_back")])
def test_a_shadow_is_held_to_its_budget(running: Sessions, bad: int, action: str) -> None:
    clock = begin(running, shadow=True, guards=("errors", "disagreement"))
    clock.count(0, 9, {("disagreement", 2): (30, bad)})

    assert clock.action(7).startswith(action)
    assert row(running).state == ("canary" if bad == 1 else "rolled_back")


@on_sqlite
@pytest.mark.parametrize(("at_limit", "action"), [("hold", "hold"), ("roll_back", "roll_back")])
def test_at_the_time_limit_the_policys_choice_is_done(
    running: Sessions, at_limit: str, action: str
) -> None:
    clock = begin(running, limit_minutes=30, at_limit=at_limit)
    clock.count(0, 60, GOOD)

    assert clock.look(28, "server 1") is not None
    assert clock.action(31) == f"{action}: the time limit has passed"


@on_sqlite
def test_the_limit_is_reached_at_its_second(running: Sessions) -> None:
    clock = begin(running, limit_minutes=30)
    ends = row(running).ends_at
    assert ends is not None

    early = judge(running, "server 1", now=ends - timedelta(seconds=1))
    late = judge(running, "server 1", now=ends)

    assert early[0].because == "a guard has no data"
    assert late[0].because == "the time limit has passed"
    assert clock.began < ends


@on_sqlite
def test_the_minutes_of_a_step_are_over_at_their_second(running: Sessions) -> None:
    clock = begin(running, units=1)
    clock.count(0, 9, GOOD)
    over = clock.began + timedelta(minutes=POLICY.minutes)

    assert judge(running, "server 1", now=over - timedelta(seconds=1))[0].action == "wait"
    assert judge(running, "server 1", now=over)[0].action == "advance"


@on_sqlite
def test_a_held_rollout_stays_until_it_is_resumed_but_is_watched(running: Sessions) -> None:
    clock = begin(running)
    clock.count(0, 8, GOOD)
    with running.begin() as session:
        pause(session, "intents", Cause("ann", ""), paused=True)

    assert clock.action(7) == "hold: an operator holds it"
    clock.count(9, 12, BAD)
    assert clock.action(12).startswith("roll_back")


@on_sqlite
@pytest.mark.parametrize(
    ("verdict", "said"),
    [(FAIL, "roll_back: a gate fails now"), (UNKNOWN, "hold: a gate is unknown")],
)
def test_gates_that_are_judged_anew_count(running: Sessions, verdict: object, said: str) -> None:
    clock = begin(running)
    clock.count(0, 9, GOOD)
    with running.begin() as session:
        record_verdicts(session, find_version(session, "intents@2"), [verdict], actor="ann")  # type: ignore[list-item]

    assert clock.action(7) == said


@on_sqlite
def test_a_minute_is_read_only_when_it_is_over_and_its_grace_too(running: Sessions) -> None:
    clock = begin(running)
    clock.count(0, 9, GOOD)

    clock.look(1)
    assert "guards" not in row(running).guard_state
    clock.look(2)
    assert row(running).guard_state["guards"]["errors"]["candidate"] == 30


@on_sqlite
def test_every_rollout_under_way_is_looked_at_and_no_other(running: Sessions) -> None:
    clock = begin(running)

    assert [each.model for each in judge(running, "server 1", now=clock.at(1))] == ["intents"]
    go(running, "intents@3")
    assert judge(running, "server 1", now=clock.at(2)) == []


@pytest.mark.parametrize(
    ("state", "guards", "feedback", "wanted"),
    [
        ("shadow", ("errors", "slow", "disagreement"), 0, {"disagreement"}),
        ("shadow", ("errors", "slow"), 0, {"errors", "slow"}),
        ("canary", ("errors", "slow", "wrong", "disagreement"), 0, {"errors", "slow"}),
        ("canary", ("errors", "wrong"), 5, {"errors", "wrong"}),
        ("canary", ("errors",), 5, {"errors"}),
        ("canary", ("wrong",), 0, {"wrong"}),
    ],
)
def test_which_guards_must_have_data(
    state: str, guards: tuple[str, ...], feedback: int, wanted: set[str]
) -> None:
    assert needed(replace(POLICY, guards=guards, feedback=feedback), state) == wanted


def test_the_worst_verdict_decides() -> None:
    assert worst({"a": "continue", "b": "no_data", "c": "bad"}) == "bad"
    assert worst({"a": "continue", "b": "no_data"}) == "no_data"
    assert worst({"a": "continue"}) == "continue"
