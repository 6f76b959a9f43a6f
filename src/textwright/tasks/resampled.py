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


def score_parts(
    slices: Sequence[Mapping[str, str]], name: str, measure: Callable[[Ints], float]
) -> dict[str, dict[str, dict[str, float]]]:
    """Give rows and one metric by column and value of it.

    slices: of each row, its value in each column; empty without any.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for column in slices[0] if slices else ():
        values = np.array([each[column] for each in slices])
        places = {str(value): np.flatnonzero(values == value) for value in np.unique(values)}
        found[column] = {
            value: {"rows": len(each), name: measure(each)} for value, each in places.items()
        }
    return found
