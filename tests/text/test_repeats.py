"""Texts that go round, and those that only say something twice."""

import pytest

from textwright.text.repeats import READ, goes_round


@pytest.mark.parametrize(
    "text",
    [
        "to be or not to be or not to be or not to be or not",
        "the dog runs fast. " * 3,
        "ha " * 6,
        "春眠不觉晓" * 3,
        "哈哈哈哈哈哈",
        "a\nb c d\na b\nc d a b c d",
        "=" * 120,
    ],
)
def test_what_stands_three_times_goes_round(text: str) -> None:
    assert goes_round(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "to be or not to be",
        "the dog runs fast. " * 2,
        "ha " * 5,
        "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。",
        "哈哈哈哈哈",
        " ".join(map(str, range(400))),
        "one two three, one two three, one two three",
    ],
)
def test_what_is_said_twice_or_in_other_words_does_not(text: str) -> None:
    assert not goes_round(text)


def test_only_the_first_part_of_a_long_text_is_looked_at() -> None:
    unlike = " ".join(map(str, range(READ)))

    assert not goes_round(unlike[:READ] + " ha" * 99)
