"""The profile: enough numbers to see drift, and no text."""

import json

import numpy as np

from textwright.monitoring.profile import BINS, make_profile


def test_a_profile_counts_answers_confidence_and_lengths() -> None:
    texts = ["a", "bbb", "ccccc"]
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [1.0, 0.0]])

    found = make_profile(texts, scores, ["x", "y"])

    assert found["rows"] == 3
    assert found["labels"] == {"x": 2, "y": 1}
    assert sum(found["confidence"]) == 3
    assert found["confidence"][BINS - 1] == 1
    assert found["characters"]["0.5"] == 3.0


def test_a_profile_holds_no_text() -> None:
    found = make_profile(["a secret"], np.array([[0.6, 0.4]]), ["x", "y"])

    assert "secret" not in json.dumps(found)


def test_no_rows_give_an_empty_profile() -> None:
    assert make_profile([], np.zeros((0, 2)), ["x", "y"]) == {"rows": 0}
