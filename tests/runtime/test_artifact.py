"""Artifacts on disk: sealed, opened, and refused when anything in them is not as sealed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.tiny import LABELS, make_artifact
from textwright.errors import ArtifactError
from textwright.runtime.artifact import open_artifact, seal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_artifact(tmp_path / "artifact")
    return tmp_path / "artifact"


def test_a_sealed_folder_opens_with_its_address_recipe_and_labels(tmp_path: Path) -> None:
    address = make_artifact(tmp_path / "artifact")
    opened = open_artifact(tmp_path / "artifact")
    assert opened.address == address
    assert opened.recipe.name == "intents"
    assert opened.labels.names == LABELS
    assert opened.manifest.parts == {
        "encoder": "bilstm",
        "embedding": "learned",
        "tokenizer": "words",
    }


def test_the_same_files_have_the_same_address_wherever_they_lie(tmp_path: Path) -> None:
    assert make_artifact(tmp_path / "a") == make_artifact(tmp_path / "b")
    assert make_artifact(tmp_path / "c", strength=2.0) != make_artifact(tmp_path / "d")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(path: Path) -> None:
    path.unlink()


def link(path: Path) -> None:
    path.rename(path.parent.parent / path.name)
    path.symlink_to(path.parent.parent / path.name)


@pytest.mark.parametrize("damage", [cut_short, flip_a_bit, remove, link])
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "labels.json", "recipe.toml"])
def test_a_damaged_file_is_refused_by_its_name(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(folder / name)
    with pytest.raises(ArtifactError, match=name):
        open_artifact(folder)


def test_a_file_of_no_artifact_is_refused(folder: Path) -> None:
    (folder / "setup.py").write_text("print()")
    with pytest.raises(ArtifactError, match=r"setup\.py"):
        open_artifact(folder)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/passwd", "code.py"])
def test_a_manifest_naming_a_file_outside_the_closed_list_is_refused(
    folder: Path, name: str
) -> None:
    table = json.loads((folder / "manifest.json").read_text())
    table["files"][0]["name"] = name
    (folder / "manifest.json").write_text(json.dumps(table))
    with pytest.raises(ArtifactError, match="which no artifact has"):
        open_artifact(folder)


def test_a_manifest_that_is_cut_short_or_gone_is_refused(folder: Path) -> None:
    cut_short(folder / "manifest.json")
    with pytest.raises(ArtifactError, match=r"manifest\.json is no manifest"):
        open_artifact(folder)
    remove(folder / "manifest.json")
    with pytest.raises(ArtifactError, match=r"holds no manifest\.json"):
        open_artifact(folder)


def test_a_folder_without_its_network_cannot_be_sealed(folder: Path) -> None:
    remove(folder / "model.onnx")
    with pytest.raises(ArtifactError, match=r"no model\.onnx"):
        seal(folder)


def test_a_recipe_of_another_model_is_refused_even_when_hashes_are_not_checked(
    folder: Path,
) -> None:
    path = folder / "recipe.toml"
    path.write_text(path.read_text().replace('kind = "words"', 'kind = "characters"'))
    with pytest.raises(ArtifactError, match="is not of this artifact"):
        open_artifact(folder, verify=False)


def test_a_recipe_of_a_newer_program_is_named(folder: Path) -> None:
    path = folder / "recipe.toml"
    path.write_text(path.read_text() + "\n[quantum]\nbits = 3\n")
    with pytest.raises(ArtifactError, match=r"recipe\.toml cannot be read"):
        open_artifact(folder, verify=False)
