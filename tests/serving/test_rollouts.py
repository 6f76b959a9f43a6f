"""A rollout from its beginning to its end, by a real server over a real database.

Only the clock is the test's: its minutes pass when it says so.
"""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import time
from typing import Any

import pytest

from tests.lifecycle.test_webhooks import Receiver, receiver
from tests.serving.household import Household, make_household
from tests.serving.running import QUICK, Running, running_one, wait_until
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.counts import read_counts
from textwright.lifecycle.history import describe
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.rollout import read_deployment
from textwright.lifecycle.webhooks import add_webhook
from textwright.recipe.rollout import RolloutSettings
from textwright.serving.deployments import database_source
from textwright.serving.keep import Keep
from textwright.serving.limits import RolloutLimits
from textwright.serving.options import Options
from textwright.serving.server import Server

__all__ = ["receiver"]
POLICY = RolloutSettings(
    steps=(0.5, 0.9), minutes=1, units=10, guards=("errors", "slow"), latency_ms=60_000.0
)
LIMITS = replace(QUICK, rollout=RolloutLimits(settle_s=0.0, judge_s=0.05, count_s=0.03))
LATE = replace(QUICK, rollout=RolloutLimits(settle_s=60.0))
CALLERS = 40
MINUTES = 12  # in which any of these rollouts should end


