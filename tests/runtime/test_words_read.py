"""The words of a text, by a model's own tokens."""

import pytest

from textwright.recipe.parts import TokenizerSettings
from textwright.runtime.words_read import bag_words, join_pieces, token_words
from textwright.text.tokenizer import train_tokenizer


@pytest.mark.parametrize(
    ("text", "pieces", "words"),
    [
        ("unhappily so", [(0, 2), (2, 7), (7, 9), (9, 12)], ["unhappily", "so"]),
        ("银行卡丢了", [(0, 3), (3, 4), (4, 5)], ["银行卡", "丢", "了"]),
        ("a1 b", [(0, 1), (1, 2), (3, 4)], ["a1", "b"]),
        ("don't", [(0, 3), (3, 4), (4, 5)], ["don", "'", "t"]),
        ("㍿卡", [(0, 1), (0, 1), (0, 1), (1, 2)], ["㍿", "卡"]),
        ("a  b", [(0, 1), (1, 3), (3, 4)], ["a", "b"]),
        ("", [(0, 0), (0, 0)], []),
    ],
)
def test_pieces_of_a_word_are_joined(
    text: str, pieces: list[tuple[int, int]], words: list[str]
) -> None:
    spans, owners = join_pieces(text, pieces)

    assert [text[start:end] for start, end in spans] == words
    assert len(owners) == len(pieces)


def test_a_window_that_begins_with_the_words_before_says_them_again() -> None:
    spans, owners = join_pieces(
        "ab, cd e", [(0, 2), (2, 3), (4, 6), (2, 3), (4, 5), (5, 6), (7, 8)]
    )

    assert spans == ((0, 2), (2, 3), (4, 6), (7, 8))
    assert owners == [0, 1, 2, 1, 2, 2, 3]


def test_the_words_of_n_grams_are_runs_of_letters_and_single_marks() -> None:
    text = "我的card丢了, ok?"

    assert [text[start:end] for start, end in bag_words(text)] == [
        *("我", "的", "card", "丢", "了", ",", "ok", "?"),
    ]
    assert bag_words(" \u200b") == ()


TEXTS = (
    "Unhappily the unhappy customers were waiting for unhappiness",
    "我的银行卡丢了，请帮我挂失银行卡",
    "customers waiting unhappily 银行卡 42",
)


@pytest.mark.parametrize("kind", ["words", "jieba", "characters", "bpe", "unigram"])
def test_letters_and_digits_are_whole_words_whatever_the_tokens_are(kind: str) -> None:
    tokenizer = train_tokenizer(TEXTS * 9, TokenizerSettings(kind=kind, vocabulary=60))
    text = "  Unhappily,  customers42 waiting… "

    spans, owners = token_words(text, tokenizer.encode([text], offsets=True)[0])

    words = [text[start:end] for start, end in spans]
    assert [word for word in words if word.isalnum()] == ["Unhappily", "customers42", "waiting"]
    assert {owner for owner in owners if owner is not None} == set(range(len(spans)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("words", ["我", "的", "银", "行", "卡", "丢", "了"]),
        ("characters", ["我", "的", "银", "行", "卡", "丢", "了"]),
        ("jieba", ["我", "的", "银行卡", "丢", "了"]),
    ],
)
def test_chinese_words_are_those_of_the_tokenizer(kind: str, words: list[str]) -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerSettings(kind=kind))
    text = "我的银行卡丢了"

    spans, _ = token_words(text, tokenizer.encode([text], offsets=True)[0])

    assert [text[start:end] for start, end in spans] == words
