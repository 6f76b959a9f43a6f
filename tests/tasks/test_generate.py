"""Answers that were written."""

import numpy as np

from textwright.tasks.generate import GenerateAnswer, answers, check_width
from textwright.text.labels import Labels


def test_an_answer_shows_what_applies_and_nothing_else() -> None:
    plain = GenerateAnswer("A dog.", "stop", -0.5)
    whole = GenerateAnswer("A", "length", -0.7, (("The", -0.9),), True, "Odd.")

    assert plain.table() == {"text": "A dog.", "finish_reason": "stop", "score": -0.5}
    assert whole.table() == {
        "text": "A",
        "finish_reason": "length",
        "score": -0.7,
        "others": [{"text": "The", "score": -0.9}],
        "truncated": True,
        "warning": "Odd.",
    }
    assert plain.line() == "A dog."
    assert whole.line() == "A\tThe  (text was cut)  Odd."


def test_a_text_of_several_lines_is_shown_on_one() -> None:
    found = GenerateAnswer("a\tb\nc", "stop", -0.5, (("春\r\n\x1b[2J眠\u2028", -0.9),))

    assert found.line() == "a\\tb\\nc\t春\\r\\n\\x1b[2J眠\\u2028"
    assert found.table()["text"] == "a\tb\nc"


def test_answers_agree_when_they_read_the_same() -> None:
    assert GenerateAnswer("A", "stop", -1.0).agrees(GenerateAnswer("A", "length", -2.0))
    assert not GenerateAnswer("A", "stop", -1.0).agrees(GenerateAnswer("B", "stop", -1.0))
    assert not GenerateAnswer("A", "stop", -1.0).agrees("A")


def test_answers_come_as_they_were_written() -> None:
    written = np.empty((2, 1), dtype=object)
    written[:, 0] = [GenerateAnswer(each, "stop", 0.0) for each in "ab"]

    assert [each.text for each in answers(written, Labels(()))] == ["a", "b"]
    assert check_width(None, Labels(()), "", "") == 1
