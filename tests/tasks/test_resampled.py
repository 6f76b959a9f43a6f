"""Metrics over rows drawn anew, by hand."""

from functools import partial

import numpy as np
import pytest

from textwright.metrics import Floats, Ints
from textwright.tasks.resampled import measure_each, score_parts, score_whole


def mean(told: Floats, rows: Ints) -> float:
    """Give the mean of some rows."""
    return float(told[rows].mean())


def test_each_metric_stands_beside_its_interval() -> None:
    told = np.arange(100.0)

    found = score_whole({"mean": mean, "same": lambda _told, _rows: 3.0}, told, len(told))

    assert found["mean"] == pytest.approx(49.5)
    low, high = found["mean_interval"]
    assert 40 < low < 49.5 < high < 59
    assert (found["same"], found["same_interval"]) == (3.0, [3.0, 3.0])


def test_slices_have_their_rows_and_their_metrics() -> None:
    told = np.array([1.0, 3.0, 10.0])
    slices = [{"by": "web"}, {"by": "web"}, {"by": "phone"}]
    measure = partial(measure_each, {"mean": mean}, told)

    found = score_parts(slices, measure)

    assert found == {"by": {"phone": {"rows": 1, "mean": 10.0}, "web": {"rows": 2, "mean": 2.0}}}
    assert score_parts([], measure) == {}


def test_what_is_undefined_on_a_slice_is_left_out() -> None:
    told = np.array([1.0, np.nan, 4.0])
    slices = [{"by": each} for each in ("web", "phone", "web")]

    found = score_parts(slices, lambda rows: {"mean": mean(told, rows), "count": len(rows)})

    assert found == {"by": {"web": {"rows": 2, "mean": 2.5}}}
