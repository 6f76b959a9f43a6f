"""Who is let in: within the bounds of texts, characters and time, and within a caller's share."""

import asyncio
from itertools import cycle
from math import inf
from typing import cast

import numpy as np
import pytest

from textwright.errors import OverloadedError
from textwright.serving.admission import Admission
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import FairQueue, Item, Ticket


class Queue:
    """An admission and its queue, asked as a batcher asks them, on a clock of the test's."""

    def __init__(self, limits: BatchLimits) -> None:
        self.limits = limits
        self.admission = Admission(limits)
        self.queue = FairQueue()

    def ask(
        self, count: int = 1, caller: str = "", *, now: float = 0.0, timeout_s: float = 1e6
    ) -> None:
        """Ask for room, and join the queue."""
        future = cast("asyncio.Future[list[object]]", None)
        ticket = Ticket(count, (now, now + timeout_s), future, caller)
        self.admission.admit(ticket, 5 * count, self.queue)
        self.queue.add([Item(ticket, place, "hello") for place in range(count)])

    def answer(self, items: list[Item]) -> None:
        """Count texts out."""
        for item in items:
            self.admission.release(item.ticket.caller, len(item.text))


@pytest.fixture
def small() -> Queue:
    return Queue(BatchLimits(batch_items=4, queue_items=60, queue_characters=400))


def test_a_request_is_let_in_whole_or_not_at_all(small: Queue) -> None:
    small.ask(55)
    with pytest.raises(OverloadedError, match="55 texts are waiting"):
        small.ask(6)
    small.ask(5)
    assert (small.admission.items, small.admission.characters) == (60, 300)


def test_characters_are_bounded_too() -> None:
    queue = Queue(BatchLimits(queue_characters=20))
    queue.ask(4)
    with pytest.raises(OverloadedError):
        queue.ask()


def test_a_caller_alone_may_hold_half_of_the_queue_and_leaves_the_rest_to_others(
    small: Queue,
) -> None:
    def flood(caller: str) -> int:
        for count in range(1000):
            try:
                small.ask(caller=caller)
            except OverloadedError:
                return count
        return 1000

    assert flood("first") == 30
    assert flood("second") == 15
    with pytest.raises(OverloadedError, match="30 texts of this caller"):
        small.ask(caller="first")
    small.ask(15)  # of nobody: it stands for itself
    assert small.admission.held == {"first": 30, "second": 15}


def test_a_caller_who_holds_nothing_may_send_whatever_fits(small: Queue) -> None:
    small.ask(60, caller="first")
    small.answer(small.queue.take(60))
    assert small.admission.held == {}
    assert (small.admission.items, small.admission.characters) == (0, 0)


def test_the_time_to_come_back_is_that_in_which_all_that_waits_is_answered(small: Queue) -> None:
    for _ in range(50):
        small.admission.pace.learn(4, 2.0)  # two texts a second
    small.ask(60)
    with pytest.raises(OverloadedError) as refused:
        small.ask()
    assert refused.value.retry_s == 31


def test_what_cannot_be_answered_in_its_time_is_refused_at_once(small: Queue) -> None:
    for _ in range(20):
        small.ask()  # together a fifth of a second, as long as nothing is known
    with pytest.raises(OverloadedError, match="it would be too late"):
        small.ask(timeout_s=0.25)
    small.ask(timeout_s=0.27)


def test_who_comes_to_an_empty_queue_is_let_in_however_slow_it_was(small: Queue) -> None:
    small.admission.pace.learn(1, 60.0)
    small.ask(timeout_s=0.1)


def test_a_newcomer_is_let_in_where_a_caller_has_used_up_the_time_of_the_objective() -> None:
    queue = Queue(BatchLimits(objective_s=1.0))  # a hundred texts a second, as nothing is known
    for _ in range(80):
        queue.ask(caller="flood")
    with pytest.raises(OverloadedError, match="too late"):
        queue.ask(caller="flood")
    queue.ask(caller="new")  # its turn comes next


def test_a_request_of_more_texts_than_a_batch_has_the_objective_for_its_first() -> None:
    queue = Queue(BatchLimits(objective_s=0.25))
    queue.ask(2000)
    queue.ask(2000)
    with pytest.raises(OverloadedError, match="too late"):
        queue.ask(16)


@pytest.mark.parametrize("callers", [1, 60])
@pytest.mark.parametrize(("call_s", "text_s"), [(0.0, 0.005), (0.02, 0.004), (0.05, 0.001)])
@pytest.mark.parametrize("load", [2, 10])
def test_under_overload_what_is_let_in_is_answered_in_time_and_no_work_is_lost(
    load: int, call_s: float, text_s: float, callers: int
) -> None:
    names = [""] if callers == 1 else [f"caller {number}" for number in range(callers)]
    given_s, late_s = overload(load, (call_s, text_s), names)

    peak = 32 / (call_s + 32 * text_s)
    assert np.percentile(late_s, 99) <= 0.25
    assert len(late_s) >= 0.9 * peak * given_s


def overload(load: int, costs: tuple[float, float], names: list[str]) -> tuple[float, list[float]]:
    """Let requests come at ``load`` times what can be answered; gives seconds, and the waits."""
    call_s, text_s = costs
    queue = Queue(BatchLimits(objective_s=0.25))
    step_s = (call_s + 32 * text_s) / 32 / load
    waits: list[float] = []
    batch: list[Item] = []
    end = last = inf
    name = cycle(names)
    for number in range(3000 * load):
        now = number * step_s
        while end <= now:
            queue.answer(batch)
            waits += [end - item.ticket.accepted for item in batch]
            queue.admission.pace.learn(len(batch), end - last)
            batch, last = queue.queue.take(32), end
            end = end + call_s + text_s * len(batch) if batch else inf
        try:
            queue.ask(caller=next(name), now=now, timeout_s=30)
        except OverloadedError:
            continue
        if not batch:
            batch, last = queue.queue.take(32), now
            end = now + call_s + text_s * len(batch)
    return 3000 * load * step_s, waits
