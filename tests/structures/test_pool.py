"""A pool of texts that come and go: each is written as if it were alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.structures.tables import STOP, TableNetwork
from textwright.structures.joining import Axes
from textwright.structures.pool import Pool, Stream
from textwright.structures.sampling import GREEDY, Sampling, sample
from textwright.structures.writing import Bounds, Floats, Ints, State, Written

AXES = Axes(past={"written": 2})
NETWORK = TableNetwork(12, seed=5)
SAMPLINGS = (GREEDY, Sampling(1.5, top_p=0.9, seed=4), Sampling(0.8, top_k=3, seed=1), Sampling(
    0.0, repetition_penalty=1.7
))  # fmt: skip


def prompt(number: int) -> list[int]:
    """Make a prompt of one to five tokens."""
    return [0, *(3 + (number * each) % 7 for each in range(number % 5))]


def stream(number: int, longest: int = 9, copy: int = 0) -> Stream:
    return Stream(prompt(number)[-1], longest, SAMPLINGS[number % 4], (STOP,), copy)


def alone(number: int, longest: int = 9, copies: int = 1) -> list[Written]:
    """Write the texts of a prompt by ``sample``."""
    state = NETWORK.read(number, prompt(number))
    bounds = Bounds(np.array([prompt(number)[-1]]), np.array([longest]), (STOP,), banned=(0,))
    return sample(NETWORK, state, bounds, [SAMPLINGS[number % 4]], count=copies)[0]


def finish(pool: Pool) -> None:
    """Write until every text is at its end, which takes no more steps than the longest has."""
    for _ in range(9):
        pool.advance()
    assert pool.streams == []


def same(found: Stream, expected: Written) -> bool:
    return (
        tuple(found.tokens) == expected.tokens
        and (found.ended == "stop") == expected.finished
        and abs(found.total - expected.log_probability) < 1e-4
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(0, 40))
def test_a_text_is_written_as_alone_whoever_comes_and_goes(waits: list[int], leaver: int) -> None:
    """Texts join after so many steps each, and one is let go at some time."""
    pool, streams = Pool(NETWORK, AXES, banned=(0,)), []
    for number, steps in enumerate(waits):
        streams.append(stream(number))
        pool.join(streams[-1:], NETWORK.read(number, prompt(number)))
        for _ in range(steps):
            pool.advance()
        pool.leave([each for each in pool.streams if each is streams[leaver % len(streams)]])
    finish(pool)

    for number, each in enumerate(streams):
        (expected,) = alone(number)
        if each.ended:
            assert same(each, expected)
        else:
            assert tuple(each.tokens) == expected.tokens[: len(each.tokens)]


def test_the_texts_of_one_prompt_have_random_numbers_of_their_own() -> None:
    pool = Pool(NETWORK, AXES, banned=(0,))
    streams = [stream(1, copy=each) for each in range(4)]
    pool.join(streams, NETWORK.read(1, prompt(1)))
    finish(pool)

    assert len({tuple(each.tokens) for each in streams}) > 1
    assert all(map(same, streams, alone(1, copies=4)))


def test_the_past_is_as_long_as_the_longest_text_that_is_left() -> None:
    pool = Pool(NETWORK, AXES, banned=(0,))
    long, short = stream(4, 30), stream(1, 30)
    pool.join([long], NETWORK.read(4, prompt(4)))
    pool.join([short], NETWORK.read(1, prompt(1)))
    assert pool.state.source["pads"].tolist() == [0, 3]

    pool.leave([long])

    assert pool.state.source["pads"].tolist() == [0]
    assert AXES.length(pool.state) == len(prompt(1)) - 1


def test_all_are_written_in_one_call_and_nobody_in_none() -> None:
    network = TableNetwork(12, seed=5)
    pool = Pool(network, AXES, banned=(0,))
    for number in range(5):
        pool.join([stream(number, 20)], network.read(number, prompt(number)))

    assert len(pool.advance()) == 5
    assert network.calls == 1
    pool.leave(pool.streams)
    assert pool.advance() == []
    assert network.calls == 1
    assert pool.state.past == {}


@pytest.mark.parametrize("longest", [1, 3])
def test_a_text_ends_at_its_longest_and_leaves(longest: int) -> None:
    pool = Pool(NETWORK, AXES, banned=(0, STOP))
    short, other = stream(0, longest), stream(1, 9)
    for number, each in enumerate((short, other)):
        pool.join([each], NETWORK.read(number, prompt(number)))
    told = [pool.advance() for _ in range(longest)]

    assert told == [[short, other]] * longest
    assert (len(short.tokens), short.ended) == (longest, "length")
    assert pool.streams == [other]
    assert not other.ended


def test_letting_go_who_is_not_there_changes_nothing() -> None:
    pool = Pool(NETWORK, AXES)
    pool.join([stream(2)], NETWORK.read(2, prompt(2)))
    state = pool.state
    pool.leave([stream(3)])

    assert pool.state is state


class Broken:
    """A network that fails when it is told to."""

    def __init__(self) -> None:
        self.fails = True

    def __call__(self, tokens: Ints, state: State) -> tuple[Floats, State]:
        """Fail, or write as the table does."""
        if self.fails:
            raise RuntimeError("the network broke")
        return NETWORK(tokens, state)


def test_a_step_that_fails_leaves_the_texts_as_they_were() -> None:
    network = Broken()
    pool, one = Pool(network, AXES, banned=(0,)), stream(2)
    pool.join([one], NETWORK.read(2, prompt(2)))
    with pytest.raises(RuntimeError, match="broke"):
        pool.advance()
    assert (one.tokens, one.ended) == ([], "")

    network.fails = False
    finish(pool)

    assert same(one, alone(2)[0])
