"""Chores: done again and again, apart from each other, and once more at the end."""

import logging
from threading import Event, current_thread
from time import monotonic

import pytest

from tests.serving.running import wait_until
from textwright.errors import DatabaseError
from textwright.serving.housekeeping import Chore, Housekeeper


def test_chores_are_done_again_each_at_its_own_pace_and_once_more_at_the_end() -> None:
    quick: list[bool] = []
    slow: list[bool] = []
    keeper = Housekeeper([Chore("quick", quick.append, 0.01), Chore("slow", slow.append, 60.0)])
    keeper.start()
    wait_until(lambda: len(quick) > 4)
    keeper.stop()
    assert slow == [False, True]
    assert quick[-1] is True
    assert True not in quick[:-1]
    assert not keeper.thread.is_alive()


def test_they_run_in_a_thread_of_their_own() -> None:
    threads: list[str] = []
    keeper = Housekeeper([Chore("tell", lambda _: threads.append(current_thread().name), 0.01)])
    keeper.start()
    wait_until(lambda: threads)
    keeper.stop()
    assert set(threads) == {"housekeeper"}


def test_the_first_round_waits_until_the_server_has_settled() -> None:
    done: list[bool] = []
    keeper = Housekeeper([Chore("count", done.append, 0.01)], settle_s=0.2)
    start = monotonic()
    keeper.start()
    wait_until(lambda: done)
    assert monotonic() - start >= 0.2
    keeper.stop()


def test_without_chores_nothing_is_begun() -> None:
    keeper = Housekeeper([])
    keeper.start()
    keeper.stop()
    assert not keeper.thread.is_alive()


def test_a_server_that_stops_before_its_first_round_does_the_last_one_at_once() -> None:
    done: list[bool] = []
    keeper = Housekeeper([Chore("count", done.append, 0.01)], settle_s=60.0)
    keeper.start()
    start = monotonic()
    keeper.stop()
    assert done == [True]
    assert monotonic() - start < 5


def test_one_that_fails_is_told_once_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[bool] = []
    broken = Event()
    tries: list[bool] = []

    def fail(last: bool) -> None:
        tries.append(last)
        if not broken.is_set():
            raise DatabaseError("It is away.", "Wait.")

    def burst(_: bool) -> None:
        raise RuntimeError("a bug")

    chores = [
        Chore("fail", fail, 0.01),
        Chore("burst", burst, 0.01),
        Chore("go", done.append, 0.01),
    ]
    keeper = Housekeeper(chores)
    with caplog.at_level(logging.INFO):
        keeper.start()
        wait_until(lambda: len(done) > 3)
        assert caplog.text.count("fail: It is away.") == 1
        assert caplog.text.count("burst failed") == 1
        broken.set()
        wait_until(lambda: "fail: it works again" in caplog.text)
        keeper.stop()
    assert tries[-1] is True


def test_one_that_never_ends_does_not_hold_up_the_servers_end() -> None:
    never = Event()

    def stuck(_: bool) -> None:
        never.wait(20)

    keeper = Housekeeper([Chore("stuck", stuck, 0.01)], stop_s=0.1)
    keeper.start()
    start = monotonic()
    keeper.stop()
    assert monotonic() - start < 5
    never.set()
    keeper.thread.join(5)
