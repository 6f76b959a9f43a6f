"""The nearest spelling in a large vocabulary."""

import pytest

from textwright.vectors.nearest_spelling import find_spelling

WORDS = ["the", "king", "queen", "Berlin", "国王", "女王", "kingdom"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("kimg", "king"),
        ("kingg", "king"),
        ("qeen", "queen"),
        ("KING", "king"),
        ("berlin", "Berlin"),
        ("国王们", "国王"),
        ("zzzz", None),
        ("", None),
    ],
)
def test_the_word_spelled_most_alike_is_found(word: str, near: str | None) -> None:
    assert find_spelling(word, WORDS) == near


def test_the_same_word_in_another_case_comes_first() -> None:
    assert find_spelling("Paris", ["Pariss", "paris"]) == "paris"


def test_a_large_vocabulary_is_searched_from_its_commonest_words() -> None:
    words = ["kinds", *(f"k{number:03d}s" for number in range(1000))] * 30

    assert find_spelling("kindss", words) == "kinds"


def test_no_words_have_no_spelling() -> None:
    assert find_spelling("king", []) is None
