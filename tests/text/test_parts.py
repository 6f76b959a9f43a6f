"""Texts that are read in parts."""

import numpy as np
import pytest

from textwright.recipe.parts import WritingTokenizerSettings
from textwright.text.parts import encode_parts, pack
from textwright.text.tokenizer import Tokenizer, train_tokenizer

TEXT = "the dog runs. the cat sleeps. a bird sings. the dog sleeps."


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    settings = WritingTokenizerSettings(vocabulary=80, max_tokens=10)
    return train_tokenizer([TEXT] * 4, settings)


def decode(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    return tokenizer.decode(ids.tolist())


def test_parts_end_between_sentences_and_lose_nothing(tokenizer: Tokenizer) -> None:
    found = encode_parts(tokenizer, TEXT, 9)

    parts = [decode(tokenizer, each.ids) for each in found.texts]
    assert len(parts) > 1
    assert " ".join(parts) == TEXT
    assert all(part.endswith(".") for part in parts)
    assert all(len(each.ids) <= 10 for each in found.texts)
    assert not found.truncated
    assert found.ids.tolist() == [token for each in found.texts for token in each.ids]


def test_what_fits_is_read_at_once(tokenizer: Tokenizer) -> None:
    found = encode_parts(tokenizer, "the dog runs.", 9)

    assert found.apart is None
    assert found.ids.tolist() == tokenizer.encode(["the dog runs."])[0].ids.tolist()


def test_what_is_left_over_is_cut_and_said(tokenizer: Tokenizer) -> None:
    whole, cut = (encode_parts(tokenizer, f"{TEXT} {TEXT}", most) for most in (9, 2))

    assert len(cut.texts) == 2
    assert cut.truncated
    for ours, theirs in zip(cut.texts, whole.texts, strict=False):
        assert ours.ids.tolist() == theirs.ids.tolist()


def test_each_part_begins_with_what_names_the_task(tokenizer: Tokenizer) -> None:
    found = encode_parts(tokenizer, f"sings. {TEXT}", 9, "sings. ")

    parts = [decode(tokenizer, each.ids) for each in found.texts]
    assert len(parts) > 1
    assert " ".join(part.removeprefix("sings. ") for part in parts) == TEXT
    assert all(part.startswith("sings. ") for part in parts)
    assert all(len(each.ids) <= 10 for each in found.texts)


@pytest.mark.parametrize("text", ["", " " * 5_000, "\n" * 5_000])
def test_a_text_of_nothing_is_of_one_part(tokenizer: Tokenizer, text: str) -> None:
    found = encode_parts(tokenizer, text, 9)

    assert len(found.ids) == 0
    assert found.apart is None


def test_a_task_without_a_text_is_of_one_part(tokenizer: Tokenizer) -> None:
    found = encode_parts(tokenizer, "sings. " + " " * 5_000, 9, "sings. ")

    assert found.apart is None
    assert decode(tokenizer, found.ids) == "sings."


def test_a_text_without_end_is_bounded(tokenizer: Tokenizer) -> None:
    found = encode_parts(tokenizer, "the dog runs. " * 5_000, 3)

    assert len(found.texts) == 3
    assert found.truncated


def test_a_sentence_too_long_is_cut_where_it_must_be() -> None:
    assert list(pack([[1, 2], [3], [4, 5, 6, 7, 8, 9, 10], [11]], 3)) == [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
        [10, 11],
    ]
    assert list(pack([], 3)) == []
