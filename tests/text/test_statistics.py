"""What a set of texts is like."""

import pytest

from textwright.text.statistics import (
    Lengths,
    count_characters,
    describe_texts,
    far_out,
    find_odd,
    script_of,
    sum_up,
)

TEXTS = ["Where is my card?", "我的卡 丢了", "", "Привет 42"]


def test_lengths_words_and_scripts_are_counted() -> None:
    found = describe_texts(TEXTS, count_characters(TEXTS))

    assert found.rows == 4
    assert (found.characters.mean, found.characters.longest) == (8.0, 17)
    assert list(count_characters(TEXTS).words) == [4, 5, 0, 2]
    assert found.scripts["Latin"] == pytest.approx(13 / 27)
    assert found.scripts["Han"] == pytest.approx(5 / 27)
    assert found.scripts["Cyrillic"] == pytest.approx(6 / 27)
    assert found.scripts["digits"] == pytest.approx(2 / 27)
    assert next(iter(found.scripts)) == "Latin"
    assert sum(found.scripts.values()) == pytest.approx(1.0)


def test_lengths_are_mean_median_percentile_and_the_longest() -> None:
    assert sum_up(range(1, 101)) == Lengths(50.5, 50.5, 95.05, 100)
    assert sum_up([]) == Lengths(0.0, 0.0, 0.0, 0)


def test_texts_with_what_nobody_sees_are_odd() -> None:
    texts = [*TEXTS, "bell\x07", "zero\u200bwidth", "mis\ufffdread", "tab\tand\nline", "👩\u200d🚀"]

    found = find_odd(texts, count_characters(texts))

    assert found["empty"] == [2]
    assert found["control_characters"] == [4, 5]
    assert found["replacement_characters"] == [6]
    assert found["very_long"] == []


def test_a_text_far_longer_than_its_like_is_odd() -> None:
    texts = ["x" * length for length in (*range(40, 60), 90, 5_000)]

    assert find_odd(texts, count_characters(texts))["very_long"] == [21]
    assert far_out(count_characters([]).words) == 0.0


def test_no_texts_have_no_statistics() -> None:
    found = describe_texts([], count_characters([]))

    assert (found.rows, found.characters.longest, found.scripts) == (0, 0, {})


@pytest.mark.parametrize(
    ("character", "script"),
    [
        ("a", "Latin"),
        ("é", "Latin"),
        ("卡", "Han"),
        ("〆", "Han"),
        ("か", "Hiragana"),
        ("カ", "Katakana"),
        ("한", "Hangul"),
        ("ж", "Cyrillic"),
        ("ع", "Arabic"),
        ("7", "digits"),
        ("，", "punctuation"),
        ("😀", "symbols"),
        ("\u200b", "control"),
        ("µ", "other letters"),
    ],
)
def test_a_character_belongs_to_a_script_or_a_kind(character: str, script: str) -> None:
    assert script_of(character) == script
