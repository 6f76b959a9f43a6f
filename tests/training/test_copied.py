"""Spans that were learned by heart."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.training.copied import SHORTEST, match_spans, measure_copies

LEARNED = ["the quick brown fox jumps over the lazy dog", "call me at five to discuss the plan"]


def longest(written: str, source: str = "") -> int:
    return int(measure_copies([written], [source], LEARNED)["longest"])


@pytest.mark.parametrize(
    ("written", "source", "words"),
    [
        ("The quick brown fox!", "", 4),
        ("see the quick brown fox jumps high", "", 5),
        ("quick brown fox", "", 0),  # too short to count
        ("the quick brown fox", "I saw the quick brown fox today", 0),  # of the source
        ("the quick brown fox jumps", "the quick brown fox slept", 5),
        ("brown fox jumps over call me at five", "", 4),
        ("nothing of the kind here", "", 0),
        ("", "", 0),
    ],
)
def test_the_longest_span_is_of_a_text_learned_and_not_of_the_source(
    written: str, source: str, words: int
) -> None:
    assert longest(written, source) == words


def test_the_share_is_that_of_texts_with_such_a_span() -> None:
    found = measure_copies(["call me at five", "no", "no"], ["", "", ""], LEARNED)

    assert found == {"words": SHORTEST, "longest": 4, "share": 1 / 3}
    assert measure_copies([], [], LEARNED) == {"words": SHORTEST, "longest": 0, "share": 0}


def test_chinese_is_counted_by_characters() -> None:
    found = measure_copies(["我们明天去北京吧"], [""], ["他们明天去北京看书"])

    assert found["longest"] == len("们明天去北京")


def test_texts_learned_pass_by_once() -> None:
    passing = iter(LEARNED)

    found = measure_copies(["the lazy dog barks", "fox jumps over the lazy cat"], ["", ""], passing)

    assert found["longest"] == 5
    assert next(passing, None) is None


def find_slowly(text: Sequence[str], other: Sequence[str], at: int) -> int:
    spans = range(len(text) - at, SHORTEST - 1, -1)
    places = range(len(other))
    return next((n for n in spans if any(other[p : p + n] == text[at : at + n] for p in places)), 0)


WORDS = st.lists(st.sampled_from("ab"), max_size=12)


@given(WORDS, WORDS)
def test_spans_are_those_that_trying_every_one_finds(text: list[str], other: list[str]) -> None:
    (found,) = match_spans([text], [other])

    assert found == [find_slowly(text, other, at) for at in range(len(text))]
