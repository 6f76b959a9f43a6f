"""Leases: one holder at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from textwright.lifecycle.database import Sessions
from textwright.lifecycle.lease import take_lease

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def take(sessions: Sessions, holder: str, now: datetime = NOON, name: str = "judge") -> bool:
    """Ask for a lease of a minute in a transaction of its own."""
    with sessions.begin() as session:
        return take_lease(session, name, holder, now=now, length=MINUTE)


def test_a_lease_is_its_holders_until_it_runs_out(sessions: Sessions) -> None:
    assert take(sessions, "first")
    assert not take(sessions, "second")
    assert not take(sessions, "second", NOON + MINUTE - timedelta(seconds=1))
    assert take(sessions, "second", NOON + MINUTE)
    assert not take(sessions, "first", NOON + MINUTE)


def test_a_holder_keeps_it_by_taking_it_again(sessions: Sessions) -> None:
    assert take(sessions, "first")
    assert take(sessions, "first", NOON + MINUTE / 2)
    assert not take(sessions, "second", NOON + MINUTE)


def test_leases_of_other_names_are_others(sessions: Sessions) -> None:
    assert take(sessions, "first")
    assert take(sessions, "second", name="sweep")


def test_of_many_that_ask_at_once_one_gets_it(sessions: Sessions) -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        got = list(pool.map(lambda number: take(sessions, f"holder {number}"), range(12)))

    assert sum(got) == 1
