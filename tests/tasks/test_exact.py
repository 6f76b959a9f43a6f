"""Texts that are just right."""

import numpy as np

from textwright.tasks.exact import METRICS, count, sign


def test_a_text_is_right_when_it_is_one_of_those_that_are() -> None:
    found = count(["positive", "Positive", " b ", ""], [("positive",)] * 2 + [("a", "b"), ("a",)])

    assert found.tolist() == [1, 0, 1, 0]
    assert METRICS["accuracy"](found, np.array([0, 1])) == 0.5
    assert sign([], []) == {}
