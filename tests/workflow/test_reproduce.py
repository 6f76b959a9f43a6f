"""A version trained again from its record, and what is said when that cannot be."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from textwright.errors import DataError, RefusedError, UnknownNameError
from textwright.lifecycle import rollout
from textwright.lifecycle.registry import find_version, list_versions
from textwright.lifecycle.tables import Run, Version
from textwright.manifest import Manifest, read_manifest
from textwright.settings import Settings
from textwright.workflow.opening import open_keep
from textwright.workflow.reproduce import (
    Difference,
    differing,
    differing_files,
    reproduce,
    retrain,
)
from textwright.workflow.train import TrainOptions, train

Kinds = Callable[[tuple[Difference, ...]], set[str]]


@pytest.fixture
def demo_home(demo: Path, home: Settings) -> Settings:
    """Give a home in which intents@1 was trained on files that lie beside it."""
    train(demo / "intents.toml", overrides=["encoder.word_ngrams=3"], settings=home)
    return home


def set_run(home: Settings, reference: str, **columns: object) -> None:
    with open_keep(home) as keep, keep.sessions.begin() as session:
        run = find_version(session, reference).run_id
        session.execute(update(Run).where(Run.id == run).values(**columns))


def kinds(differences: tuple[Difference, ...]) -> set[str]:
    return {each.kind for each in differences}


def test_a_version_is_reproduced_bit_for_bit(demo_home: Settings) -> None:
    found = reproduce("intents@3", settings=demo_home)

    assert found.equal
    assert found.found == found.recorded
    assert found.differences == ()
    with open_keep(demo_home) as keep, keep.sessions() as session:
        assert len(list_versions(session, "intents")) == 3  # nothing was registered


def test_another_library_or_machine_is_named_though_it_made_no_difference(
    demo_home: Settings,
) -> None:
    set_run(
        demo_home,
        "intents@3",
        libraries={"numpy": "1.0"},
        machine={"processor": "another", "cores": 2, "python": "3.11"},
        code="0.0.1",
        lock="f" * 64,
    )

    found = reproduce("intents@3", settings=demo_home)

    assert found.equal
    assert kinds(found.differences) == {"library", "machine", "code"}
    told = {each.name: each for each in found.differences}
    assert told["numpy"].recorded == "1.0"
    assert told["torch"].recorded == "none"
    assert told["processor"].recorded == "another"


def test_another_seed_gives_another_artifact_whose_files_are_named(demo_home: Settings) -> None:
    with open_keep(demo_home) as keep, keep.sessions() as session:
        version = find_version(session, "intents@3")
        run = session.get(Run, version.run_id)
        assert run is not None
        recipe = run.recipe.replace("word_ngrams = 3", "word_ngrams = 2")
    set_run(demo_home, "intents@3", recipe=recipe)

    found = reproduce("intents@3", settings=demo_home)

    assert not found.equal
    assert found.found not in ("", found.recorded)
    files = {each.name for each in found.differences if each.kind == "file"}
    assert {"model.onnx", "recipe.toml", "weights.safetensors"} <= files
    assert "MLmodel" not in files


def test_changed_data_is_named_and_nothing_is_trained(demo_home: Settings) -> None:
    path = demo_home.home.parent / "train.jsonl"
    row = {"text": "where", "label": "track_order", "language": "en"}
    path.write_text(path.read_text("utf-8") + json.dumps(row) + "\n", encoding="utf-8")

    found = reproduce("intents@3", settings=demo_home)

    assert not found.equal
    assert found.found == ""
    assert [(each.kind, each.name) for each in found.differences] == [("data", "train")]


def test_data_that_is_gone_is_named(demo_home: Settings) -> None:
    (demo_home.home.parent / "test.jsonl").unlink()

    found = reproduce("intents@3", settings=demo_home)

    assert not found.equal
    assert found.differences[0].kind == "data"
    assert "There is no file" in found.differences[0].found


def test_a_version_without_a_run_cannot_be_reproduced(home: Settings) -> None:
    with open_keep(home) as keep, keep.sessions.begin() as session:
        session.execute(update(Version).where(Version.number == 1).values(run_id=None))

    with pytest.raises(RefusedError, match="no record of how intents@1 was trained"):
        reproduce("intents@1", settings=home)
    with pytest.raises(UnknownNameError):
        reproduce("intents@9", settings=home)


def test_retraining_on_the_same_files_is_the_same_version(demo_home: Settings) -> None:
    with pytest.raises(RefusedError, match="No version of intents is in production"):
        retrain("intents", settings=demo_home)
    with open_keep(demo_home) as keep, keep.sessions.begin() as session:
        version = find_version(session, "intents@3")
        rollout.promote(session, version, actor="ann", reason="")

    again = retrain("intents", settings=demo_home)

    assert (again.name, again.new) == ("intents@3", False)


def test_retraining_on_files_of_today_is_a_new_version(demo_home: Settings) -> None:
    with open_keep(demo_home) as keep, keep.sessions.begin() as session:
        version = find_version(session, "intents@3")
        rollout.promote(session, version, actor="ann", reason="")
    path = demo_home.home.parent / "train.jsonl"
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[:-50]), encoding="utf-8")

    found = retrain("intents", settings=demo_home, options=TrainOptions(actor="ann"))

    assert (found.name, found.new) == ("intents@4", True)
    with open_keep(demo_home) as keep, keep.sessions() as session:
        version = find_version(session, "intents@4")
        parent = session.get(Version, version.parent_id)
        assert parent is not None
        assert parent.number == 3
    (path).unlink()
    with pytest.raises(DataError):
        retrain("intents", settings=demo_home)


def test_differences_are_those_of_either_side() -> None:
    found = list(differing("library", {"a": "1", "b": "1"}, {"b": "2", "c": "3"}))

    assert [(each.name, each.recorded, each.found) for each in found] == [
        ("a", "1", "none"),
        ("b", "1", "2"),
        ("c", "none", "3"),
    ]


def test_files_that_only_one_artifact_has_differ(home: Settings) -> None:
    with open_keep(home) as keep, keep.sessions() as session:
        manifest = read_manifest(keep.store.folder(find_version(session, "intents@1").artifact))
    fewer: Manifest = replace(manifest, files=manifest.files[1:])

    assert list(differing_files(manifest, manifest)) == []
    (missing,) = differing_files(manifest, fewer)
    assert (missing.name, missing.found) == (manifest.files[0].name, "none")
