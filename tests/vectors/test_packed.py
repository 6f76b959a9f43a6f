"""Packed files, read and written."""

import gzip
import lzma
import resource
from pathlib import Path

import pytest

from textwright.errors import DataError, SettingsError
from textwright.vectors.packed import open_packed, write_whole


@pytest.mark.parametrize("name", ["plain.txt", "zipped.gz", "pressed.xz"])
def test_what_was_written_comes_back(tmp_path: Path, name: str) -> None:
    with write_whole(tmp_path / name) as file:
        file.write(b"one\ntwo\n")

    with open_packed(tmp_path / name) as back:
        assert back.readlines() == [b"one\n", b"two\n"]


def test_the_ending_decides_how_a_file_is_packed(tmp_path: Path) -> None:
    for name in ("zipped.gz", "pressed.xz"):
        with write_whole(tmp_path / name) as file:
            file.write(b"text")

    assert gzip.decompress((tmp_path / "zipped.gz").read_bytes()) == b"text"
    assert lzma.decompress((tmp_path / "pressed.xz").read_bytes()) == b"text"


def test_no_time_or_name_stands_in_a_packed_file(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with write_whole(tmp_path / name) as file:
            file.write(b"text")

    content = (tmp_path / "a.gz").read_bytes()
    assert content == (tmp_path / "b.gz").read_bytes()
    assert content[4:8] == bytes(4)  # where RFC 1952 puts the time


def test_a_packed_file_is_known_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_bytes(gzip.compress(b"text"))

    with open_packed(tmp_path / "vectors") as file:
        assert file.read() == b"text"


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with write_whole(path) as file:
            file.write(b"new")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        interrupted()

    assert [each.name for each in tmp_path.iterdir()] == ["file.txt"]
    assert path.read_bytes() == b"old"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match=r"file\.txt cannot be written"),
        write_whole(tmp_path / "nowhere" / "file.txt"),
    ):
        pass


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with (
            pytest.raises(SettingsError, match="the disk has room"),
            write_whole(tmp_path / "file.txt") as file,
        ):
            file.write(bytes(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_packed_file_cut_short_is_told(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "file"
    path.write_bytes(pack(bytes(range(256)) * 100)[:-20])

    with pytest.raises(DataError, match="cannot be read"), open_packed(path) as file:
        file.read()


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"), open_packed(tmp_path / "none"):
        pass
    with pytest.raises(DataError, match="cannot be read"), open_packed(tmp_path):
        pass
