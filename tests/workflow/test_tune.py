"""Tuning a recipe file: what it reads, what it writes, and how a killed search goes on."""

import json
import os
import sqlite3
import subprocess
import sys
import time
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write_rows
from tests.training.phrases import phrase_recipe, write_phrases
from tests.workflow.test_language import alphabet_text, language_recipe
from textwright.errors import (
    DataError,
    MissingExtraError,
    RefusedError,
    SettingsError,
    UsageError,
)
from textwright.recipe.file import read_recipe, recipe_text
from textwright.settings import Settings, find_settings
from textwright.workflow.train import train
from textwright.workflow.tune import Tuned, TuneOptions, hold, make_search, tune

UP, DOWN = ("good", "fine", "great", "warm"), ("bad", "dull", "poor", "cold")
TURNED = {"up": "down", "down": "up"}  # by a "not": single words cannot tell, pairs of them can
RECIPE = """\
name = "films"
[data]
train = "train.jsonl"
dev = "dev.jsonl"
test = "test.jsonl"
[encoder]
word_ngrams = 1
max_character_ngram = 0
[training]
l2 = 0.5
[tune.space]
training.l2 = {low = 0.1, high = 10.0, log = true}
encoder.word_ngrams = {low = 1, high = 3}
"""
COMMAND = [sys.executable, "-m", "textwright.cli.main", "tune", "films.toml", "--json"]


def films(folder: Path, recipe: str = RECIPE) -> Path:
    """Write a recipe with its rows, without the test file that it names."""
    words = [(word, "up") for word in UP] + [(word, "down") for word in DOWN]
    for name, first, count in (("train", 0, 6), ("dev", 6, 2)):
        plain = [
            (f"{word} {n}", label) for n in range(first, first + count) for word, label in words
        ]
        turned = [(f"not {text}", TURNED[label]) for text, label in plain]
        write_rows(folder / f"{name}.jsonl", plain + turned)
    (folder / "films.toml").write_text(recipe, encoding="utf-8")
    return folder / "films.toml"


def tuned(path: Path, trials: int = 3, **changes: Any) -> Tuned:
    settings = find_settings(create=True, start=path.parent, environment={})
    return tune(path, settings=settings, options=TuneOptions(trials), **changes)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    return tuned(films(tmp_path_factory.mktemp("tuned")), 6)


def test_the_search_reads_no_test_row_and_makes_no_version(found: Tuned) -> None:
    folder = found.recipe.parent

    assert not (folder / "test.jsonl").exists()
    assert [each.name for each in (folder / ".textwright").iterdir()] == ["searches"]


def test_the_best_is_no_worse_on_dev_than_the_recipe_as_written(found: Tuned) -> None:
    scores = [each.score for each in found.trials if each.score is not None]

    assert found.metric == "accuracy"
    assert found.best.score == max(scores) > scores[0]
    assert found.trials[0].values == {"training.l2": 0.5, "encoder.word_ngrams": 1}


def test_the_best_recipe_is_the_one_given_with_only_what_changed_changed(found: Tuned) -> None:
    given = tomllib.loads((found.recipe.parent / "films.toml").read_text("utf-8"))
    written = tomllib.loads(found.recipe.read_text("utf-8"))

    for name, value in found.changed.items():
        section, key = name.split(".")
        assert written[section].pop(key) == value
        given.get(section, {}).pop(key, None)
    written = {name: each for name, each in written.items() if each}
    assert written == {name: each for name, each in given.items() if each}
    assert found.recipe.name == "films.tuned.toml"
    assert "encoder.word_ngrams" in found.changed


def test_training_the_best_recipe_gives_the_score_it_was_chosen_for(found: Tuned) -> None:
    settings = find_settings(start=found.recipe.parent, environment={})

    version = train(found.recipe, overrides=["data.test="], settings=settings)

    assert version.report["dev"]["accuracy"] == found.best.score


def test_pictures_of_history_and_of_what_mattered_lie_beside_it(found: Tuned) -> None:
    for path in (found.history, found.what_mattered):
        assert path.parent == found.recipe.parent
        assert path.read_bytes().startswith(b"\x89PNG")
    assert set(found.importance) == {"training.l2", "encoder.word_ngrams"}


def test_trials_keep_what_a_frozen_encoder_read_where_runs_keep_it(tmp_path: Path) -> None:
    settings = find_settings(create=True, start=tmp_path, environment={})

    assert make_search(read_recipe(films(tmp_path)), settings).states == settings.states


def test_the_same_search_again_tries_nothing_and_more_trials_go_on(tmp_path: Path) -> None:
    path = films(tmp_path)
    first = tuned(path, 2)

    again, more = tuned(path, 2), tuned(path, 3)

    assert (first.resumed, again.resumed, more.resumed) == (0, 2, 2)
    assert again.trials == first.trials == more.trials[:2]
    assert len(more.trials) == 3


