"""A batcher whose threads die, hang or come late: every request is answered all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from tests.serving.failing import FailingNetwork, failing_answerer, failing_writer
from tests.serving.running import Shelf, running, wait_until
from textwright.errors import DeadlineError, NotReadyError
from textwright.runtime.answer import Answerer
from textwright.serving import roster as roster_module
from textwright.serving.batcher import Batcher
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Item, Ticket
from textwright.tasks.classify import ClassifyAnswer
from textwright.tasks.generate import GenerateAnswer

LIMITS = BatchLimits(batch_items=4, hang_s=0.15)


@dataclass
class Parts:
    """What a test works with."""

    answerer: Answerer
    network: FailingNetwork


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setattr(roster_module, "RESTART_S", 0.05)
    return Parts(*failing_answerer(tmp_path / "artifact"))


def with_batcher(
    parts: Parts, use: Callable[[Batcher], Awaitable[None]], limits: BatchLimits = LIMITS
) -> None:
    """Run a coroutine with a batcher; nothing may be left of it afterwards."""

    async def run() -> None:
        batcher = Batcher(parts.answerer, limits)
        threads = batcher.threads
        try:
            await asyncio.wait_for(use(batcher), 20)
        finally:
            parts.network.released.set()
            batcher.close()
            for thread in {*threads, *batcher.threads}:
                await asyncio.to_thread(thread.join, 10)
                assert not thread.is_alive()
        await asyncio.sleep(0.05)
        assert (batcher.items, batcher.characters, batcher.admission.held) == (0, 0, {})
        assert not batcher.open

    asyncio.run(run())


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


def later(seconds: float = 15.0) -> float:
    return monotonic() + seconds


def test_a_request_is_answered_at_its_deadline_though_the_session_never_returns(
    parts: Parts,
) -> None:
    async def use(batcher: Batcher) -> None:
        parts.network.hangs = 2  # for both threads
        start = monotonic()
        running = batcher.submit(["rain", "card"], later(0.1))
        await until(lambda: bool(batcher.crew.running))
        waiting = batcher.submit(["song"], later(0.1))
        outcomes = [*await running, *await waiting]
        assert 0.1 <= monotonic() - start < 10
        assert all(isinstance(each, DeadlineError) for each in outcomes)
        assert batcher.items  # they are still in there
        parts.network.released.set()
        await until(lambda: not batcher.items)
        assert batcher.alive
        assert isinstance((await batcher.submit(["rain"], later()))[0], ClassifyAnswer)

    with_batcher(parts, use, BatchLimits(batch_items=4))


def test_an_answer_that_comes_after_its_deadline_is_none(parts: Parts) -> None:
    async def use(batcher: Batcher) -> None:
        future = batcher.loop.create_future()
        past = Ticket(2, (monotonic(), monotonic() - 0.001), future, "")
        batcher.admission.items = batcher.admission.characters = 2
        (answer,) = parts.answerer.predict(["rain"])
        batcher.deliver([(Item(past, place, "r"), answer) for place in (0, 1)])
        assert [type(each) for each in await future] == [DeadlineError, DeadlineError]

    with_batcher(parts, use)


@pytest.mark.parametrize("killed", [1, 2])
def test_a_thread_that_dies_is_replaced_and_what_it_held_is_answered(
    parts: Parts, killed: int
) -> None:
    async def use(batcher: Batcher) -> None:
        threads = batcher.threads
        parts.network.kills = killed
        with batcher.session_free:
            futures = [batcher.submit(["rain"], later(), caller="me") for _ in range(12)]
            await asyncio.sleep(0.02)
        states = set()
        while not all(future.done() for future in futures):
            states.add(batcher.alive)
            await asyncio.sleep(0.001)
        outcomes = [(await future)[0] for future in futures]
        lost = [each for each in outcomes if isinstance(each, NotReadyError)]
        good = [each for each in outcomes if isinstance(each, ClassifyAnswer)]
        assert killed <= len(lost) <= killed * LIMITS.batch_items
        assert len(lost) + len(good) == 12
        assert False in states or not batcher.alive
        await until(lambda: batcher.alive)
        assert len(set(threads) & set(batcher.threads)) == 2 - killed

    with_batcher(parts, use)


def test_a_thread_that_hangs_is_given_up_and_the_others_are_answered(parts: Parts) -> None:
    async def use(batcher: Batcher) -> None:
        parts.network.hangs = 1
        stuck = batcher.submit(["rain"], later())
        await until(lambda: bool(batcher.crew.running))
        behind = [batcher.submit(["card"], later()) for _ in range(9)]
        assert isinstance((await stuck)[0], NotReadyError)
        assert not batcher.alive
        outcomes = [(await each)[0] for each in behind]
        assert all(isinstance(each, ClassifyAnswer) for each in outcomes)
        await until(lambda: batcher.alive)
        assert not parts.network.released.is_set()  # it hangs to this day
        assert len(batcher.roster.lost) == 1
        parts.network.released.set()
        await until(lambda: not batcher.roster.lost[0].thread.is_alive())
        assert isinstance((await batcher.submit(["rain"], later()))[0], ClassifyAnswer)

    with_batcher(parts, use)


@pytest.fixture
def writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setattr(roster_module, "RESTART_S", 0.05)
    return Parts(*failing_writer(tmp_path / "writer"))


def test_texts_that_are_long_in_writing_are_no_hanging_thread(writing: Parts) -> None:
    async def use(batcher: Batcher) -> None:
        writing.network.call_s = 0.1
        outcomes = await batcher.submit(["春眠", "rain"], later())
        assert all(isinstance(each, GenerateAnswer) for each in outcomes)
        assert len(writing.network.shapes) > 10  # more than the limit leaves time for
        assert batcher.roster.healthy

    with_batcher(writing, use, BatchLimits(hang_s=0.8))


def test_a_step_that_hangs_is_noticed_and_a_token_shows_that_the_next_thread_writes(
    writing: Parts,
) -> None:
    async def use(batcher: Batcher) -> None:
        writing.network.hangs = 1
        (lost,) = await batcher.submit(["春眠"], later())
        assert isinstance(lost, NotReadyError)
        await until(lambda: batcher.alive)
        assert len(writing.network.shapes) == 3  # the one that hangs, a prompt, and a token
        assert isinstance((await batcher.submit(["rain"], later()))[0], GenerateAnswer)

    with_batcher(writing, use)


def test_a_network_that_always_hangs_takes_a_bounded_number_of_threads(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_module, "MOST_LOST", 3)
    monkeypatch.setattr(roster_module, "RESTART_S", 0.0)

    async def use(batcher: Batcher) -> None:
        parts.network.hangs = 100
        futures = [batcher.submit(["rain"], later(1.0)) for _ in range(30)]
        outcomes = [(await future)[0] for future in futures]
        assert all(isinstance(each, NotReadyError | DeadlineError) for each in outcomes)
        assert 3 <= len(batcher.roster.lost) <= 4
        assert not batcher.alive
        parts.network.hangs = 0
        parts.network.released.set()
        await until(lambda: batcher.alive and not batcher.items)

    with_batcher(parts, use, BatchLimits(batch_items=4, hang_s=0.05))


def test_a_request_cancelled_while_its_batch_hangs_leaves_nothing_behind(parts: Parts) -> None:
    async def use(batcher: Batcher) -> None:
        parts.network.hangs = 1
        stuck = batcher.submit(["rain"], later(), caller="me")
        await until(lambda: bool(batcher.crew.running))
        stuck.cancel()
        await until(lambda: not batcher.items)
        assert not batcher.admission.held

    with_batcher(parts, use)


def test_a_server_whose_thread_died_is_not_ready_until_one_in_its_place_has_answered(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_module, "RESTART_S", 0.3)
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        session = server.server.loader.live["intents"].answerer.session
        network = session.inner = FailingNetwork(session.inner)
        network.kills = 2  # the thread of the request, and the first that takes its place
        lost = server.predict("rain")
        assert lost.status == 503
        assert lost.headers["retry-after"] == "1"
        assert server.ask("GET", "/health/ready").status == 503
        wait_until(lambda: server.ask("GET", "/health/ready").status == 200)
        assert server.predict("rain").status == 200
