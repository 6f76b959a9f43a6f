"""Tokenizers that came with an encoder: their marks, their unknown, where they cut."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer as Inner
from tokenizers import models

from tests.networks.tiny_checkpoints import write_tokenizer
from textwright.recipe.parts import PretrainedTokenizerSettings
from textwright.text.tokenizer import Tokenizer, find_unknown, open_tokenizer

CLS, SEP, UNKNOWN = 3, 4, 2


def opened(folder: Path, max_tokens: int = 16, *, windows: int = 1, overlap: int = 0) -> Tokenizer:
    write_tokenizer(folder / "tokenizer.json")
    settings = PretrainedTokenizerSettings(max_tokens=max_tokens, windows=windows, overlap=overlap)
    return open_tokenizer(folder / "tokenizer.json", settings)


def test_marks_stand_around_a_text_and_nothing_is_padded(tmp_path: Path) -> None:
    (found,) = opened(tmp_path).encode(["my card"])

    assert [found.ids[0], found.ids[-1], len(found.ids)] == [CLS, SEP, 4]
    assert (found.added, found.unknown, found.truncated) == (2, UNKNOWN, False)


@pytest.mark.parametrize(("words", "cut"), [(6, False), (7, True), (500, True)])
def test_a_text_is_cut_so_that_the_last_mark_stays_and_this_is_said(
    tmp_path: Path, words: int, cut: bool
) -> None:
    (found,) = opened(tmp_path, max_tokens=8).encode(["card " * words])

    assert (len(found.ids), found.ids[-1], found.truncated) == (8, SEP, cut)


@pytest.mark.parametrize(
    ("words", "tokens", "marks", "cut"),
    [(0, 2, 2, False), (6, 8, 2, False), (7, 11, 4, False), (18, 24, 6, False), (19, 24, 6, True)],
)
def test_windows_stand_in_a_row_each_with_its_marks(
    tmp_path: Path, words: int, tokens: int, marks: int, cut: bool
) -> None:
    (found,) = opened(tmp_path, max_tokens=8, windows=3).encode(["card " * words])

    assert (len(found.ids), found.added, found.truncated) == (tokens, marks, cut)
    assert found.ids[::8].tolist() == [CLS] * -(-tokens // 8)
    assert found.ids[-1] == SEP


def test_a_window_begins_with_the_end_of_the_one_before(tmp_path: Path) -> None:
    text = "my card is lost a new please the was"
    tokenizer = opened(tmp_path, max_tokens=8, windows=3, overlap=2)

    (found,) = tokenizer.encode([text], offsets=True)

    assert found.offsets is not None
    read = [text[start:end] for start, end in found.offsets.tolist()]
    assert read[:8] == ["", "my", "card", "is", "lost", "a", "new", ""]
    assert read[8:] == ["", "a", "new", "please", "the", "was", ""]
    assert tokenizer.encode([text])[0].ids.tolist() == found.ids.tolist()


def test_a_mark_written_in_a_text_is_no_mark(tmp_path: Path) -> None:
    (found,) = opened(tmp_path).encode(["my [SEP] card [CLS] [PAD]"])

    assert found.ids.tolist().count(SEP) == 1
    assert found.ids.tolist().count(CLS) == 1
    assert 0 not in found.ids


def test_places_are_code_points_of_the_text_as_given(tmp_path: Path) -> None:
    (found,) = opened(tmp_path).encode(["My  cards"], offsets=True)

    assert found.offsets is not None
    assert found.offsets.tolist() == [[0, 0], [0, 2], [4, 8], [8, 9], [0, 0]]


@pytest.mark.parametrize(
    ("model", "unknown"),
    [
        (models.WordPiece({"a": 0, "[UNK]": 1}, unk_token="[UNK]"), 1),
        (models.Unigram([("a", 0.0), ("b", 0.0), ("<unk>", -1.0)], unk_id=2), 2),
        (models.BPE({"a": 0, "<unk>": 1}, []), 1),
        (models.BPE({"a": 0, "b": 1}, []), -1),
    ],
    ids=["wordpiece", "unigram", "bpe", "bpe that knows all bytes"],
)
def test_the_unknown_token_is_found_by_its_name(model: models.Model, unknown: int) -> None:
    assert find_unknown(Inner(model)) == unknown
