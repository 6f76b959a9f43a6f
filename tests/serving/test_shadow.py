"""A shadow answers copies, apart from every caller."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

import pytest

from tests.serving.running import QUICK, Running, Shelf, running, wait_until
from tests.serving.test_counting import BOTH, done, sums
from tests.serving.test_crowds import connected, post
from textwright.serving.counting import ALL_MINUTES
from textwright.serving.deployments import Deployment
from textwright.serving.limits import Limits, RolloutLimits

UNSURE: dict[str, Any] = {"threshold": 0.9999}  # it abstains where the other answers


@contextmanager
def shadowed(shelf: Shelf, limits: Limits = QUICK, **options: Any) -> Iterator[Running]:
    """Run version 1 with version 2 in its shadow."""
    shelf.deploy("intents", 1)
    shadow = shelf.make("intents", 2, **{"strength": 2.0, **options})
    row = Deployment(shelf.targets["intents"], shadow, shadow, 0.0, "salt", BOTH)
    shelf.rows = {"intents": row}
    with running(shelf, limits) as server:
        yield server


def ask(server: Running, *texts: str, caller: str = "") -> None:
    path = "/api/v1/models/intents/predict"
    answer = server.ask("POST", path, {"inputs": list(texts), "caller": caller})
    assert (answer.status, answer.json["version"]) == (200, 1)


def compared(server: Running) -> tuple[int, int]:
    """Give how many comparisons there were, and how many differed."""
    found = sums(server.server.rollouts.counting, ALL_MINUTES)
    return found.get((2, "disagreement"), (0, 0))


def has_compared(server: Running, number: int) -> bool:
    return compared(server)[0] >= number


def test_a_shadow_that_answers_alike_agrees_and_answers_nobody(shelf: Shelf) -> None:
    with shadowed(shelf) as server:
        for _ in range(10):
            ask(server, "rain", "card", "play the next song")
        wait_until(partial(has_compared, server, 10))
        assert compared(server) == (10, 0)
        text = server.ask("GET", "/metrics").body.decode()
    assert 'textwright_answers_total{model="intents",version="2"}' not in text


@pytest.mark.parametrize("options", [UNSURE, {"strength": -9.0}])
def test_another_answer_and_another_readiness_to_answer_are_counted(
    shelf: Shelf, options: dict[str, Any]
) -> None:
    with shadowed(shelf, **options) as server:
        for _ in range(5):
            ask(server, "rain")
        wait_until(partial(has_compared, server, 5))
        assert compared(server) == (5, 5)


def test_a_shadow_that_fails_differs(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), shadowed(shelf, breaks_on_rain=True) as server:
        ask(server, "雨")
        ask(server, "card")
        wait_until(partial(has_compared, server, 2))
        assert compared(server) == (2, 1)
    assert "intents@2 failed in the shadow" in caplog.text


def test_a_caller_is_compared_once_in_a_window(shelf: Shelf) -> None:
    with shadowed(shelf) as server:
        for _ in range(5):
            ask(server, "rain", caller="ann")
            ask(server, "rain", caller="ben")
        ask(server, "rain", caller="cho")
        wait_until(partial(has_compared, server, 3))
        assert compared(server) == (3, 0)


def test_too_many_that_wait_are_dropped_and_told_and_callers_never_wait(shelf: Shelf) -> None:
    limits = replace(QUICK, rollout=RolloutLimits(shadow_items=3))
    with shadowed(shelf, limits) as server:
        live = server.server.loader.deployed["intents"].shadow
        assert live is not None
        going_on = Event()
        run = live.answerer.run

        def wait(encodings: object) -> object:
            going_on.wait(10)
            return run(encodings)  # type: ignore[arg-type]

        live.answerer.run = wait  # type: ignore[method-assign, assignment]
        for _ in range(8):
            ask(server, "rain")
        wait_until(lambda: len(server.server.rollouts.shadow.waiting) == 3)
        text = server.ask("GET", "/metrics").body
        going_on.set()
        wait_until(partial(has_compared, server, 3))
    assert b'textwright_shadow_dropped_total{model="intents"}' in text


def test_long_texts_do_not_pile_up(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textwright.serving.shadow.CHARACTERS", 100)
    with shadowed(shelf) as server:
        ask(server, "rain " * 100)
        assert b"textwright_shadow_dropped_total" in server.ask("GET", "/metrics").body
        ask(server, "rain")
        wait_until(partial(has_compared, server, 1))
        assert server.server.rollouts.shadow.characters == 0


def test_while_the_live_version_is_busy_the_shadow_waits_but_not_for_ever(shelf: Shelf) -> None:
    with shadowed(shelf) as server:
        stable = server.server.loader.deployed["intents"].stable
        shadow = server.server.rollouts.shadow
        answer = stable.answerer.predict(["rain"])[0]
        with stable.batcher.session_free, connected(server) as waiting:
            waiting.sendall(post("rain"))
            wait_until(lambda: stable.batcher.items == 1)
            for _ in range(3):
                server.on_loop(partial(shadow.copy, done([answer])))
            wait_until(partial(has_compared, server, 3))


def test_at_the_end_it_ends_with_what_waits(shelf: Shelf) -> None:
    with shadowed(shelf) as server:
        shadow = server.server.rollouts.shadow
        asyncio.run_coroutine_threadsafe(server.server.stop(), server.loop).result(10)
        shadow.thread.join(5)
        assert not shadow.thread.is_alive()


def test_without_the_guard_nothing_is_copied(shelf: Shelf) -> None:
    with shadowed(shelf) as server:
        row = replace(shelf.rows["intents"], guarded=replace(BOTH, guards=("errors",)))
        shelf.rows = {"intents": row}
        wait_until(lambda: server.server.loader.deployed["intents"].row == row)
        ask(server, "rain")
        assert compared(server) == (0, 0)
        assert not server.server.rollouts.shadow.waiting
