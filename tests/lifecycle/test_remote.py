"""The store on another machine: a real server of the S3 protocol, over the network."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.conftest import make_artifact
from textwright.errors import ArtifactError, SettingsError
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.remote import RemoteStore, open_store
from textwright.manifest import address_of

KILLED = """
import os, signal, sys
from pathlib import Path
from textwright.lifecycle.remote import RemoteStore
store = RemoteStore(sys.argv[1], Path(sys.argv[2]))
send, left = store.upload, int(sys.argv[4])
def upload(*arguments):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    send(*arguments)
store.upload = upload
store.put(Path(sys.argv[3]))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the server as a process of its own, and point every S3 client to it."""
    log = tmp_path_factory.mktemp("s3") / "log"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stderr=errors)
    address = wait_for_address(log)
    settings = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    yield address
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    process.kill()
    process.wait()


def wait_for_address(log: Path) -> str:
    """Read the server's address from its log, within a minute."""
    for _ in range(600):
        for line in log.read_text(encoding="utf-8").splitlines():
            if "Running on" in line:
                return line.split()[-1]
        time.sleep(0.1)
    pytest.fail("the S3 server did not start: " + log.read_text(encoding="utf-8"))


@pytest.fixture
def remote(server: str, tmp_path: Path) -> RemoteStore:
    """Make a bucket and a store in it."""
    assert server.startswith("http")
    store = RemoteStore(f"s3://bucket-{os.urandom(4).hex()}/models", tmp_path / "cache")
    store.files.mkdir(store.root.split("/")[0])
    return store


def objects(store: RemoteStore, address: str) -> dict[str, Any]:
    return store.listed()[address]


def test_an_artifact_comes_back_byte_for_byte_through_the_local_folder(
    remote: RemoteStore, artifact: Path
) -> None:
    address = remote.put(artifact)
    folder = remote.folder(address)

    assert address == address_of(artifact)
    assert folder == remote.cache.root / address
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in artifact.iterdir()
    }
    assert (remote.addresses(), remote.stray()) == ([address], [])


def test_the_same_artifact_twice_is_sent_once(remote: RemoteStore, artifact: Path) -> None:
    first = remote.put(artifact)
    written = objects(remote, first)["model.onnx"]["LastModified"]

    assert remote.put(artifact) == first
    assert objects(remote, first)["model.onnx"]["LastModified"] == written


@pytest.mark.parametrize("name", ["model.onnx", "labels.json", "recipe.toml", "manifest.json"])
def test_a_changed_a_short_and_a_missing_object_are_refused_and_put_again(
    remote: RemoteStore, artifact: Path, name: str
) -> None:
    address = remote.put(artifact)
    path = f"{remote.root}/{address}/{name}"
    whole = remote.files.cat_file(path)

    for damaged in (bytes([whole[0] ^ 1]) + whole[1:], whole[:-1], None):
        if damaged is None:
            remote.files.rm_file(path)
        else:
            remote.files.pipe_file(path, damaged)
        with pytest.raises(ArtifactError, match=r"changed|bytes|missing|holds no artifact"):
            remote.folder(address)
        assert remote.cache.stray() == []

        remote.put(artifact)
        remote.check(address)


def test_the_local_copy_is_checked_on_every_read_and_fetched_again(
    remote: RemoteStore, artifact: Path
) -> None:
    network = remote.folder(remote.put(artifact)) / "model.onnx"
    network.chmod(0o644)
    network.write_bytes(network.read_bytes()[:-1] + b"x")

    assert (remote.folder(address_of(artifact)) / "model.onnx").read_bytes() == (
        artifact / "model.onnx"
    ).read_bytes()


@pytest.mark.parametrize("sent", [0, 1, 2, 3])
def test_an_upload_killed_on_the_way_leaves_no_artifact_and_is_done_again(
    remote: RemoteStore, artifact: Path, sent: int
) -> None:
    command = [sys.executable, "-c", KILLED, remote.address, str(remote.cache.root), str(artifact)]

    assert subprocess.run([*command, str(sent)], check=False).returncode == -signal.SIGKILL
    assert remote.addresses() == []
    assert [each.endswith(address_of(artifact)) for each in remote.stray()] == [True] * bool(sent)
    assert len(remote.clear(0.0, pretend=True)) == bool(sent)
    assert remote.clear(3600.0) == []
    remote.put(artifact)

    remote.check(address_of(artifact))
    assert remote.clear(0.0) == []


def test_a_file_that_differs_from_its_manifest_is_never_completed(
    remote: RemoteStore, artifact: Path
) -> None:
    (artifact / "labels.json").write_text("[]")

    with pytest.raises(ArtifactError, match=r"labels\.json was changed"):
        remote.put(artifact)

    assert remote.addresses() == []
    assert "labels.json" not in remote.listed().get(address_of(artifact), {})


def test_what_is_taken_away_is_gone_here_and_there(
    remote: RemoteStore, artifact: Path, tmp_path: Path
) -> None:
    address, other = remote.put(artifact), remote.put(make_artifact(tmp_path / "b", "second"))
    remote.folder(address)

    remote.take_away(address)
    remote.take_away(address)

    assert (remote.addresses(), remote.stray()) == ([other], [])
    assert remote.cache.addresses() == []


def test_a_store_that_cannot_be_reached_is_told_and_nothing_is_changed(
    remote: RemoteStore, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    gone = RemoteStore(remote.address, remote.cache.root)
    gone.files.retries = 1

    with pytest.raises(ArtifactError, match="cannot be used"):
        gone.put(artifact)


@pytest.mark.usefixtures("server")
def test_an_unknown_bucket_is_told(tmp_path: Path, artifact: Path) -> None:
    store = RemoteStore("s3://no-such-bucket-of-ours/x", tmp_path)

    with pytest.raises(ArtifactError, match="cannot be used"):
        store.put(artifact)


def test_the_address_says_which_kind_of_store_it_is(tmp_path: Path) -> None:
    assert isinstance(open_store(str(tmp_path), tmp_path), ArtifactStore)
    assert isinstance(open_store(f"file://{tmp_path}", tmp_path), ArtifactStore)
    assert isinstance(open_store("memory://artifacts", tmp_path), RemoteStore)
    with pytest.raises(SettingsError, match="no known kind"):
        open_store("nothing://artifacts", tmp_path)
