"""The tokenizer of a checkpoint that writes: prompts, targets, and what was written."""

from pathlib import Path

import pytest
from tokenizers import normalizers

from tests.networks.tiny_writers import LINES, write_tokenizer
from textwright.errors import ArtifactError
from textwright.recipe.parts import (
    PretrainedTokenizerSettings,
    PromptTokenizerSettings,
    WritingTokenizerSettings,
)
from textwright.text.edges import Edges, write_edges
from textwright.text.prompts import CheckpointTokenizer, open_writing_tokenizer
from textwright.text.tokenizer import Tokenizer, train_tokenizer

START, END = 1, 2


def opened(folder: Path, *, closing: bool = False) -> Tokenizer:
    """Open a tokenizer of prompts, or (closing) of sources, each of which it ends with a mark."""
    write_tokenizer(folder, closing=closing)
    write_edges(Edges(START, (END,)), folder / "edges.json")
    settings = PretrainedTokenizerSettings(max_tokens=12) if closing else PromptTokenizerSettings()
    return open_writing_tokenizer(folder / "tokenizer.json", settings)


@pytest.fixture
def prompts(tmp_path: Path) -> Tokenizer:
    return opened(tmp_path)


@pytest.fixture
def sources(tmp_path: Path) -> Tokenizer:
    return opened(tmp_path, closing=True)


@pytest.mark.parametrize("text", [*LINES, "", " two  blanks ", "新しい\n line", "\ud83d lone"])
def test_a_text_comes_back_as_it_was(prompts: Tokenizer, text: str) -> None:
    ids = prompts.encode_lines(text).tolist()

    assert prompts.decode(ids) == text.replace("\ud83d", "\ufffd")
    assert prompts.decode([START, *ids, END]) == prompts.decode(ids)


def test_a_text_to_learn_from_closes_with_the_end(prompts: Tokenizer) -> None:
    plain, closed = prompts.encode_lines(LINES[0]), prompts.encode_closed(LINES[0])

    assert closed.tolist() == [*plain.tolist(), END]


def test_the_characters_of_a_text_are_those_that_the_tokenizer_reads(prompts: Tokenizer) -> None:
    text = "e\u0301t\u00e9\n "
    counted = [prompts.count_characters(text)]
    for normalizer in (normalizers.NFC(), normalizers.Strip(), normalizers.Prepend("\u2581")):
        prompts.inner.normalizer = normalizer
        counted.append(prompts.count_characters(text))

    assert counted == [6, 5, 4, 6]


def test_the_end_of_a_prompt_is_read_and_the_cut_said(prompts: Tokenizer) -> None:
    whole = prompts.encode_lines(LINES[0]).tolist()

    short, all_of_it = (prompts.encode_end(LINES[0], each) for each in (3, len(whole)))

    assert short.ids.tolist() == whole[-3:]
    assert all_of_it.ids.tolist() == whole
    assert (short.truncated, all_of_it.truncated) == (True, False)


def test_a_prompt_far_too_long_is_cut_before_it_is_read(prompts: Tokenizer) -> None:
    long = prompts.encode_end("the dog " * 10_000, 4)

    assert long.truncated
    assert len(long.ids) == 4


def test_nothing_to_read_is_the_start_alone(prompts: Tokenizer) -> None:
    nothing = prompts.encode_end("", 4)

    assert nothing.ids.tolist() == [START]
    assert nothing.added == 1  # so that a reader is warned


def test_a_source_closes_with_its_mark_and_a_target_without(sources: Tokenizer) -> None:
    text = "the dog"

    (source,), (target,) = sources.encode([text]), sources.encode_targets([text])

    assert source.ids.tolist() == [*target.ids.tolist(), END]
    assert not target.truncated


def test_a_target_that_was_cut_does_not_end(sources: Tokenizer) -> None:
    (target,) = sources.encode_targets([" ".join(LINES)])

    assert target.truncated
    assert END not in target.ids
    assert len(target.ids) == 11


def test_a_checkpoint_without_its_edges_is_refused(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)

    with pytest.raises(ArtifactError, match=r"edges\.json cannot be read"):
        open_writing_tokenizer(tmp_path / "tokenizer.json", PromptTokenizerSettings())


def test_our_own_tokenizers_have_edges_of_their_own(tmp_path: Path) -> None:
    settings = WritingTokenizerSettings(kind="characters")
    train_tokenizer(LINES, settings).save(tmp_path / "tokenizer.json")

    own = open_writing_tokenizer(tmp_path / "tokenizer.json", settings)

    assert not isinstance(own, CheckpointTokenizer)
    assert own.edges == Edges(2, (2,), banned=(0, 1))
    assert own.encode_closed("a b").tolist() == own.encode_lines("a b").tolist()
    (encoded,), (target,) = own.encode(["a b"]), own.encode_targets(["a b"])
    assert encoded.ids.tolist() == target.ids.tolist()
