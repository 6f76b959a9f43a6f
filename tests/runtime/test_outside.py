"""Weights outside an artifact: looked for, held against their hash, named when not there."""

from pathlib import Path

import pytest

from textwright.errors import ArtifactError
from textwright.manifest import FileEntry, describe_file
from textwright.runtime.outside import read_outside

NAME = "model.safetensors"


@pytest.fixture
def wanted(tmp_path: Path) -> FileEntry:
    """Give a file that an artifact names, in the folder ``there``."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / NAME).write_bytes(b"weights")
    return describe_file(tmp_path / "there" / NAME)


def test_it_is_found_in_the_folders_that_the_environment_names(
    tmp_path: Path, wanted: FileEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / NAME).write_bytes(b"another")
    monkeypatch.setenv("TEXTWRIGHT_WEIGHTS", f"{tmp_path}/none:{tmp_path}/other:{tmp_path}/there")

    assert read_outside([wanted], "bert") == {NAME: b"weights"}


def test_nothing_is_looked_for_where_nothing_lies_outside() -> None:
    assert read_outside([], "bert") == {}


def test_a_file_that_is_not_there_is_named_with_its_hash(wanted: FileEntry) -> None:
    with pytest.raises(ArtifactError, match=f"{NAME} with SHA-256 {wanted.sha256}; it was not fo"):
        read_outside([wanted], "bert")


def test_a_file_that_differs_is_named_with_both_hashes(
    tmp_path: Path, wanted: FileEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "there" / NAME
    path.write_bytes(b"Weights")
    monkeypatch.setenv("TEXTWRIGHT_WEIGHTS", str(path.parent))

    with pytest.raises(ArtifactError) as refused:
        read_outside([wanted], "bert")

    assert wanted.sha256 in refused.value.what
    assert f"{path} has SHA-256 {describe_file(path).sha256}" in refused.value.what
    assert "TEXTWRIGHT_WEIGHTS" in refused.value.hint


def test_a_package_is_looked_through_by_itself_and_named_when_it_is_another(
    tmp_path: Path, wanted: FileEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "site" / "tiny_model" / "weights"
    inner.mkdir(parents=True)
    (inner / NAME).write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path / "site")

    assert read_outside([wanted], "package:tiny_model") == {NAME: b"weights"}
    (inner / NAME).write_bytes(b"of another version")
    with pytest.raises(ArtifactError) as refused:
        read_outside([wanted], "package:tiny_model")
    assert refused.value.hint == "Install the very version it was trained with: tiny_model."
    with pytest.raises(ArtifactError, match="it was not found"):
        read_outside([wanted], "package:never_made")
