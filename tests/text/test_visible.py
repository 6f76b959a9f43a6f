"""Texts as they are shown."""

import pytest

from textwright.text.visible import make_visible, shorten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 中文, é, 😀", "plain text, 中文, é, 😀"),
        ("two\nlines\tand a\u3000wide blank", "two lines and a wide blank"),
        ("\x1b[31mred\x1b[0m\x07", "\\x1b[31mred\\x1b[0m\\x07"),
        ("wait\x85", "wait\\x85"),
        ("a\u202etxt.exe", "a\\u202etxt.exe"),
        ("zero\u200bwidth \ufeff", "zero\\u200bwidth \\ufeff"),
        ("\U000e0041 \ud800", "\\U000e0041 \\ud800"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("", ""),
    ],
)
def test_what_nobody_sees_is_written_as_its_escape(text: str, shown: str) -> None:
    assert make_visible(text) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
