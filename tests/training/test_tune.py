"""The search: the recipe as written first, what lags is stopped, what was killed goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from textwright.errors import DataError, SettingsError
from textwright.recipe.file import check_recipe
from textwright.recipe.tune import Choice, Range, Space
from textwright.text.examples import Example, make_dataset
from textwright.text.readers import digest_row
from textwright.text.splits import Splits
from textwright.training.features import Encoded
from textwright.training.history import EpochRecord
from textwright.training.pretrained import open_pretrained
from textwright.training.progress import Quiet
from textwright.training.rows import Rows
from textwright.training.study import distributions, make_pruner, open_study
from textwright.training.tune import Search, Watched, check_metric, search

WORDS = {"up": ("good", "fine", "great"), "down": ("bad", "dull", "poor")}
NETWORK: dict[str, Any] = {
    "embedding": {"dimensions": 4},
    "encoder": {"kind": "bilstm", "hidden": 4},
    "training": {"epochs": 3, "threads": 1, "learning_rate": 0.05},
}
BAG: Space = {"training.l2": Range(0.1, 10.0, log=True), "encoder.word_ngrams": Range(1, 3)}


def rows(first: int, count: int) -> list[Example]:
    return [
        Example(f"a {word} film {n}", (label,), digest=digest_row({"text": f"{word} {n}"}))
        for n in range(first, first + count)
        for label, words in WORDS.items()
        for word in words
    ]


def job(folder: Path, space: Space = BAG, **sections: Any) -> Search:
    recipe = check_recipe({"name": "films", "data": {"train": "t"}, **sections})
    splits = Splits(
        make_dataset("train", rows(0, 8), ("label", "text"), {}),
        make_dataset("dev", rows(20, 3), ("label", "text"), {}),
        None,
    )
    folder.mkdir(exist_ok=True)
    return Search(recipe, space, "accuracy", "median", splits, None, folder)


def test_the_recipe_as_written_is_the_first_trial(tmp_path: Path) -> None:
    found = search(job(tmp_path), Quiet(), trials=3)

    assert found.trials[0].values == {"training.l2": 1.0, "encoder.word_ngrams": 2}
    assert [each.number for each in found.trials] == [1, 2, 3]
    assert all(each.outcome == "done" and each.score is not None for each in found.trials)
    assert found.resumed == 0


def test_values_outside_the_space_are_tried_as_written_all_the_same(tmp_path: Path) -> None:
    found = search(job(tmp_path, {"training.l2": Range(2.0, 9.0)}), Quiet(), trials=3)

    assert found.trials[0].values == {}
    assert all(2 <= each.values["training.l2"] <= 9 for each in found.trials[1:])


@pytest.mark.slow
def test_a_search_that_goes_on_ends_as_one_that_was_never_broken_off(tmp_path: Path) -> None:
    straight, broken = job(tmp_path / "straight"), job(tmp_path / "broken")
    whole = search(straight, Quiet(), trials=14)

    search(broken, Quiet(), trials=2)
    with open_study(broken.folder / "study.db", make_pruner("median", 9), smaller=False) as study:
        study.ask(distributions(BAG))  # killed at work
    search(broken, Quiet(), trials=12)
    resumed = search(broken, Quiet(), trials=14)

    assert resumed.resumed == 12
    assert [(each.values, each.score) for each in resumed.trials] == [
        (each.values, each.score) for each in whole.trials
    ]
    assert len({str(each.values) for each in whole.trials}) == 14


def test_nothing_but_the_trials_is_left(tmp_path: Path) -> None:
    (tmp_path / "trial" / "artifact").mkdir(parents=True)  # of a kill

    search(job(tmp_path), Quiet(), trials=2)

    assert [each.name for each in tmp_path.iterdir()] == ["study.db"]


def test_after_the_time_is_up_no_trial_begins_but_the_first(tmp_path: Path) -> None:
    assert len(search(job(tmp_path), Quiet(), trials=5, timeout_s=0).trials) == 1
    assert len(search(job(tmp_path), Quiet(), trials=5, timeout_s=0).trials) == 1


def test_a_metric_to_be_small_is_made_small(tmp_path: Path) -> None:
    found = replace(job(tmp_path), metric="calibration_error")

    assert found.smaller
    assert not job(tmp_path).smaller
    assert search(found, Quiet(), trials=2).trials[0].score == pytest.approx(0, abs=0.5)


class Told(Quiet):
    """Notes the stages of a search."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def stage(self, name: str) -> None:
        """Note a stage."""
        self.stages.append(name)


