"""Backup and restore, between the kinds of databases."""

import json
from pathlib import Path

import pytest

from tests.lifecycle.conftest import Server, make_artifact, on_sqlite
from tests.lifecycle.killing import register
from textwright.errors import ArtifactError, RefusedError, UsageError
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.backup import back_up, check_backup, restore
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.journal import lock_head, read_events
from textwright.lifecycle.registry import add_model, find_version, list_versions
from textwright.lifecycle.rollout import promote, read_deployment
from textwright.lifecycle.verify import verify
from textwright.manifest import hash_file


@pytest.fixture
def kept(sessions: Sessions, store: ArtifactStore, tmp_path: Path) -> Sessions:
    """Keep two versions of a model, one of them in production."""
    for name in ("first", "second"):
        register(sessions, store, make_artifact(tmp_path / name, name))
    with sessions.begin() as session:
        promote(session, find_version(session, "intents@1"), actor="ann", reason="")
    return sessions


def open_empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Sessions:
    if kind == "sqlite":
        return open_database(tmp_path / "empty.db", create=True)
    make: Server = request.getfixturevalue("postgresql")
    return open_database(make())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_backed_up_comes_back_in_either_database(
    kept: Sessions,
    store: ArtifactStore,
    tmp_path: Path,
    kind: str,
    request: pytest.FixtureRequest,
) -> None:
    written = back_up(kept, store, tmp_path / "backup")
    with kept() as session:
        before = read_events(session)
    other = open_empty(kind, tmp_path, request)
    place = ArtifactStore(tmp_path / "restored")

    assert restore(tmp_path / "backup", other, place) == written

    with other() as session:
        assert read_events(session) == before
        assert [each.name for each in list_versions(session, "intents")] == [
            "intents@2",
            "intents@1",
        ]
        assert read_deployment(session, "intents").stable == 1
    assert place.addresses() == store.addresses()
    register(other, place, make_artifact(tmp_path / "third", "third"))
    with other.begin() as session:
        promote(session, find_version(session, "intents@3"), actor="ann", reason="")
    assert verify(other, place) == []
    other.close()


@on_sqlite
def test_a_backup_is_of_one_moment_and_hinders_no_writer(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    with kept.begin() as session:
        add_model(session, "topics", actor="ann")
        written = back_up(kept, store, tmp_path / "backup")

    assert (written.rows["model"], written.rows["deployment"]) == (1, 1)


@on_sqlite
def test_a_backup_never_goes_into_a_folder_with_something_in_it(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    back_up(kept, store, tmp_path / "backup")

    with pytest.raises(RefusedError, match="not empty"):
        back_up(kept, store, tmp_path / "backup")


@on_sqlite
def test_a_registry_is_never_mixed_with_a_backup(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    back_up(kept, store, tmp_path / "backup")

    with pytest.raises(RefusedError, match="a registry already"):
        restore(tmp_path / "backup", kept, ArtifactStore(tmp_path / "restored"))
    store.put(make_artifact(tmp_path / "other", "other"))
    empty = open_database(tmp_path / "empty.db", create=True)
    with pytest.raises(RefusedError, match="a registry already"):
        restore(tmp_path / "backup", empty, store)
    empty.close()


@on_sqlite
def test_a_damaged_artifact_leaves_no_backup(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    network = store.root / store.addresses()[0] / "model.onnx"
    network.chmod(0o644)
    network.write_bytes(b"x")

    with pytest.raises(ArtifactError, match=r"model\.onnx"):
        back_up(kept, store, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert not list(tmp_path.glob(".backup-*"))


@on_sqlite
@pytest.mark.parametrize("table", ["head", "event", "key"])
def test_a_backup_with_a_changed_file_is_refused_and_nothing_is_restored(
    kept: Sessions, store: ArtifactStore, tmp_path: Path, table: str
) -> None:
    back_up(kept, store, tmp_path / "backup")
    path = tmp_path / "backup" / f"{table}.jsonl"
    path.write_bytes(path.read_bytes() + b"\n")

    empty = open_database(tmp_path / "empty.db", create=True)
    with pytest.raises(RefusedError, match=rf"{table}\.jsonl is missing, or was changed"):
        restore(tmp_path / "backup", empty, ArtifactStore(tmp_path / "restored"))

    with empty.begin() as session:
        assert lock_head(session).sequence == 0
    empty.close()


@on_sqlite
def test_a_backup_whose_rows_were_changed_with_their_hash_fails_the_check(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    back_up(kept, store, folder)
    path = folder / "deployment.jsonl"
    path.write_text(path.read_text().replace('"stable": 1', '"stable": 2'))
    content = json.loads((folder / "backup.json").read_text())
    content["hashes"]["deployment"] = hash_file(path)
    (folder / "backup.json").write_text(json.dumps(content))

    with pytest.raises(RefusedError, match="deployment of intents is not what"):
        check_backup(folder)


@on_sqlite
@pytest.mark.parametrize(
    ("key", "value", "told"), [("revision", "0001", "schema 0001"), ("more", 1, "no whole backup")]
)
def test_a_folder_that_is_no_backup_of_ours_is_told(
    kept: Sessions, store: ArtifactStore, tmp_path: Path, key: str, value: object, told: str
) -> None:
    back_up(kept, store, tmp_path / "backup")
    path = tmp_path / "backup" / "backup.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))

    with pytest.raises(UsageError, match=told):
        check_backup(tmp_path / "backup")
    with pytest.raises(UsageError, match="no whole backup"):
        check_backup(tmp_path)
