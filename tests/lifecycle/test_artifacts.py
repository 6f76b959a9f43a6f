"""The store of artifacts, in a real folder."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.lifecycle.conftest import make_artifact
from textwright.errors import ArtifactError, SettingsError
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.manifest import address_of


def test_an_artifact_comes_back_byte_for_byte_under_its_address(
    store: ArtifactStore, artifact: Path
) -> None:
    address = store.put(artifact)

    folder = store.folder(address)
    assert address == address_of(artifact)
    assert store.addresses() == [address]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in artifact.iterdir()
    }
    assert store.stray() == []


def test_the_same_artifact_twice_is_kept_once(store: ArtifactStore, artifact: Path) -> None:
    first = store.put(artifact)
    written = (store.root / first / "model.onnx").stat().st_mtime_ns

    assert store.put(artifact) == first
    assert (store.root / first / "model.onnx").stat().st_mtime_ns == written


def test_every_single_flipped_bit_is_refused_and_its_file_named(
    store: ArtifactStore, artifact: Path
) -> None:
    folder = store.folder(store.put(artifact))
    chance = Random(7)

    for path in sorted(folder.iterdir()):
        path.chmod(0o644)
        whole = path.read_bytes()
        for _ in range(20):
            place, bit = chance.randrange(len(whole)), chance.randrange(8)
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            with pytest.raises(ArtifactError, match=path.name):
                store.folder(folder.name)
        path.write_bytes(whole)

    assert store.folder(folder.name) == folder


def test_a_short_a_missing_and_an_added_file_are_refused(
    store: ArtifactStore, artifact: Path
) -> None:
    folder = store.folder(store.put(artifact))
    network = folder / "model.onnx"
    network.chmod(0o644)

    (folder / "notes.txt").touch()
    with pytest.raises(ArtifactError, match=r"notes\.txt"):
        store.folder(folder.name)
    (folder / "notes.txt").unlink()
    with network.open("r+b") as file:
        file.truncate(10)
    with pytest.raises(ArtifactError, match=r"model\.onnx has 10 bytes"):
        store.folder(folder.name)
    network.unlink()
    with pytest.raises(ArtifactError, match=r"model\.onnx is missing"):
        store.folder(folder.name)


def test_another_whole_artifact_under_this_address_is_refused(
    store: ArtifactStore, artifact: Path, tmp_path: Path
) -> None:
    folder = store.folder(store.put(artifact))
    other = make_artifact(tmp_path / "other", "second")

    shutil.rmtree(folder)
    shutil.copytree(other, folder)

    with pytest.raises(ArtifactError, match=r"manifest\.json was changed"):
        store.folder(folder.name)


def test_putting_it_again_repairs_a_damaged_artifact(store: ArtifactStore, artifact: Path) -> None:
    address = store.put(artifact)
    (store.root / address / "model.onnx").unlink()

    store.put(artifact)

    assert store.folder(address).is_dir()
    assert store.stray() == []


def test_a_changed_folder_is_not_taken(store: ArtifactStore, artifact: Path) -> None:
    (artifact / "labels.json").write_text('["a", "c"]', encoding="utf-8")

    with pytest.raises(ArtifactError, match=r"labels\.json was changed"):
        store.put(artifact)

    assert store.addresses() == []
    assert store.stray() == []


def test_a_link_in_the_folder_is_not_followed(
    store: ArtifactStore, artifact: Path, tmp_path: Path
) -> None:
    shutil.copy(artifact / "labels.json", tmp_path / "elsewhere.json")
    (artifact / "labels.json").unlink()
    (artifact / "labels.json").symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(ArtifactError, match="no plain file"):
        store.put(artifact)


@pytest.mark.parametrize("address", ["../built", "", "A" * 64, "0" * 64])
def test_an_address_that_the_store_does_not_hold_is_refused(
    store: ArtifactStore, artifact: Path, address: str
) -> None:
    store.put(artifact)

    with pytest.raises(ArtifactError, match="holds no artifact"):
        store.folder(address)


def test_a_store_that_cannot_be_written_is_said_so(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ArtifactError, match="could not be written"):
        ArtifactStore(tmp_path / "file" / "artifacts").put(artifact)


def test_a_store_elsewhere_is_refused_for_now() -> None:
    with pytest.raises(SettingsError, match="no local folder"):
        ArtifactStore("s3://bucket/artifacts")


KILLED = """
import os, signal, sys
from pathlib import Path
from textwright.lifecycle import artifacts
flushes = 0
flush = os.fsync
def fsync(descriptor):
    global flushes
    if flushes == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    flushes += 1
    flush(descriptor)
os.fsync = fsync
artifacts.ArtifactStore(sys.argv[1]).put(Path(sys.argv[2]))
"""


@pytest.mark.parametrize("flush", [0, 1, 3, 5])
def test_a_process_killed_while_it_writes_leaves_a_stray_and_no_artifact(
    store: ArtifactStore, artifact: Path, flush: int
) -> None:
    command = [sys.executable, "-c", KILLED, str(store.root), str(artifact), str(flush)]

    ended = subprocess.run(command, check=False)

    assert ended.returncode == -signal.SIGKILL
    assert store.addresses() == []
    assert ["/.writing-" in path for path in store.stray()] == [True] * bool(flush)
    assert store.folder(store.put(artifact)).is_dir()


FULL = """
import resource, sys
from pathlib import Path
from textwright.errors import ArtifactError
from textwright.lifecycle.artifacts import ArtifactStore
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    ArtifactStore(sys.argv[1]).put(Path(sys.argv[2]))
except ArtifactError as error:
    print(error)
"""


def test_a_disk_that_takes_no_more_leaves_nothing_and_is_said_so(
    store: ArtifactStore, artifact: Path
) -> None:
    command = [sys.executable, "-c", FULL, str(store.root), str(artifact)]

    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert "could not be written" in told
    assert "Nothing was changed" in told
    assert list(store.entries()) == []


def test_what_is_taken_away_is_gone_and_taking_it_again_does_nothing(
    store: ArtifactStore, artifact: Path
) -> None:
    address = store.put(artifact)

    store.take_away(address)
    store.take_away(address)

    assert (store.addresses(), store.stray()) == ([], [])


def test_only_what_killed_writers_left_long_ago_is_cleared(
    store: ArtifactStore, artifact: Path
) -> None:
    address = store.put(artifact)
    (store.root / "notes.txt").touch()
    left = store.root / ".writing-x"
    left.mkdir()

    assert store.clear(3600.0) == []
    assert store.clear(0.0, pretend=True) == [str(left)]
    assert store.clear(0.0) == [str(left)]
    assert (store.addresses(), store.stray()) == ([address], [str(store.root / "notes.txt")])
