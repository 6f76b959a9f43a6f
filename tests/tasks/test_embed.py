"""Vectors into answers."""

import numpy as np
import pytest

from textwright.errors import ArtifactError
from textwright.tasks.embed import EmbedAnswer, answers, check_width, shorten
from textwright.text.labels import Labels

NONE = Labels(())


def test_each_row_of_the_network_is_an_answer() -> None:
    found = answers(np.array([[1.0, 2.0], [3.0, 4.5]], dtype=np.float32), NONE)

    assert [each.table() for each in found] == [{"vector": [1.0, 2.0]}, {"vector": [3.0, 4.5]}]


def test_what_the_reader_should_know_stands_beside_the_vector() -> None:
    answer = EmbedAnswer(np.zeros(1, dtype=np.float32), truncated=True, warning="odd")

    assert answer.table() == {"vector": [0.0], "truncated": True, "warning": "odd"}


def test_an_answer_is_one_line_of_numbers_to_read() -> None:
    assert EmbedAnswer(np.array([0.5, -2.0], dtype=np.float32)).line() == "0.5 -2"


def test_a_shortened_vector_has_length_one() -> None:
    vector = np.array([3.0, 4.0, 12.0], dtype=np.float32)

    assert shorten(vector, 2).tolist() == pytest.approx([0.6, 0.8])
    assert shorten(vector, 3).tolist() == pytest.approx([3 / 13, 4 / 13, 12 / 13])


def test_a_vector_of_zeros_stays_one() -> None:
    assert shorten(np.zeros(3, dtype=np.float32), 2).tolist() == [0.0, 0.0]


def test_the_width_is_what_the_network_declares() -> None:
    assert check_width(8, NONE, "model.onnx", "Mend it.") == 8
    for width in (0, "D", None):
        with pytest.raises(ArtifactError, match="vectors of"):
            check_width(width, NONE, "model.onnx", "Mend it.")
