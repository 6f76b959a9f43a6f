"""Texts from many requests on real threads: together as alone, and none is ever left hanging."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.serving.failing import FailingNetwork, failing_writer
from textwright.errors import DeadlineError, NotReadyError, OverloadedError
from textwright.runtime.answer import Answerer
from textwright.runtime.streams import TextOptions, TextPool, Writer
from textwright.runtime.writing import Prompt
from textwright.serving import roster as roster_module
from textwright.serving.limits import StreamLimits
from textwright.serving.metrics import ServerMetrics
from textwright.serving.streams.engine import TICK_S, StreamEngine
from textwright.serving.streams.orders import Flow, Order, Piece
from textwright.structures.sampling import GREEDY, Sampling
from textwright.structures.writing import State

PROMPTS = ("春眠", "", "rain, rain go away", "😀🎉", "花落知多少。处处", "a")
DRAWN = Sampling(1.0, seed=7)
LIMITS = StreamLimits(hang_s=0.3)
LONG = 4000  # tokens: longer than any test


@dataclass
class Parts:
    """What a test works with."""

    writer: Writer
    network: FailingNetwork
    metrics: ServerMetrics

    def order(self, text: str = "春眠", longest: int = 9, **more: Any) -> Order:
        """Make a request of one prompt."""
        first = more.pop("first", 0)
        options = TextOptions(more.pop("sampling", GREEDY), longest, **more)
        return Order(self.writer.encode_prompt(text), options, first)

    def alone(self, text: str, longest: int = 9, sampling: Sampling = GREEDY) -> str:
        """Write a text without an engine."""
        pool = TextPool(self.writer)
        pool.begin(self.writer.encode_prompt(text), TextOptions(sampling, longest))
        told = ""
        while pool.streams:
            told += "".join(each.fresh for each in pool.advance())
        return told

    def count(self, name: str, **labels: str) -> float:
        """Give a counter's value."""
        every = {"model": "poems", **labels}
        return self.metrics.registry.get_sample_value(f"textwright_{name}", every) or 0.0


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setattr(roster_module, "RESTART_S", 0.05)
    answerer, network = failing_writer(tmp_path / "artifact")
    assert isinstance(answerer, Answerer)
    assert answerer.writer is not None
    return Parts(answerer.writer, network, ServerMetrics())


def with_engine(
    parts: Parts, use: Callable[[StreamEngine], Awaitable[None]], limits: StreamLimits = LIMITS
) -> None:
    """Run a coroutine with an engine; nothing may be left of it afterwards."""

    async def run() -> None:
        engine = StreamEngine(parts.writer, limits, parts.metrics.of_streams("poems", 1))
        threads = engine.roster.threads
        try:
            await asyncio.wait_for(use(engine), 30)
        finally:
            parts.network.released.set()
            engine.close()
            for thread in {*threads, *engine.roster.threads}:
                await asyncio.to_thread(thread.join, 10)
                assert not thread.is_alive()
        await asyncio.sleep(0.05)
        assert (engine.rows, engine.tokens, dict(engine.held), engine.flows) == (0, 0, {}, set())

    asyncio.run(run())


async def until(holds: Callable[[], object]) -> None:
    while not holds():
        await asyncio.sleep(0.002)


async def finish(engine: StreamEngine, flow: Flow) -> list[str]:
    """Follow a request to its end; gives its texts."""
    told: dict[int, str] = {}
    async with aclosing(engine.follow(flow)) as pieces:
        async for piece in pieces:
            told[piece.index] = told.get(piece.index, "") + piece.text
    return [told[each] for each in sorted(told)]


async def begin(engine: StreamEngine, flow: Flow, count: int = 1) -> Any:
    """Follow a request for some pieces; gives what goes on with it."""
    pieces = engine.follow(flow)
    for _ in range(count):
        await anext(pieces)
    return pieces


@pytest.mark.parametrize("sampling", [GREEDY, DRAWN])
def test_requests_are_written_together_as_alone(parts: Parts, sampling: Sampling) -> None:
    async def use(engine: StreamEngine) -> None:
        texts = [PROMPTS[each % len(PROMPTS)] for each in range(20)]
        flows = [
            engine.submit([parts.order(text, 5 + each % 7, sampling=sampling)])
            for each, text in enumerate(texts)
        ]
        found = await asyncio.gather(*(finish(engine, each) for each in flows))
        assert max(texts for texts, _ in parts.network.shapes) > 2
        for each, (text, (told,)) in enumerate(zip(texts, found, strict=True)):
            assert told == parts.alone(text, 5 + each % 7, sampling)

    with_engine(parts, use)