@dataclass
class Clock:
    """Time that passes when told."""

    now: float

    def __call__(self) -> float:
        """Give the seconds since 1970."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock at the beginning of this minute."""
    return Clock(time() // 60 * 60 + 1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    """Give a home with version 1 in production."""
    made = make_household(tmp_path / "home")
    made.register()
    made.promote("intents@1")
    yield made
    made.sessions.close()


@contextmanager
def served(house: Household, clock: Clock, limits: Any = LIMITS) -> Iterator[Running]:
    settings = house.settings
    source = database_source(settings.database, ArtifactStore(settings.artifacts))
    options = Options(port=0, limits=limits)
    with running_one(lambda: Server(source, options, Keep(settings), clock=clock)) as server:
        yield server


def ask(server: Running, caller: str, text: str = "rain") -> tuple[int, int | None]:
    """Give the status and the version that answered."""
    body = {"inputs": [text], "caller": caller}
    answer = server.ask("POST", "/api/v1/models/intents/predict", body)
    return answer.status, answer.json.get("version")


def ask_all(server: Running, minute: int, text: str = "rain") -> dict[str, tuple[int, int | None]]:
    """Let every caller ask once; each minute has its own, for each counts once in a window."""
    callers = [f"{minute}-{each}" for each in range(CALLERS)]
    return {each: ask(server, each, text) for each in callers}


def row(house: Household) -> Any:
    with house.sessions() as session:
        found = read_deployment(session, "intents")
        session.expunge_all()
        return found


def pass_a_minute(house: Household, clock: Clock) -> None:
    """Let a minute pass, and wait until its counts were written and the judge has looked."""
    clock.now += 60
    over = int(clock.now // 60) - 1
    wait_until(lambda: row(house).guard_state.get("looked", over) >= over)  # none: it has ended


def loaded(server: Running, number: int) -> bool:
    candidate = server.server.loader.deployed["intents"].candidate
    return candidate is not None and candidate.target.version == number


def told(house: Household) -> list[str]:
    """Give the model's history in sentences, newest first."""
    with house.sessions() as session:
        return [describe(each) for each in read_events(session, "intents")]


def test_a_healthy_candidate_goes_step_by_step_to_production(
    house: Household, clock: Clock
) -> None:
    house.register(strength=2.0)
    house.roll_out("intents@2", POLICY, at=clock.now)
    shares = set()
    with served(house, clock) as server:
        wait_until(partial(loaded, server, 2))
        for minute in range(MINUTES):
            first = ask_all(server, minute)
            assert {status for status, _ in first.values()} == {200}
            shares.add(row(house).share)
            pass_a_minute(house, clock)
            if row(house).candidate is None:
                break
        wait_until(lambda: ask(server, "ann") == (200, 2))
    assert shares == {0.5, 0.9}
    assert (row(house).stable, row(house).state) == (2, "promoted")
    assert told(house)[0].startswith("intents@2 went to production, after intents@1")


def test_callers_keep_their_version_while_the_share_stands(house: Household, clock: Clock) -> None:
    house.register(strength=2.0)
    house.roll_out("intents@2", POLICY, at=clock.now)
    with served(house, clock) as server:
        wait_until(partial(loaded, server, 2))
        first, again = ask_all(server, 0), ask_all(server, 0)
    assert first == again
    assert {version for _, version in first.values()} == {1, 2}


def test_a_candidate_that_fails_is_rolled_back_while_nobody_looks(
    house: Household, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    house.register(breaks_on_rain=True, strength=2.0)
    house.roll_out("intents@2", POLICY, at=clock.now)
    with caplog.at_level(logging.CRITICAL), served(house, clock) as server:
        wait_until(partial(loaded, server, 2))
        statuses = {status for status, _ in ask_all(server, 0, "雨").values()}
        assert statuses == {200, 500}
        for minute in range(1, MINUTES):
            pass_a_minute(house, clock)
            if row(house).candidate is None:
                break
            ask_all(server, minute, "雨")
        wait_until(lambda: "intents@2" not in str(server.server.loader.deployed["intents"].row))
        wait_until(lambda: not server.server.loader.rolling)
        wait_until(lambda: server.server.loader.deployed["intents"].candidate is None)
        assert {status for status, _ in ask_all(server, 99, "雨").values()} == {200}
    assert (row(house).stable, row(house).state) == (1, "rolled_back")
    assert "the candidate intents@2 was dropped: a guard proved" in told(house)[0]


@pytest.mark.parametrize(
    ("strength", "end"), [(2.0, "promoted"), (-9.0, "rolled_back")], ids=["agrees", "differs"]
)
def test_a_shadow_goes_on_when_it_agrees_and_back_when_it_does_not(
    house: Household, clock: Clock, strength: float, end: str
) -> None:
    house.register(strength=strength)
    policy = replace(POLICY, steps=(0.5,), guards=("errors", "slow", "disagreement"))
    house.roll_out("intents@2", policy, shadow=True, at=clock.now)
    with served(house, clock) as server:
        wait_until(partial(loaded, server, 2))
        for minute in range(MINUTES):
            answers = ask_all(server, minute)
            if row(house).state == "shadow":
                assert {version for _, version in answers.values()} == {1}
                wait_until(lambda: not server.server.rollouts.shadow.waiting)
            pass_a_minute(house, clock)
            if row(house).candidate is None:
                break
    assert row(house).state == end


def test_a_candidate_that_cannot_be_loaded_is_told_once_and_the_rollout_holds(
    house: Household, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    house.register(strength=2.0)
    with closing(sqlite3.connect(house.settings.home / "textwright.db")) as connection:
        (address,) = connection.execute("SELECT artifact FROM version WHERE number = 2").fetchone()
    network = house.settings.home / "artifacts" / address / "model.onnx"
    network.chmod(0o644)
    network.write_bytes(b"no network")
    house.roll_out("intents@2", POLICY, at=clock.now)
    with caplog.at_level(logging.CRITICAL), served(house, clock) as server:
        for minute in range(3):
            assert {version for _, version in ask_all(server, minute).values()} == {1}
            pass_a_minute(house, clock)
        server.on_loop(server.server.loader.failed.clear)
        wait_until(lambda: "could not be loaded" in " ".join(told(house)))
    told_of = [each for each in told(house) if "could not be loaded" in each]
    assert len(told_of) == 1
    assert told_of[0].startswith("intents@2 could not be loaded by a server: ")
    assert "model.onnx" in told_of[0]
    assert row(house).state == "canary"
    assert row(house).guard_state["decision"]["because"] == "a guard has no data"


def test_at_the_end_the_minute_under_way_is_written(house: Household, clock: Clock) -> None:
    house.register(strength=2.0)
    house.roll_out("intents@2", POLICY, at=clock.now)
    with served(house, clock, LATE) as server:
        wait_until(partial(loaded, server, 2))
        ask_all(server, 0)
    with house.sessions() as session:
        counts = read_counts(session, "intents", since=0, before=2**31)
    assert {each.minute for each in counts} == {int(clock.now // 60)}
    assert sum(each.n for each in counts if each.guard == "errors") == CALLERS


def test_webhooks_are_told_by_the_server(
    house: Household, clock: Clock, receiver: Receiver
) -> None:
    listed = ("127.0.0.1",)
    with house.sessions.begin() as session:
        add_webhook(session, receiver.url, kinds=("promoted",), listed=listed, actor="ann")
    house.register(strength=2.0)
    house.settings = replace(house.settings, webhook_targets=listed)
    with served(house, clock):
        house.promote("intents@2")
        wait_until(lambda: receiver.got)
    assert json.loads(receiver.got[0][1])["subject"] == "intents@2"
