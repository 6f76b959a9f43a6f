"""Training whole: what a run leaves, and what it leaves when something goes wrong."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import write_rows
from textwright.errors import DataError, RecipeError, RefusedError
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.registry import list_running, list_versions
from textwright.lifecycle.verify import verify
from textwright.manifest import check_files, read_manifest
from textwright.settings import Settings, find_settings
from textwright.workflow.opening import find_strays, open_keep
from textwright.workflow.train import TrainedVersion, TrainOptions, train

TINY = [("where is my parcel", "track"), ("i want my money back", "refund")] * 6


def train_demo(
    folder: Path, *overrides: str, register: bool = True, resume: bool = False
) -> TrainedVersion:
    settings = find_settings(create=True, start=folder, environment={})
    return train(
        folder / "intents.toml",
        overrides=overrides,
        settings=settings,
        options=TrainOptions(actor="tester", register=register, resume=resume),
    )


def test_a_run_leaves_a_whole_registered_version(demo: Path) -> None:
    found = train_demo(demo)

    assert found.name == "intents@1"
    assert found.metrics["accuracy"] > 0.9
    assert [each.outcome for each in found.verdicts] == ["pass", "pass"]
    check_files(found.folder, read_manifest(found.folder))
    assert {each.name for each in found.records.iterdir()} == {
        "answers.jsonl",
        "confusion.png",
        "reliability.png",
        "train_rows",
    }
    assert not list((demo / ".textwright" / "runs").iterdir())


def test_everything_of_it_stands_in_the_journal(home: Settings) -> None:
    with open_keep(home) as keep, keep.sessions() as session:
        told = [each.kind for each in read_events(session, "intents")][::-1]

    assert told[:5] == ["model_added", "run_started", "run_finished", "registered", "measured"]
    assert told[5:10] == ["measured"] * 4 + ["gated"]
    with open_keep(home) as keep:
        assert verify(keep.sessions, keep.store) == []


def test_the_same_recipe_and_data_give_the_same_artifact_and_no_new_version(demo: Path) -> None:
    first, again = train_demo(demo), train_demo(demo)

    assert again.artifact == first.artifact
    assert (again.number, again.new) == (1, False)


def test_another_folder_gives_the_same_artifact(demo: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    for path in demo.glob("*.*l"):
        shutil.copy(path, other)

    assert train_demo(other).artifact == train_demo(demo).artifact


def test_a_changed_setting_is_a_new_version(demo: Path) -> None:
    train_demo(demo)

    assert train_demo(demo, "encoder.word_ngrams=1").name == "intents@2"


def test_the_artifact_holds_no_text_and_no_path_of_this_machine(demo: Path) -> None:
    found = train_demo(demo)

    for path in found.folder.iterdir():
        content = path.read_bytes()
        assert str(demo).encode() not in content
        assert b"where is my parcel" not in content.lower()


def test_an_unregistered_run_leaves_an_artifact_and_no_version(demo: Path) -> None:
    found = train_demo(demo, register=False)

    assert found.number is None
    with open_keep(find_settings(environment={})) as keep, keep.sessions() as session:
        assert list_versions(session, "intents") == []
        assert verify(keep.sessions, keep.store) == []


def test_without_a_test_set_a_version_is_unevaluated(demo: Path) -> None:
    found = train_demo(demo, "data.test=", "gates=[]")

    assert found.metrics == {}
    with open_keep(find_settings(environment={})) as keep, keep.sessions() as session:
        assert not list_versions(session, "intents")[0].evaluated


def test_leaked_test_rows_are_counted_and_scored_without(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", TINY)
    write_rows(tmp_path / "test.jsonl", [*TINY[:2], ("my money please", "refund")])
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'name = "tiny"\n[data]\ntrain = "train.jsonl"\ntest = "test.jsonl"\ndev = {share = 0}\n'
    )
    settings = find_settings(create=True, start=tmp_path, environment={})

    found = train(recipe, settings=settings)

    assert found.report["leaked_rows"] == 2
    assert found.report["without_leaks"]["rows"] == 1


def test_a_fault_of_the_data_is_found_before_a_run_begins(demo: Path) -> None:
    with pytest.raises(DataError, match="has no column"):
        train_demo(demo, "data.text=txt")

    assert not (demo / ".textwright" / "textwright.db").exists()


def test_one_class_only_is_refused_and_the_run_is_recorded_as_failed(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [("a b", "x"), ("c d", "x")])
    recipe = tmp_path / "one.toml"
    recipe.write_text('name = "one"\n[data]\ntrain = "train.jsonl"\ndev = {share = 0}\n')
    settings = find_settings(create=True, start=tmp_path, environment={})

    with pytest.raises(DataError, match="at least two classes"):
        train(recipe, settings=settings)

    with open_keep(settings) as keep:
        with keep.sessions() as session:
            assert list_running(session) == []
            assert "at least two classes" not in str(list_versions(session, "one"))
        assert verify(keep.sessions, keep.store) == []
        assert find_strays(keep) == []


def test_a_mistyped_override_changes_nothing(demo: Path) -> None:
    with pytest.raises(RecipeError, match="Did you mean 'word_ngrams'"):
        train_demo(demo, "encoder.word_ngram=2")

    assert not (demo / ".textwright" / "textwright.db").exists()


def test_there_is_nothing_to_resume_after_a_finished_run(demo: Path) -> None:
    train_demo(demo)

    with pytest.raises(RefusedError, match="no unfinished run"):
        train_demo(demo, resume=True)
