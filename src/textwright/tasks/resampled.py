"""Metrics that are counted over rows drawn anew: with their intervals, and by slice.

A measure takes what a model told of all rows and the places of some, and gives one number. How
the intervals are found, and after whom, ``metrics.resampled_interval`` says.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from textwright import metrics
from textwright.metrics import Ints

Told = TypeVar("Told")


def score_whole(
    measures: Mapping[str, Callable[[Told, Ints], float]], told: Told, rows: int
) -> dict[str, Any]:
    """Give each metric over all rows, and its interval as a list of two, ready for JSON."""
    found: dict[str, Any] = {}
    for name, measure in measures.items():
        interval = metrics.resampled_interval(partial(measure, told), rows)
        found[name] = interval.value
        found[f"{name}_interval"] = [interval.low, interval.high]
    return found


def measure_each(
    measures: Mapping[str, Callable[[Told, Ints], float]], told: Told, rows: Ints
) -> dict[str, float]:
    """Give each metric of the rows at these places."""
    return {name: measure(told, rows) for name, measure in measures.items()}


def score_parts(
    slices: Sequence[Mapping[str, str]], measure: Callable[[Ints], Mapping[str, Any]]
) -> dict[str, dict[str, dict[str, float]]]:
    """Give rows and metrics by column and value of it; values without any metric are left out.

    slices:  of each row, its value in each column; empty without any.
    measure: gives the metrics of the rows at some places; NaN, and what is no float, is none.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for column in slices[0] if slices else ():
        values = np.array([each[column] for each in slices])
        found[column] = {}
        for value in np.unique(values):
            rows = np.flatnonzero(values == value)
            measured = {
                name: each
                for name, each in measure(rows).items()
                if isinstance(each, float) and each == each
            }
            if measured:
                found[column][str(value)] = {"rows": len(rows), **measured}
    return found
