"""Learning how long a batch takes, whatever a call and a text cost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textwright.serving.pace import Pace

SIZES = [1, 3, 8, 20, 32, 5, 13, 27]


def test_before_the_first_batch_a_hundred_texts_a_second_are_believed() -> None:
    assert Pace(32).expect(50) == pytest.approx(0.5)


@pytest.mark.parametrize("call_s", [0.0, 0.004, 0.05])
@pytest.mark.parametrize("text_s", [0.0002, 0.005])
def test_the_cost_of_a_call_and_of_a_text_are_told_apart(call_s: float, text_s: float) -> None:
    pace = Pace(32)
    for size in SIZES * 6:
        pace.learn(size, call_s + size * text_s)
    for size in (16, 32, 64, 100):
        true_s = -(-size // 32) * call_s + size * text_s
        assert 0.8 * true_s < pace.expect(size) < 1.25 * true_s


def test_batches_of_one_size_are_taken_as_so_many_times_one_text() -> None:
    pace = Pace(32)
    for _ in range(500):
        pace.learn(8, 0.04)
    assert pace.expect(16) == pytest.approx(0.08)


def test_it_follows_a_change_within_some_batches() -> None:
    pace = Pace(32)
    for size in SIZES * 4:
        pace.learn(size, size * 0.0003)
    for size in SIZES * 12:
        pace.learn(size, size * 0.005)
    assert pace.expect(40) == pytest.approx(0.2, rel=0.1)


def test_one_batch_that_took_ages_does_not_spoil_it() -> None:
    pace = Pace(32)
    for size in SIZES * 4:
        pace.learn(size, size * 0.005)
    pace.learn(8, 100.0)
    assert pace.expect(32) < 2 * 32 * 0.005


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(1, 64), st.floats(0, 100)), min_size=1, max_size=60))
def test_whatever_was_seen_more_texts_never_take_less_time(
    batches: list[tuple[int, float]],
) -> None:
    pace = Pace(32)
    for items, seconds in batches:
        pace.learn(items, seconds)
    expected = [pace.expect(items) for items in range(0, 200, 7)]
    assert expected == sorted(expected)
    assert expected[0] == 0
    assert pace.call_s >= -1e-9
    assert pace.text_s >= 0
