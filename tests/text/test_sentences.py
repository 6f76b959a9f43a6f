"""Sentences and words of plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.text.sentences import first_words, join_texts, split_sentences, split_words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ('He said "go." She went.', ['He said "go." ', "She went."]),
        ("Version 2.5 is out", ["Version 2.5 is out"]),
        ("Wait... what", ["Wait... ", "what"]),
        ("first line\n\nsecond", ["first line\n\n", "second"]),
        ("今天下雨。明天呢？好！", ["今天下雨。", "明天呢？", "好！"]),
        ("他说：“走。”她走了", ["他说：“走。”", "她走了"]),
        ("", []),
    ],
)
def test_a_sentence_ends_at_its_mark_or_its_line(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(alphabet="ab .!?\n。”)", max_size=40))
def test_sentences_joined_are_the_text_again(text: str) -> None:
    assert "".join(split_sentences(text)) == text


@pytest.mark.parametrize("text", [".", " ", ".)", "\n", "?! "])
def test_marks_without_end_are_cut_in_one_pass(text: str) -> None:
    long = text * 300_000  # a search that starts anew at each mark would take an hour

    assert "".join(split_sentences(long)) == long


def test_words_are_runs_of_letters_and_single_chinese_characters() -> None:
    assert split_words("It's 3 Cats, ÄRGER") == ["it", "s", "3", "cats", "ärger"]
    assert split_words("我的iPhone坏了。") == ["我", "的", "iphone", "坏", "了"]
    assert split_words("㐂了") == ["㐂", "了"]
    assert split_words("...") == []


@pytest.mark.parametrize(
    ("text", "count", "first"),
    [
        ("Could you, please, call?", 2, "Could you"),
        ("Could you.", 2, "Could you."),
        ("今天下雨了", 3, "今天下"),
        ("", 3, ""),
    ],
)
def test_a_text_is_cut_behind_so_many_words(text: str, count: int, first: str) -> None:
    assert first_words(text, count) == first


def test_texts_are_joined_by_blanks_where_the_script_has_such() -> None:
    assert join_texts(["A dog.", "", "A cat."]) == "A dog. A cat."
    assert join_texts(["一只狗。", "一只猫"]) == "一只狗。一只猫"
    assert join_texts([]) == ""
