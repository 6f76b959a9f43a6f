"""Turns: callers alternate, urgent ones go first, and nobody waits for ever."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.serving.queues import FairQueue, Item, Ticket

REQUEST = st.tuples(st.sampled_from(["", "a", "b", 7]), st.integers(1, 4), st.integers(0, 5))


@pytest.fixture
def queue() -> Iterator[FairQueue]:
    found = FairQueue()
    yield found
    found.take(found.size)
    assert (found.size, found.lines) == (0, 0)
    assert not any(level.lines or level.turns for level in found.levels)


def put(queue: FairQueue, caller: str | int, count: int, priority: int = 0) -> list[Item]:
    """Add a request; its texts tell whose they are."""
    future = cast("asyncio.Future[list[object]]", None)
    ticket = Ticket(count, (0.0, 0.0), future, caller)
    items = [Item(ticket, place, f"{caller}{place}") for place in range(count)]
    queue.add(items, priority)
    return items


def taken(queue: FairQueue, count: int) -> list[str]:
    return [str(item.text) for item in queue.take(count)]


def test_callers_take_turns_however_much_one_of_them_sent(queue: FairQueue) -> None:
    put(queue, "flood", 1000)
    put(queue, "a", 2)
    put(queue, "b", 1)
    assert (queue.size, queue.lines) == (1003, 3)
    assert taken(queue, 5) == ["flood0", "a0", "b0", "flood1", "a1"]
    put(queue, "c", 1)
    assert taken(queue, 3) == ["flood2", "c0", "flood3"]
    assert (queue.size, queue.lines) == (996, 1)


def test_requests_of_one_caller_keep_their_order(queue: FairQueue) -> None:
    first, second = put(queue, "a", 3), put(queue, "a", 2)
    assert queue.lines == 1
    assert queue.take(9) == [*first, *second]


def test_requests_of_nobody_stand_each_for_itself(queue: FairQueue) -> None:
    first, second = put(queue, "", 3), put(queue, "", 2)
    assert queue.lines == 2
    assert queue.take(9) == [first[0], second[0], first[1], second[1], first[2]]


def test_a_name_is_never_taken_for_a_key(queue: FairQueue) -> None:
    put(queue, 7, 2)
    put(queue, "7", 2)
    assert queue.lines == 2


def test_smaller_priorities_go_first_and_none_goes_last(queue: FairQueue) -> None:
    for name, priority in (("none", 0), ("far", 9), ("three", 3), ("one", 1), ("two", 2)):
        put(queue, name, 1, priority)
    assert taken(queue, 5) == ["one0", "two0", "three0", "none0", "far0"]


def test_one_of_eight_texts_is_taken_without_regard_to_priority(queue: FairQueue) -> None:
    for name, priority in (("one", 1), ("two", 2), ("plain", 0)):
        put(queue, name, 500, priority)
    counts = Counter(text.rstrip("0123456789") for text in taken(queue, 480))
    assert counts == {"one": 440, "two": 20, "plain": 20}


@given(requests=st.lists(REQUEST, max_size=12), sizes=st.lists(st.integers(0, 9), max_size=8))
def test_each_text_is_taken_once_and_a_requests_texts_in_their_order(
    requests: list[tuple[str | int, int, int]], sizes: list[int]
) -> None:
    queue = FairQueue()
    added: list[Item] = []
    found: list[Item] = []
    for number, (caller, count, priority) in enumerate(requests):
        added += put(queue, caller, count, priority)
        found += queue.take(sizes[number]) if number < len(sizes) else []
    found += queue.take(1000)

    assert sorted(map(id, found)) == sorted(map(id, added))
    for ticket in {item.ticket for item in added}:
        places = [item.place for item in found if item.ticket is ticket]
        assert places == sorted(places)
    assert (queue.size, queue.lines) == (0, 0)


def test_a_caller_who_comes_to_a_full_queue_waits_for_one_turn(queue: FairQueue) -> None:
    for number in range(20):
        put(queue, f"flood{number} ", 200)
    put(queue, "new", 1)
    assert taken(queue, 21)[-1] == "new0"
