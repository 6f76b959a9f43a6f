"""States of texts of different lengths, put beside each other."""

import numpy as np
import pytest

from textwright.structures.joining import Axes, cut_unused, join_states, stack
from textwright.structures.writing import State

AXES = Axes(source={"read": 1, "bias": 1}, past={"keys": 3})


def state(value: float, read: int, past: int, *, sources: int = 1) -> State:
    """Make a state full of one number."""
    return State(
        {
            "read": np.full((sources, read), value),
            "bias": np.zeros((sources, read), dtype=np.float32),
            "fixed": np.full((sources, 2), value),
            "pads": np.zeros(sources, dtype=np.int64),
        },
        {"keys": np.full((sources, 1, 2, past), value), "cell": np.full((sources, 1, 2), value)},
    )


def test_the_shorter_past_is_filled_up_at_its_left_and_counted() -> None:
    joined = join_states([state(1, 2, 3), state(2, 2, 1, sources=2)], AXES)

    assert joined.past["keys"].shape == (3, 1, 2, 3)
    assert joined.past["keys"][0, 0, 0].tolist() == [1, 1, 1]
    assert joined.past["keys"][2, 0, 1].tolist() == [0, 0, 2]
    assert joined.past["cell"][:, 0, 0].tolist() == [1, 2, 2]
    assert joined.source["pads"].tolist() == [0, 2, 2]


def test_the_shorter_source_is_filled_up_at_its_right_and_hidden() -> None:
    joined = join_states([state(1, 1, 0), state(2, 3, 0)], AXES)

    assert joined.source["read"].tolist() == [[1, 0, 0], [2, 2, 2]]
    assert joined.source["bias"].tolist() == [[0, -np.inf, -np.inf], [0, 0, 0]]
    assert joined.source["bias"].dtype == np.float32
    assert joined.source["fixed"].tolist() == [[1, 1], [2, 2]]


def test_places_that_were_empty_before_stay_counted() -> None:
    first = join_states([state(1, 1, 4), state(2, 1, 1)], AXES)
    joined = join_states([state(3, 1, 6), first], AXES)

    assert joined.source["pads"].tolist() == [0, 2, 5]
    assert joined.past["keys"][2, 0, 0].tolist() == [0, 0, 0, 0, 0, 2]


def test_what_nobody_uses_any_more_is_cut_off() -> None:
    joined = join_states([state(1, 1, 5), state(2, 1, 2), state(3, 1, 3)], AXES)
    left = joined.take(np.array([1, 2]), np.zeros((2, 1), dtype=np.int64))

    cut = cut_unused(left, AXES)

    assert cut.source["pads"].tolist() == [1, 0]
    assert cut.past["keys"][:, 0, 0].tolist() == [[0, 2, 2], [3, 3, 3]]
    assert cut.past["cell"].shape == (2, 1, 2)
    assert cut_unused(cut, AXES) is cut


def test_a_past_that_never_grows_has_nothing_to_count() -> None:
    plain = State({}, {"cell": np.ones((1, 1, 2))})
    joined = join_states([plain, plain], Axes())

    assert joined.past["cell"].shape == (2, 1, 2)
    assert joined.source == {}
    assert cut_unused(joined, Axes()) is joined
    assert Axes().length(joined) == 0
    assert AXES.length(state(1, 2, 7)) == 7


@pytest.mark.parametrize("left", [False, True])
def test_arrays_that_are_alike_are_only_joined(left: bool) -> None:
    arrays = [np.arange(6).reshape(2, 3), np.arange(3).reshape(1, 3)]

    assert stack(arrays, 1, left=left).tolist() == [[0, 1, 2], [3, 4, 5], [0, 1, 2]]
    assert stack(arrays, None).tolist() == [[0, 1, 2], [3, 4, 5], [0, 1, 2]]
