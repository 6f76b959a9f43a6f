"""The manifest: every change to an artifact is found, and named."""

import json
import shutil
from pathlib import Path

import pytest

from textwright.errors import ArtifactError
from textwright.manifest import (
    address_of,
    canonical_json,
    check_files,
    read_manifest,
    write_manifest,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "recipe.toml").write_text('name = "intents"\n')
    (folder / "model.onnx").write_bytes(bytes(range(256)) * 10)
    write_manifest(folder, "classify", {"encoder": "bag"})
    return folder


def check(folder: Path) -> None:
    check_files(folder, read_manifest(folder))


def test_an_untouched_artifact_passes(folder: Path) -> None:
    check(folder)


def test_the_address_is_the_same_for_the_same_files(folder: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)

    assert write_manifest(twin, "classify", {"encoder": "bag"}) == address_of(folder)


@pytest.mark.parametrize("name", ["recipe.toml", "model.onnx"])
def test_one_flipped_bit_is_found_and_the_file_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(ArtifactError, match=f"{name} was changed"):
        check(folder)


def test_a_truncated_file_is_found_by_its_size(folder: Path) -> None:
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content[:-1])

    with pytest.raises(ArtifactError, match=r"has 2559 bytes, its manifest says 2560"):
        check(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "model.onnx").unlink()

    with pytest.raises(ArtifactError, match=r"model\.onnx is missing"):
        check(folder)


def test_a_link_is_no_file_of_an_artifact(folder: Path, tmp_path: Path) -> None:
    (folder / "model.onnx").rename(tmp_path / "elsewhere")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ArtifactError, match="no plain file"):
        check(folder)


def test_a_file_that_was_added_is_found(folder: Path) -> None:
    (folder / "card.md").write_text("added later")

    with pytest.raises(ArtifactError, match=r"card\.md is not named"):
        check(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "code.py", "manifest.json", ""])
def test_a_manifest_naming_a_file_outside_the_closed_list_is_refused(
    folder: Path, name: str
) -> None:
    table = json.loads((folder / "manifest.json").read_bytes())
    table["files"][0]["name"] = name
    (folder / "manifest.json").write_bytes(canonical_json(table))

    with pytest.raises(ArtifactError, match="which no artifact has"):
        read_manifest(folder)


def test_a_folder_with_foreign_files_is_not_sealed(folder: Path) -> None:
    (folder / "notes.txt").write_text("not ours")

    with pytest.raises(ArtifactError, match=r"notes\.txt"):
        write_manifest(folder, "classify", {})


def test_a_newer_format_asks_for_a_newer_program(folder: Path) -> None:
    table = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(canonical_json(table | {"format": 2}))

    with pytest.raises(ArtifactError, match="Install a newer textwright"):
        read_manifest(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"format":1}', b"\xff\xfe"])
def test_a_broken_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)

    with pytest.raises(ArtifactError, match="is no manifest"):
        read_manifest(folder)


def test_a_folder_without_a_manifest_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"holds no manifest\.json"):
        read_manifest(tmp_path)


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1})
    assert canonical_json({"a": [1, 2]}) == b'{"a":[1,2]}'
