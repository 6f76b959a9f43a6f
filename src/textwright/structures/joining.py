"""States of texts of different lengths, put beside each other, and cut to what is used.

Shapes: N sources, K rows of each, P places of a past. Where a past grows, ``source["pads"]`` [N]
says how many places at its left hold nothing of a source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.structures.writing import State

PADS, BIAS = "pads", "bias"
Array = NDArray[Any]


@dataclass(frozen=True)
class Axes:
    """Along which axis an array of a state grows with its text; what is not named never does.

    source: filled up at the right, by what hides it where the array is the ``bias``.
    past:   filled up at the left, and counted in ``pads``.
    """

    source: Mapping[str, int] = field(default_factory=dict)
    past: Mapping[str, int] = field(default_factory=dict)

    def length(self, state: State) -> int:
        """Give the places of a state's past, 0 where none grows."""
        return next((state.past[name].shape[axis] for name, axis in self.past.items()), 0)


def join_states(states: Sequence[State], axes: Axes) -> State:
    """Put states of one network beside each other, each with as many rows a source."""
    longest = max(map(axes.length, states))
    source = {
        name: stack(
            [each.source[name] for each in states],
            axes.source.get(name),
            fill=-np.inf if name == BIAS else 0,
        )
        for name in states[0].source
        if name != PADS
    }
    if PADS in states[0].source:
        pads = [each.source[PADS] + (longest - axes.length(each)) for each in states]
        source[PADS] = np.concatenate(pads)
    past = {
        name: stack([each.past[name] for each in states], axes.past.get(name), left=True)
        for name in states[0].past
    }
    return State(source, past)


def stack(
    arrays: Sequence[Array], axis: int | None, *, fill: float = 0, left: bool = False
) -> Array:
    """Join arrays along the first axis, filled up to the longest of them along another."""
    if axis is None:
        return np.concatenate(arrays)
    shape = list(arrays[0].shape)
    shape[0] = sum(map(len, arrays))
    shape[axis] = longest = max(each.shape[axis] for each in arrays)
    joined = np.full(shape, fill, dtype=arrays[0].dtype)
    place = [slice(None)] * joined.ndim
    row = 0
    for each in arrays:
        size = each.shape[axis]
        place[0] = slice(row, row + len(each))
        place[axis] = slice(longest - size, None) if left else slice(size)
        joined[tuple(place)] = each
        row += len(each)
    return joined


def cut_unused(state: State, axes: Axes) -> State:
    """Cut off what is empty at the left of every source's past."""
    if PADS not in state.source:
        return state
    pads = state.source[PADS]
    unused = int(pads.min(initial=axes.length(state)))
    if not unused:
        return state
    past = {
        name: each[(slice(None),) * axes.past[name] + (slice(unused, None),)]
        if name in axes.past
        else each
        for name, each in state.past.items()
    }
    return State({**state.source, PADS: pads - unused}, past)
