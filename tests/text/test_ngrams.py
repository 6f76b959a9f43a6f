"""N-grams: which there are, and that their slots depend on the text alone."""

import subprocess
import sys
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textwright.errors import RecipeError
from textwright.recipe.parts import BagSettings
from textwright.text import ngrams
from textwright.text.ngrams import (
    batch_texts,
    encode_bags,
    find_words,
    hash_spans,
    power_tables,
    suggest_bag,
)

WORDS = BagSettings(word_ngrams=1, max_character_ngram=0)
MIXED = [
    "我的card丢了, where is my card?",
    "",
    "naïve café №5",
    "hello hello",
    "\U0001f600x\U00020000",
]

FROZEN = [201401, 382436, 612942, 890997, 1186409, 1323705, 1503961, 1749691, 1859584]


def words_of(text: str) -> list[str]:
    """Give the words of one text as strings."""
    words = find_words([text], WORDS)
    letters = [chr(code) for code in words.codes]
    spans = zip(words.starts[:-1], words.starts[1:], strict=True)
    return ["".join(letters[start:end]) for start, end in spans]


def test_a_word_is_a_run_of_letters_a_chinese_character_or_a_punctuation_mark() -> None:
    assert words_of("Don't 我的card丢了!!") == [
        "don",
        "'",
        "t",
        "我",
        "的",
        "card",
        "丢",
        "了",
        "!",
        "!",
    ]


def test_full_width_letters_and_spaces_count_as_the_usual_ones() -> None:
    assert words_of("ＣＡＲＤ　５！") == ["card", "5", "!"]


def test_combining_marks_stay_inside_their_word() -> None:
    assert words_of(unicodedata.normalize("NFD", "café")) == ["cafe\u0301"]


def test_an_emoji_and_a_rare_chinese_character_are_words_of_their_own() -> None:
    assert words_of("a\U0001f600b\U00020000") == ["a", "\U0001f600", "b", "\U00020000"]


def test_case_is_kept_when_the_settings_say_so() -> None:
    kept = replace(WORDS, lowercase=False)
    upper, lower = encode_bags(["Card", "card"], kept)
    folded_upper, folded_lower = encode_bags(["Card", "card"], WORDS)

    assert upper.ids[0] != lower.ids[0]
    assert folded_upper.ids[0] == folded_lower.ids[0]


def test_repeated_words_are_counted_on_one_slot() -> None:
    [encoding] = encode_bags(["to be or not to be"], WORDS)

    assert encoding.counts is not None
    assert sorted(encoding.counts.tolist()) == [1, 1, 2, 2]
    assert encoding.counts.dtype == np.float32
    assert encoding.ids.dtype == np.int64
    assert np.all(np.diff(encoding.ids) > 0)


def test_word_pairs_never_cross_from_one_text_to_the_next() -> None:
    pairs = replace(WORDS, word_ngrams=2)

    together = encode_bags(["card lost", "my"], pairs)

    assert [len(each.ids) for each in together] == [3, 1]


@pytest.mark.parametrize(
    ("text", "shortest", "longest", "grams"),
    [
        ("ab", 2, 2, 3),  # ^a ab b$
        ("ab", 1, 1, 2),  # a b, and no edge alone
        ("abc", 2, 5, 4 + 3 + 2 + 1),
        ("我b!", 2, 5, 0),  # every word is one character long
    ],
)
def test_character_grams_are_those_of_a_word_and_its_edges(
    text: str, shortest: int, longest: int, grams: int
) -> None:
    both = replace(WORDS, min_character_ngram=shortest, max_character_ngram=longest)
    [with_characters], [words_only] = encode_bags([text], both), encode_bags([text], WORDS)

    assert len(with_characters.ids) - len(words_only.ids) == grams


def test_a_text_without_words_has_no_grams_in_any_company() -> None:
    for texts in ([""], ["", " \n\t\u200b"], ["card", "", "lost"]):
        for text, encoding in zip(texts, encode_bags(texts, BagSettings()), strict=True):
            assert (len(encoding.ids) == 0) == (not words_of(text))
    assert encode_bags([], BagSettings()) == []


def test_a_long_text_is_cut_and_says_so() -> None:
    short = replace(WORDS, max_characters=4)
    cut, whole = encode_bags(["card lost", "card"], short)

    assert (cut.truncated, whole.truncated) == (True, False)
    assert cut.ids.tolist() == whole.ids.tolist()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_a_text_has_the_same_slots_alone_as_in_a_batch(texts: list[str]) -> None:
    for text, together in zip(texts, encode_bags(texts, BagSettings()), strict=True):
        [alone] = encode_bags([text], BagSettings())
        assert alone.ids.tolist() == together.ids.tolist()
        assert alone.counts is not None
        assert together.counts is not None
        assert alone.counts.tolist() == together.counts.tolist()


def test_another_process_finds_the_same_slots() -> None:
    program = (
        "from textwright.text.ngrams import encode_bags\n"
        "from textwright.recipe.parts import BagSettings\n"
        f"for each in encode_bags({MIXED!r}, BagSettings()): print(each.ids.tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    here = "".join(f"{each.ids.tolist()}\n" for each in encode_bags(MIXED, BagSettings()))
    assert done.stdout == here


def test_slots_never_change_between_releases() -> None:
    # Artifacts of format 1 hold weights by slot: another number here breaks all of them.
    [encoding] = encode_bags(
        ["我的 card"], BagSettings(word_ngrams=2, min_character_ngram=3, max_character_ngram=3)
    )

    assert encoding.ids.tolist() == FROZEN


def test_a_span_hashes_to_the_polynomial_of_its_code_points() -> None:
    codes = np.array([7, 3, 9, 3, 9], dtype=np.uint64)
    scrambled = [int(each) for each in ngrams.scramble(codes)]
    expected = (scrambled[1] + scrambled[2] * ngrams.POWER) % 2**64

    hashes = hash_spans(codes, np.array([1, 3]), np.array([3, 5]))

    assert hashes.tolist() == [expected, expected]


def test_a_power_times_its_inverse_is_one() -> None:
    powers, inverses = power_tables(64)

    assert set((powers * inverses).tolist()) == {1}


def test_large_corpora_are_hashed_in_pieces_of_whole_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "CHUNK", 10)
    texts = ["card lost", "", "my card", "x" * 50]

    assert [list(each) for each in batch_texts(texts, 1000)] == [texts[:2], texts[2:3], texts[3:]]
    assert [len(each.ids) for each in encode_bags(texts, WORDS)] == [2, 0, 2, 1]


def test_a_number_of_buckets_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(RecipeError, match="no power of two") as caught:
        replace(WORDS, buckets=100_000)
    assert "131072" in caught.value.hint


@pytest.mark.parametrize(
    ("texts", "words", "characters"),
    [
        (["where is my card"], 2, 5),
        (["a long letter " * 30], 2, 0),
        (["我的卡丢了"], 2, 5),
        (["酒店的房间很大，早餐也不错。" * 5], 3, 5),
        ([], 2, 5),
    ],
)
def test_settings_follow_from_the_length_and_the_script_of_the_texts(
    texts: list[str], words: int, characters: int
) -> None:
    chosen = suggest_bag(texts)

    assert (chosen.word_ngrams, chosen.max_character_ngram) == (words, characters)