def test_what_is_written_is_counted_with_its_times(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        orders = [parts.order(longest=6, count=3, sampling=DRAWN), parts.order("a", 1, first=3)]
        flow = engine.submit(orders, caller="ann")
        assert (engine.rows, engine.held["ann"]) == (4, 4)
        last: dict[int, Piece] = {}
        async with aclosing(engine.follow(flow)) as pieces:
            async for piece in pieces:
                last[piece.index] = piece
        written = sum(each.tokens for each in last.values())
        assert parts.count("time_to_first_token_seconds_count") == 4
        assert parts.count("inter_token_latency_seconds_count") == written - 4
        assert parts.count("tokens_total", version="1") == written
        assert all(each.score < 0 and each.end == "length" for each in last.values())
        assert parts.count("streams_cancelled_total") == 0

    with_engine(parts, use)


def test_a_request_that_nobody_follows_any_more_stops_within_a_step(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        parts.network.call_s = 0.02
        pieces = await begin(engine, engine.submit([parts.order(longest=LONG, count=2)]), 3)
        await pieces.aclose()
        steps = len(parts.network.shapes)
        await until(lambda: not engine.rows)
        await asyncio.sleep(0.06)
        assert len(parts.network.shapes) - steps <= 1
        assert parts.count("streams_cancelled_total") == 2
        assert not engine.flows

    with_engine(parts, use)


def test_a_prompt_that_nobody_waits_for_any_more_is_not_read_to_its_end(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, over = parts.writer.read_prompt, Event()
    parts_read = 0

    def read_slowly(prompt: Prompt) -> Iterator[State]:
        nonlocal parts_read
        for state in [*read(prompt)] * 50:
            parts_read += 1
            yield state
            over.wait(10)

    monkeypatch.setattr(parts.writer, "read_prompt", read_slowly)

    async def use(engine: StreamEngine) -> None:
        flow = engine.submit([parts.order(count=2)])
        await until(lambda: parts_read)
        engine.cancel(flow)
        over.set()
        await until(lambda: not engine.rows)
        assert parts_read <= 2  # none behind the one that it was cancelled in
        assert parts.count("streams_cancelled_total") == 2

    with_engine(parts, use, StreamLimits())


def test_a_place_that_is_freed_is_taken_by_who_waits(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        parts.network.call_s = 0.005
        running = [await begin(engine, engine.submit([parts.order(longest=LONG)])) for _ in "ab"]
        waiting = engine.submit([parts.order("a", 3)])
        gone = engine.submit([parts.order("rain", 3)])
        await asyncio.sleep(0.05)
        assert waiting.waits
        assert (engine.running, engine.rows) == (2, 4)
        steps = len(parts.network.shapes)
        engine.cancel(gone)
        assert engine.rows == 3
        await running[0].aclose()
        assert await finish(engine, waiting) == [parts.alone("a", 3)]
        assert len(parts.network.shapes) > steps
        await running[1].aclose()
        await until(lambda: not engine.rows)

    with_engine(parts, use, StreamLimits(rows=1))


def test_an_idle_thread_takes_a_text_before_one_that_writes_already(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        parts.network.call_s = 0.005
        running = [await begin(engine, engine.submit([parts.order(longest=LONG)])) for _ in "ab"]
        assert sorted(len(each.texts) for each in engine.roster.workers) == [1, 1]
        for each in running:
            await each.aclose()
        await until(lambda: not engine.rows)

    with_engine(parts, use)


@pytest.mark.parametrize("begun", [False, True])
def test_a_text_that_is_late_ends_with_an_error(parts: Parts, begun: bool) -> None:
    limits = StreamLimits(first_s=0.1, whole_s=0.2, hang_s=60.0)

    async def use(engine: StreamEngine) -> None:
        parts.network.hangs = 0 if begun else 2
        parts.network.call_s = 0.01
        flows = [engine.submit([parts.order(longest=LONG)]) for _ in range(2)]
        for each in flows:
            with pytest.raises(DeadlineError):
                await finish(engine, each)
        assert parts.count("streams_cancelled_total") == 0
        parts.network.released.set()
        await until(lambda: not engine.rows)

    with_engine(parts, use, limits)


def test_of_a_request_for_many_texts_the_last_may_begin_late(parts: Parts) -> None:
    limits = StreamLimits(rows=1, first_s=1.0, hang_s=60.0)

    async def use(engine: StreamEngine) -> None:
        parts.network.call_s = 0.05
        orders = [parts.order(longest=9, first=each) for each in range(10)]
        assert len(await finish(engine, engine.submit(orders))) == 10

    with_engine(parts, use, limits)


def test_the_pace_of_a_slow_writer_is_learned_as_it_is(parts: Parts) -> None:
    """Eight texts have a token each at every third look."""

    async def use(engine: StreamEngine) -> None:
        for look in range(1, 1000):
            engine.written += 8 if look % 3 == 0 else 0
            engine.learn_pace(look * TICK_S)
        assert engine.rate == pytest.approx(8 / (3 * TICK_S), rel=0.01)

    with_engine(parts, use)


def test_a_thread_that_dies_is_replaced_and_its_texts_are_answered_for(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        parts.network.call_s = 0.005
        flows = [engine.submit([parts.order(longest=60)]) for _ in range(2)]
        both = [await begin(engine, each) for each in flows]
        parts.network.kills = 1
        ends = await asyncio.gather(*map(to_end, both), return_exceptions=True)
        assert sorted(type(each).__name__ for each in ends) == ["NoneType", "NotReadyError"]
        await until(lambda: engine.alive)
        assert await finish(engine, engine.submit([parts.order("a")])) == [parts.alone("a")]

    with_engine(parts, use)


async def to_end(pieces: Any) -> None:
    async for _ in pieces:
        pass


def test_a_thread_that_hangs_is_given_up_and_the_other_goes_on(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        parts.network.hangs = 1
        with pytest.raises(NotReadyError, match="was lost"):
            await finish(engine, engine.submit([parts.order()]))
        assert not engine.alive
        assert await finish(engine, engine.submit([parts.order("a")])) == [parts.alone("a")]
        await until(lambda: engine.alive)
        (lost,) = engine.roster.lost
        assert lost.thread.is_alive()  # it hangs to this day
        parts.network.released.set()
        await until(lambda: not lost.thread.is_alive())

    with_engine(parts, use)


def test_a_step_that_fails_fails_its_texts_and_no_later_one(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        flow = engine.submit([parts.order(longest=20)])
        pieces = await begin(engine, flow)
        parts.network.fails = 1
        with pytest.raises(RuntimeError, match="broke"):
            await to_end(pieces)
        assert engine.alive
        assert await finish(engine, engine.submit([parts.order("a")])) == [parts.alone("a")]

    with_engine(parts, use)


def test_a_prompt_that_cannot_be_read_fails_alone(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = parts.writer.read_prompt
    bad = parts.order("rain", count=2)

    def break_at_one(prompt: Any) -> Any:
        if prompt is bad.prompt:
            raise ValueError("unreadable")
        return read(prompt)

    monkeypatch.setattr(parts.writer, "read_prompt", break_at_one)

    async def use(engine: StreamEngine) -> None:
        good, broken = engine.submit([parts.order("a")]), engine.submit([bad])
        with pytest.raises(ValueError, match="unreadable"):
            await finish(engine, broken)
        assert await finish(engine, good) == [parts.alone("a")]

    with_engine(parts, use)


def test_closed_it_ends_what_was_accepted_and_takes_nothing_more(parts: Parts) -> None:
    async def use(engine: StreamEngine) -> None:
        flows = [engine.submit([parts.order(text, 12)]) for text in PROMPTS]
        engine.close()
        with pytest.raises(NotReadyError, match="just replaced"):
            engine.submit([parts.order()])
        found = await asyncio.gather(*(finish(engine, each) for each in flows))
        assert found == [[parts.alone(text, 12)] for text in PROMPTS]

    with_engine(parts, use, StreamLimits(rows=2))


def test_what_does_not_fit_is_refused_at_once_by_rows_tokens_and_caller(parts: Parts) -> None:
    limits = StreamLimits(queue_rows=6, queue_tokens=500)

    async def use(engine: StreamEngine) -> None:
        parts.network.hangs = 2
        flows = [engine.submit([parts.order(longest=20, count=3)], caller="ann")]
        with pytest.raises(OverloadedError, match="3 texts of this caller") as refused:
            engine.submit([parts.order(count=1)], caller="ann")
        assert refused.value.retry_s >= 1
        flows.append(engine.submit([parts.order(count=2)], caller="ben"))
        with pytest.raises(OverloadedError, match="5 texts are being written"):
            engine.submit([parts.order(count=2)])
        with pytest.raises(OverloadedError, match="5 texts are being written"):
            engine.submit([parts.order(longest=450)])
        engine.submit([parts.order(longest=3)])
        for each in list(engine.flows):
            engine.cancel(each)
        parts.network.released.set()
        await until(lambda: not engine.rows)

    with_engine(parts, use, limits)


def test_long_prompts_let_others_go_on_between_them(parts: Parts) -> None:
    """Of prompts of 18 tokens only one is read between two steps."""

    async def use(engine: StreamEngine) -> None:
        parts.network.call_s = 0.002
        running = [await begin(engine, engine.submit([parts.order(longest=LONG)])) for _ in "ab"]
        first = len(parts.network.shapes)
        flows = [engine.submit([parts.order("rain, rain go away", 2)]) for _ in range(6)]
        await asyncio.gather(*(finish(engine, each) for each in flows))
        sizes = [rows for rows, _ in parts.network.shapes[first:]]
        assert max(sizes) <= 3  # the one that runs, one just read, and one before its end
        for each in running:
            await each.aclose()
        await until(lambda: not engine.rows)

    with_engine(parts, use, StreamLimits(prompt_tokens=1))
