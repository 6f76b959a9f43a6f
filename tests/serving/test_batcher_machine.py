"""The batcher's promises after any sequence of requests, cancellations, pauses and faults."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.runtime.tiny import WORDS
from tests.serving.failing import failing_answerer
from textwright.errors import DeadlineError, NotReadyError, OverloadedError
from textwright.serving import roster as roster_module
from textwright.serving.batcher import Batcher
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Outcome
from textwright.tasks.classify import ClassifyAnswer

LIMITS = BatchLimits(batch_items=4, batch_tokens=24, queue_items=40, queue_characters=900)
TEXT = st.lists(st.sampled_from(" ".join(WORDS.values()).split()), max_size=12).map(" ".join)
FAR_S = 60.0


class Asked:
    """A request that was accepted, and what may become of it."""

    def __init__(
        self, texts: Sequence[str], timeout_s: float, future: "asyncio.Future[list[Outcome]]"
    ) -> None:
        self.texts = texts
        self.timeout_s = timeout_s
        self.future = future
        self.cancelled = False


class BatcherMachine(RuleBasedStateMachine):
    """Uses a batcher as its callers do, in any order."""

    @initialize()
    def start(self) -> None:
        """Open a model and start the batcher."""
        self.folder = TemporaryDirectory()
        self.answerer, self.network = failing_answerer(Path(self.folder.name) / "artifact")
        self.loop = asyncio.new_event_loop()
        self.asked: list[Asked] = []
        self.killed = 0
        self.paused: Any = None
        self.batcher = self.on_loop(self.make)
        self.threads = set(self.batcher.threads)

    async def make(self) -> Batcher:
        """Make a batcher, on the loop."""
        return Batcher(self.answerer, LIMITS)

    def on_loop(self, call: Any) -> Any:
        """Run a coroutine function to its end."""
        return self.loop.run_until_complete(call())

    @rule(
        texts=st.lists(TEXT, max_size=9),
        timeout_s=st.sampled_from([-1.0, 0.004, FAR_S, FAR_S]),
        caller=st.sampled_from(["", "a", "b", 3]),
        priority=st.integers(0, 4),
    )
    def submit(self, texts: list[str], timeout_s: float, caller: str | int, priority: int) -> None:
        """Send a request."""
        before = self.batcher.items
        try:
            deadline = monotonic() + timeout_s
            future = self.batcher.submit(texts, deadline, caller=caller, priority=priority)
        except OverloadedError:
            assert self.batcher.items == before
            return
        assert self.batcher.items == before + len(texts)
        self.asked.append(Asked(texts, timeout_s, future))

    @rule(place=st.integers(0, 60))
    def cancel(self, place: int) -> None:
        """Give one request up, if there is one; which were refused is up to the clock."""
        for asked in self.asked[place : place + 1]:
            asked.cancelled |= asked.future.cancel()

    @rule(wait_s=st.sampled_from([0.0, 0.001, 0.005, 0.03]))
    def wait(self, wait_s: float) -> None:
        """Let time pass."""
        self.loop.run_until_complete(asyncio.sleep(wait_s))

    @precondition(lambda self: self.paused is None)
    @rule()
    def pause(self) -> None:
        """Keep the session from running."""
        self.paused = self.batcher.session_free
        self.loop.run_until_complete(asyncio.to_thread(self.paused.__enter__))

    @precondition(lambda self: self.paused is not None)
    @rule()
    def go_on(self) -> None:
        """Let the session run again."""
        self.paused.__exit__(None, None, None)
        self.paused = None

    @precondition(lambda self: self.killed < 2)
    @rule()
    def kill(self) -> None:
        """Let the next batch end its thread."""
        self.network.kills += 1
        self.killed += 1

    @invariant()
    def no_batch_was_over_the_budget(self) -> None:
        """One text alone may be longer."""
        for rows, width in self.network.shapes if hasattr(self, "network") else ():
            assert rows <= LIMITS.batch_items
            assert rows == 1 or rows * width <= LIMITS.batch_tokens

    def teardown(self) -> None:
        """Whatever happened: all is answered, and nothing is left."""
        if self.paused is not None:
            self.go_on()
        self.on_loop(self.drain)
        self.network.kills = 0
        for asked in self.asked:
            assert asked.future.done()
            if not asked.cancelled:
                self.check_outcomes(asked, asked.future.result())
        self.batcher.close()
        for thread in self.threads | set(self.batcher.threads):
            thread.join(10)
            assert not thread.is_alive()
        self.loop.close()
        self.folder.cleanup()

    async def drain(self) -> None:
        """Wait until every text has left the batcher."""
        end = monotonic() + 15
        while self.batcher.items or self.batcher.open:
            assert monotonic() < end, "the queue does not drain"
            await asyncio.sleep(0.002)
        admission, crew = self.batcher.admission, self.batcher.crew
        assert (admission.items, admission.characters, admission.held) == (0, 0, {})
        assert (crew.waiting.size, len(crew.ready), len(crew.finished)) == (0, 0, 0)

    def check_outcomes(self, asked: Asked, outcomes: list[Outcome]) -> None:
        """Each text has its own answer, or the error that it may have."""
        assert len(outcomes) == len(asked.texts)
        for text, outcome in zip(asked.texts, outcomes, strict=True):
            if isinstance(outcome, ClassifyAnswer):
                assert asked.timeout_s > 0
                (alone,) = self.answerer.predict([text])
                assert outcome.label == alone.label
                assert outcome.scores == pytest.approx(alone.scores, abs=1e-5)
            elif isinstance(outcome, NotReadyError):
                assert self.killed
            else:
                assert isinstance(outcome, DeadlineError)
                assert asked.timeout_s != FAR_S


@pytest.mark.parametrize(
    ("traces", "steps"), [(15, 25), pytest.param(400, 60, marks=pytest.mark.faults)]
)
def test_after_any_trace_each_text_was_answered_once_by_its_own_answer(
    monkeypatch: pytest.MonkeyPatch, traces: int, steps: int
) -> None:
    monkeypatch.setattr(roster_module, "RESTART_S", 0.0)
    chosen = settings(max_examples=traces, stateful_step_count=steps, deadline=None)
    run_state_machine_as_test(BatcherMachine, settings=chosen)
