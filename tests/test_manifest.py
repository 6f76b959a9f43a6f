"""The manifest: every change to an artifact is found, and named."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textwright.errors import ArtifactError
from textwright.manifest import (
    address_of,
    canonical_json,
    check_files,
    describe_file,
    parse_manifest,
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


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_any_file_is_refused_or_gives_another_address(
    folder: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["recipe.toml", "model.onnx", "manifest.json"]))
    before, address = (folder / name).read_bytes(), address_of(folder)
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, min(len(before), start + 4)))
    edited = before[:start] + data.draw(st.binary(max_size=4)) + before[end:]
    (folder / name).write_bytes(edited)
    try:
        check(folder)
        passed = True
    except ArtifactError as error:
        passed = not error.hint
    same, found = edited == before, address_of(folder)
    (folder / name).write_bytes(before)

    assert (found == address) == (same or name != "manifest.json")
    assert passed == same or (passed and name == "manifest.json")


@given(st.binary(max_size=200))
def test_any_bytes_as_a_manifest_are_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"here/manifest\.json is no manifest"):
        parse_manifest(content, "here")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"format":Infinity,"task":"a","parts":{},"files":[]}',
        b'{"format":1,"task":"a","parts":3,"files":[]}',
        b'{"format":1,"task":"a","parts":{},"files":[["name"]]}',
        b'{"format":1,"task":"a","parts":{},"files":[{"name":"card.md","size_bytes":1e999,"sha256":""}]}',
        b'{"format":1,"task":"a","parts":{},"files":[{"name":"card.md","size_bytes":1}]}',
    ],
)
def test_a_manifest_that_exhausts_its_reader_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="is no manifest") as caught:
        parse_manifest(content, "here")

    assert "Restore it from a backup" in caught.value.hint


def test_a_manifest_says_what_it_was_written_with(folder: Path) -> None:
    found = read_manifest(folder)

    assert (found.format, found.task, found.parts) == (1, "classify", {"encoder": "bag"})
    assert [each.name for each in found.files] == ["model.onnx", "recipe.toml"]
    assert found.files[0].size_bytes == 2560
    assert found.files[0].sha256 == hashlib.sha256(bytes(range(256)) * 10).hexdigest()
    assert address_of(folder) == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


@pytest.mark.parametrize("change", [{"task": "tag"}, {"parts": {"encoder": "bilstm"}}])
def test_task_and_parts_are_part_of_the_address(folder: Path, change: dict[str, Any]) -> None:
    before = address_of(folder)
    told: dict[str, Any] = {"task": "classify", "parts": {"encoder": "bag"}} | change

    assert write_manifest(folder, **told) != before


def test_a_folder_in_place_of_a_file_is_no_plain_file(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").mkdir()

    with pytest.raises(ArtifactError, match="no plain file"):
        check(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_canonical_json_holds_only_numbers(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": value})


def test_canonical_json_is_utf_8_without_escapes() -> None:
    assert canonical_json({"名": "é\n"}) == '{"名":"é\\n"}'.encode()


def test_files_outside_are_named_and_change_the_address(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    before, outside = address_of(folder), (describe_file(tmp_path / "model.safetensors"),)

    address = write_manifest(folder, "classify", {"encoder": "bag"}, outside)

    assert read_manifest(folder).outside == outside
    assert address != before == write_manifest(folder, "classify", {"encoder": "bag"})
    assert read_manifest(folder).outside == ()
    check(folder)


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/passwd", "model.bin", ""])
def test_a_file_outside_that_is_a_path_or_no_weights_is_refused(folder: Path, name: str) -> None:
    table = json.loads((folder / "manifest.json").read_text())
    table["outside"] = [{"name": name, "size_bytes": 7, "sha256": "0" * 64}]

    with pytest.raises(ArtifactError, match="outside it, which is no weights"):
        parse_manifest(canonical_json(table), folder)
