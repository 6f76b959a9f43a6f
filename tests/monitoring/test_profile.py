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


def test_each_row_stands_in_the_bin_of_its_confidence() -> None:
    confidence = [0.5, 0.549, 0.55, 0.999, 1.0]

    found = make_profile(["a"] * 5, np.array([[each, 1 - each] for each in confidence]), ["x", "y"])

    assert {place: rows for place, rows in enumerate(found["confidence"]) if rows} == {
        10: 2,
        11: 1,
        19: 2,
    }
    assert len(found["confidence"]) == BINS


def test_lengths_are_in_code_points_at_seven_shares() -> None:
    texts = ["我" * length for length in range(101)]

    found = make_profile(texts, np.full((101, 2), 0.5), ["x", "y"])

    assert found["characters"] == {
        "0.01": 1.0,
        "0.05": 5.0,
        "0.25": 25.0,
        "0.5": 50.0,
        "0.75": 75.0,
        "0.95": 95.0,
        "0.99": 99.0,
    }


def test_a_label_never_answered_is_counted_as_none() -> None:
    found = make_profile(["a"], np.array([[0.2, 0.7, 0.1]]), ["x", "y", "z"])

    assert found["labels"] == {"x": 0, "y": 1, "z": 0}


def test_texts_that_were_written_are_profiled_by_their_length() -> None:
    written = np.array([["a"], ["four"], ["a dog."]], dtype=object)

    profile = make_profile(["ein", "vier", "ein Hund."], written, ())

    assert profile["written"]["0.5"] == 4
    assert "confidence" not in profile
    assert "scores" not in profile
