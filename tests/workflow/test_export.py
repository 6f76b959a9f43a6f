"""Versions given to others: as a folder; to MLflow in ``tests/interop``."""

from pathlib import Path

import pytest

from textwright.errors import ArtifactError, MissingExtraError, UnknownNameError, UsageError
from textwright.lifecycle import rollout
from textwright.lifecycle.registry import find_version
from textwright.models import load
from textwright.settings import Settings
from textwright.workflow.export import describe, export_folder, export_mlflow
from textwright.workflow.opening import open_keep


def test_an_exported_folder_answers_as_the_version_does(home: Settings, tmp_path: Path) -> None:
    address = export_folder("intents@2", tmp_path / "out", settings=home)

    texts = ["where is my parcel", "我想退货"]
    assert load(tmp_path / "out").predict(texts) == load("intents@2", settings=home).predict(texts)
    with open_keep(home) as keep, keep.sessions() as session:
        assert address == find_version(session, "intents@2").artifact


def test_nothing_is_written_into_a_folder_that_holds_something(
    home: Settings, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")

    with pytest.raises(UsageError, match="is not empty"):
        export_folder("intents@2", tmp_path / "out", settings=home)
    with pytest.raises(UsageError, match="is not empty"):
        export_folder("intents@2", tmp_path / "out" / "mine", settings=home)
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["mine"]


def test_an_unknown_or_damaged_version_is_not_exported(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        export_folder("intents@9", tmp_path / "out", settings=home)
    with open_keep(home) as keep, keep.sessions() as session:
        folder = keep.store.folder(find_version(session, "intents@2").artifact)
    (folder / "card.md").chmod(0o644)
    (folder / "card.md").write_text("better than ever")

    with pytest.raises(ArtifactError, match=r"card\.md"):
        export_folder("intents@2", tmp_path / "out", settings=home)
    assert not (tmp_path / "out").exists()


def test_without_mlflow_its_package_is_named(home: Settings) -> None:
    with pytest.raises(MissingExtraError, match="Exporting to MLflow needs its package"):
        export_mlflow("intents@2", "http://127.0.0.1:1", settings=home)


def test_what_mlflow_is_told_holds_digests_and_no_text(home: Settings) -> None:
    with open_keep(home) as keep, keep.sessions.begin() as session:
        version = find_version(session, "intents@2")
        rollout.promote(session, version, actor="ann", reason="")

    told = describe("intents@2", home)

    assert told.alias == "production"
    assert told.tags["textwright.version"] == "intents@2"
    assert len(told.tags["textwright.artifact"]) == len(told.tags["textwright.data.test"]) == 64
    assert told.metrics["accuracy"] > 0.9
    assert describe("intents@1", home).alias == ""