@pytest.mark.parametrize("change", ["setting", "space", "data"])
def test_what_was_changed_begins_a_new_search(tmp_path: Path, change: str) -> None:
    path = films(tmp_path)
    first = tuned(path, 1)
    overrides = {
        "setting": ["training.epochs=4"],
        "space": ["tune.space.encoder.word_ngrams.high=4"],
    }
    if change == "data":
        write_rows(tmp_path / "dev.jsonl", [("a good film", "up"), ("a bad film", "down")])

    second = tuned(path, 1, overrides=overrides.get(change, []))

    assert second.resumed == 0
    assert second.folder != first.folder


def test_a_recipe_without_tune_gets_the_usual_space(tmp_path: Path) -> None:
    path = films(tmp_path, RECIPE.partition("[tune")[0])

    found = tuned(path, 2, overrides=["training.epochs=3"])

    assert set(found.settings) >= {"training.l2", "training.contrast", "encoder.word_ngrams"}
    written = tomllib.loads(found.recipe.read_text("utf-8"))
    assert written["training"]["epochs"] == 3


def test_a_recipe_given_as_an_object_is_written_into_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = films(tmp_path)
    monkeypatch.chdir(tmp_path)

    found = tune(read_recipe(path), options=TuneOptions(1))

    assert found.recipe == Path("films.tuned.toml")
    assert read_recipe("films.tuned.toml") == read_recipe(path)


def test_two_processes_cannot_be_at_the_same_search(tmp_path: Path) -> None:
    path = films(tmp_path)
    folder = tuned(path, 1).folder

    with hold(folder), pytest.raises(RefusedError, match="Another process"):
        tuned(path, 2)
    assert len(tuned(path, 2).trials) == 2


def test_a_search_needs_dev_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no dev rows"):
        tuned(films(tmp_path), overrides=["data.dev={share=0}"])


def test_no_trials_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 trials"):
        tuned(films(tmp_path), 0)


def test_without_optuna_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)

    with pytest.raises(MissingExtraError, match=r"textwright\[train\]"):
        tuned(films(tmp_path))


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    path = films(tmp_path)
    (tmp_path / "films.tuned.toml").mkdir()
    home = tmp_path / "file"
    home.touch()

    with pytest.raises(SettingsError, match=r"films\.tuned\.toml cannot be written"):
        tuned(path, 1)
    with pytest.raises(SettingsError, match="cannot be made"):
        tune(path, settings=Settings(home, "", ""))


def test_a_model_that_writes_is_tuned_by_the_texts_it_writes(tmp_path: Path) -> None:
    write_phrases(tmp_path, rows=300)
    recipe = phrase_recipe("lstm", training={"epochs": 1, "threads": 1})
    (tmp_path / "phrases.toml").write_text(recipe_text(recipe), encoding="utf-8")

    found = tuned(tmp_path / "phrases.toml", 2)

    assert (found.metric, found.smaller) == ("bleu", False)
    assert [each.outcome for each in found.trials] == ["done"] * 2
    assert {"training.learning_rate", "encoder.hidden"} < found.settings.keys()


def test_a_language_model_is_tuned_by_how_well_it_predicts(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text(alphabet_text(600, seed=1), encoding="utf-8")
    recipe = language_recipe("lstm", training={"epochs": 1, "learning_rate": 1e-4, "threads": 1})
    (tmp_path / "letters.toml").write_text(recipe_text(recipe), encoding="utf-8")
    (tmp_path / "dev.txt").write_text(alphabet_text(100, seed=2), encoding="utf-8")
    space = "tune.space.training.learning_rate.choices=[0.01]"
    changes = ["data.dev=dev.txt", "tune.metric=perplexity", space]

    found = tuned(tmp_path / "letters.toml", 2, overrides=changes)

    assert (found.metric, found.smaller) == ("perplexity", True)
    assert found.changed == {"training.learning_rate": 0.01}
    written, best = (each.score or 0 for each in found.trials)
    assert 1 < best < written


def finished_trials(folder: Path) -> int:
    """Count the trials that are done, as another process sees them."""
    for path in (folder / ".textwright" / "searches").glob("*/study.db"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            try:
                rows = connection.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'")
                return int(rows.fetchone()[0])
            except sqlite3.OperationalError:
                return 0  # its tables are being made
    return 0


@pytest.mark.slow
def test_a_search_killed_at_work_is_resumed_by_the_same_command(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("straight", "killed")]
    for folder in folders:
        folder.mkdir()
        films(folder)
    known = {name: each for name, each in os.environ.items() if not name.startswith("TEXTWRIGHT_")}
    command = [*COMMAND, "--trials", "12"]
    process = subprocess.Popen(
        command, cwd=folders[1], env=known, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while finished_trials(folders[1]) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()

    straight, resumed = (
        json.loads(subprocess.run(command, cwd=each, env=known, capture_output=True).stdout)
        for each in folders
    )

    assert 3 <= resumed["resumed"] < 12
    assert straight["resumed"] == 0
    assert [(each["values"], each["score"]) for each in resumed["trials"]] == [
        (each["values"], each["score"]) for each in straight["trials"]
    ]
    texts = [(each / "films.tuned.toml").read_text("utf-8") for each in folders]
    assert texts[0] == texts[1]