@pytest.mark.parametrize(
    ("metric", "hint"),
    [
        ("micro_f1", "Did you mean 'macro_f1'"),
        ("out_of_scope_auroc", "Known names: accuracy"),
        ("f1", "macro_f1"),
    ],
)
def test_a_metric_that_the_dev_rows_do_not_give_is_refused_before_the_first_trial(
    tmp_path: Path, metric: str, hint: str
) -> None:
    told = Told()

    with pytest.raises(DataError, match=f"give no {metric!r}") as refused:
        search(replace(job(tmp_path), metric=metric), told, trials=2)

    assert hint in refused.value.hint
    assert told.stages == []


@pytest.mark.parametrize("task", ["match", "embed"])
def test_of_pairs_too_it_is_known_beforehand_which_metrics_there_are(
    tmp_path: Path, task: str
) -> None:
    pairs = [
        replace(each, text_b=f"a film {number}", labels=(str(number % 5),))
        for number, each in enumerate(rows(0, 3))
    ]
    data = make_dataset("train", pairs, ("label", "text_a", "text_b"), {})
    recipe = check_recipe({"name": "films", "task": task, "data": {"train": "t"}})
    given = replace(job(tmp_path), recipe=recipe, splits=Splits(data, data, None))

    check_metric(replace(given, metric="spearman"))
    with pytest.raises(DataError, match="give no 'f1'"):
        check_metric(replace(given, metric="f1"))


@pytest.mark.parametrize(
    ("task", "metric", "missing"),
    [("generate", "chrf", "rouge1"), ("language", "perplexity", "bleu")],
)
def test_of_texts_to_write_too_it_is_known_beforehand_which_metrics_there_are(
    tmp_path: Path, task: str, metric: str, missing: str
) -> None:
    recipe = check_recipe({"name": "films", "task": task, "data": {"train": "t"}})
    given = replace(job(tmp_path), recipe=recipe)

    check_metric(replace(given, metric=metric))
    with pytest.raises(DataError, match=f"give no {missing!r}"):
        check_metric(replace(given, metric=missing))


def test_texts_that_a_frozen_encoder_read_in_one_trial_are_not_read_in_the_next(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, compute = list[Rows](), Encoded.compute

    def note(self: Encoded, texts: Rows) -> Any:
        read.append(texts)
        return compute(self, texts)

    monkeypatch.setattr(Encoded, "compute", note)
    encoder = {"kind": "pretrained", "model": str(checkpoint)}
    space: Space = {"training.learning_rate": Range(0.01, 0.1)}
    given = job(tmp_path / "job", space, encoder=encoder, training={"epochs": 2, "threads": 1})
    given = replace(given, pretrained=open_pretrained(given.recipe), states=tmp_path / "states")

    found = search(given, Quiet(), trials=3)

    assert [each.outcome for each in found.trials] == ["done"] * 3
    assert len(read) == 2  # the training rows, and the dev rows


def test_a_trial_that_goes_wrong_is_noted_and_the_search_goes_on(tmp_path: Path) -> None:
    space: Space = {"training.precision": Choice(("fp16",))}

    found = search(job(tmp_path, space, **NETWORK), Quiet(), trials=3)

    assert [each.outcome for each in found.trials] == ["done", "failed", "failed"]
    assert "fp16" in found.trials[1].reason


def test_what_is_wrong_with_the_recipe_as_written_is_no_trial(tmp_path: Path) -> None:
    training = {**NETWORK["training"], "precision": "fp16"}

    with pytest.raises(SettingsError, match="fp16"):
        search(job(tmp_path, **{**NETWORK, "training": training}), Quiet(), trials=3)


def test_an_epoch_that_lags_ends_its_trial(tmp_path: Path) -> None:
    import optuna

    record = EpochRecord(1, 0.5, 0.5, 0.9, 1.0, 10.0)
    with open_study(tmp_path / "study.db", make_pruner("median", 1), smaller=False) as study:
        for _ in range(5):
            trial = study.ask()
            Watched(Quiet(), trial, smaller=False).finish_epoch(record)
            study.tell(trial, 0.9)
        last = Watched(Quiet(), study.ask(), smaller=False)

        last.finish_epoch(replace(record, dev_score=float("nan")))
        with pytest.raises(optuna.TrialPruned):
            last.finish_epoch(replace(record, dev_score=0.5))


@pytest.mark.slow
def test_a_network_that_learns_nothing_is_stopped_early(tmp_path: Path) -> None:
    space: Space = {"training.learning_rate": Choice((0.05, 1e-6))}

    found = search(job(tmp_path, space, **NETWORK), Quiet(), trials=14)

    stopped = [each for each in found.trials if each.outcome == "stopped"]
    assert stopped
    assert all(each.values == {"training.learning_rate": 1e-6} for each in stopped)
    assert all(1 <= each.epochs < 3 and each.score is None for each in stopped)
