"""Text as it comes: whole characters, and nothing of a stop string."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import decoders

from textwright.text.streaming import HALF, Spelling, StopStrings

PIECES = ["[PAD]", "▁play", "▁", "the", "▁next", "s", "歌", "😀"]


def decode_bytes(tokens: Sequence[int]) -> str:
    """Spell tokens that are bytes, as byte-level tokenizers do."""
    return bytes(tokens).decode("utf-8", "replace")


def decode_fallback(tokens: Sequence[int]) -> str:
    """Spell tokens that are bytes or ASCII letters, as Llama's tokenizer does."""
    pieces = [chr(each) if each < 0x80 else f"<0x{each:02X}>" for each in tokens]
    text: str = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()]).decode(pieces)
    return text


def decode_pieces(tokens: Sequence[int]) -> str:
    """Spell pieces of words, without blanks at the ends."""
    return "".join(PIECES[each] for each in tokens).replace("▁", " ").strip()


@given(st.text())
def test_characters_come_whole_and_in_their_order(text: str) -> None:
    spelling = Spelling(decode_bytes)
    given_out = [spelling.add(each) for each in text.encode()]

    assert "".join(given_out) == text.rstrip(HALF)
    assert all(len(each) <= 2 for each in given_out)  # one, and one that was doubtful before


@given(st.binary())
def test_whatever_bytes_come_nothing_is_given_that_is_taken_back(content: bytes) -> None:
    spelling = Spelling(decode_bytes)
    told = ""
    for end, each in enumerate(content, start=1):
        told += spelling.add(each)
        assert decode_bytes(content[:end]).startswith(told)

    assert told == decode_bytes(content).rstrip(HALF)


def test_an_emoji_comes_with_its_last_byte() -> None:
    spelling = Spelling(decode_bytes)

    assert [spelling.add(each) for each in "a😀啊".encode()] == ["a", *[""] * 3, "😀", "", "", "啊"]


def test_a_character_that_stands_for_each_missing_byte_is_never_given() -> None:
    spelling = Spelling(decode_fallback)

    told = [spelling.add(each) for each in "b😀你b".encode()]

    assert told == ["b", "", "", "", "😀", "", "", "你", "b"]


@given(st.lists(st.integers(1, len(PIECES) - 1)))
def test_blanks_come_before_the_word_they_belong_to(tokens: list[int]) -> None:
    spelling = Spelling(decode_pieces)
    told = "".join(map(spelling.add, tokens))

    assert told.split() == decode_pieces(tokens).split()
    assert told == told.strip()


def test_a_text_that_goes_on_begins_with_its_blank() -> None:
    on, fresh = Spelling(decode_pieces, (1,)), Spelling(decode_pieces)

    assert "".join(map(on.add, [4, 5])) == " nexts"
    assert "".join(map(fresh.add, [4, 5])) == "nexts"


@pytest.mark.parametrize("decode", [decode_bytes, decode_fallback])
@pytest.mark.parametrize(("before", "text"), [("…你好", "，world"), ("go 😀", "😀b"), ("a", "好")])
def test_a_prompt_may_end_in_a_token_that_is_part_of_a_character(
    decode: Callable[[Sequence[int]], str], before: str, text: str
) -> None:
    spelling = Spelling(decode, list(before.encode()))

    assert "".join(map(spelling.add, text.encode())) == text


def test_only_the_last_tokens_are_spelled_again() -> None:
    most = 0

    def decode(tokens: Sequence[int]) -> str:
        nonlocal most
        most = max(most, len(tokens))
        return decode_bytes(tokens)

    spelling = Spelling(decode)
    for each in ("春眠不觉晓" * 40).encode():
        spelling.add(each)

    assert most <= 6


def run(strings: Sequence[str], pieces: Sequence[str]) -> tuple[list[str], StopStrings]:
    stops = StopStrings(strings)
    return [*(stops.add(each) for each in pieces), stops.rest()], stops


def cut(text: str, strings: Sequence[str]) -> str:
    """Give what stands before the string that is complete first, found a character at a time."""
    for end in range(1, len(text) + 1):
        for each in sorted(strings, key=len, reverse=True):
            if text[:end].endswith(each):
                return text[: end - len(each)]
    return text


@pytest.mark.parametrize(
    ("strings", "pieces", "told", "met"),
    [
        (["stop"], ["do st", "op now"], ["do ", "", ""], True),
        (["stop"], ["do st", "ay"], ["do ", "stay", ""], False),
        (["stop"], ["sto", "p"], ["", "", ""], True),
        (["aab"], ["aa", "ab"], ["", "a", ""], True),
        (["\n\n"], ["a\n", "\nb", "c"], ["a", "", "", ""], True),
        (["abcd", "bc"], ["abcd"], ["a", ""], True),
        (["。"], ["春眠", "不觉晓", "。处"], ["春眠", "不觉晓", "", ""], True),
        ([], ["a", "b"], ["a", "b", ""], False),
        (["xyz"], ["x", "y"], ["", "", "xy"], False),
    ],
)
def test_what_may_begin_a_stop_string_is_held_back(
    strings: list[str], pieces: list[str], told: list[str], met: bool
) -> None:
    found, stops = run(strings, pieces)

    assert found == told
    assert stops.met is met


@given(
    st.lists(st.text("ab", max_size=4), max_size=6),
    st.lists(st.text("ab", min_size=1, max_size=3), max_size=4),
)
def test_where_a_text_ends_does_not_depend_on_its_tokens(
    pieces: list[str], strings: list[str]
) -> None:
    found, stops = run(strings, pieces)
    whole = "".join(pieces)

    assert "".join(found) == cut(whole, strings)
    assert stops.met == any(each in whole for each in strings)
    seen = ""
    for each in found:
        seen += each
        assert not any(string in seen for string in strings)
