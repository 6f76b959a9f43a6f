"""Metrics over rows drawn anew, by hand."""

import numpy as np
import pytest

from textwright.metrics import Floats, Ints
from textwright.tasks.resampled import score_parts, score_whole


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


def test_slices_have_their_rows_and_their_metric() -> None:
    told = np.array([1.0, 3.0, 10.0])
    slices = [{"by": "web"}, {"by": "web"}, {"by": "phone"}]

    found = score_parts(slices, "mean", lambda rows: mean(told, rows))

    assert found == {"by": {"phone": {"rows": 1, "mean": 10.0}, "web": {"rows": 2, "mean": 2.0}}}
    assert score_parts([], "mean", lambda rows: mean(told, rows)) == {}
