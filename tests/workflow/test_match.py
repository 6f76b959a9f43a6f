"""Matching from a recipe to a registered version: trained, scored, gated, compared, answered."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.pairs import write_pairs, write_recipe
from textwright.errors import DataError, UsageError
from textwright.models import load
from textwright.settings import Settings
from textwright.workflow.compare import compare
from textwright.workflow.evaluate import evaluate
from textwright.workflow.judge import gate
from textwright.workflow.opening import open_keep
from textwright.workflow.train import TrainedVersion, train

GATES = """
[[gates]]
rule = "at_least"
metric = "spearman"
value = 0.3
[[gates]]
rule = "not_worse_than"
metric = "spearman"
margin = 0.5
[[gates]]
rule = "robust"
value = 1.0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("pairs")
    write_pairs(found)
    return found


@pytest.fixture(scope="module")
def first(folder: Path, settings: Settings) -> TrainedVersion:
    return train(write_recipe(folder, gates=GATES), settings=settings)


@pytest.fixture(scope="module")
def second(folder: Path, settings: Settings, first: TrainedVersion) -> TrainedVersion:
    from textwright.lifecycle.registry import find_version
    from textwright.lifecycle.rollout import promote

    with open_keep(settings) as keep, keep.sessions.begin() as session:
        promote(session, find_version(session, first.name), actor="ann", reason="the first")
    return train(write_recipe(folder, gates=GATES, more="dropout = 0.2"), settings=settings)


def test_words_in_common_are_learned_and_scored_beside_the_overlap(first: TrainedVersion) -> None:
    test = first.metrics

    assert test["spearman"] > 0.5
    assert test["rows"] == 80
    assert set(test["slices"]["part"]) == {"x", "y"}
    assert "confusion" not in test
    assert first.report["baseline"]["name"] == "word overlap"
    assert first.report["baseline"]["spearman"] > 0.8
    assert "majority" not in first.report
    assert first.epochs[0].metric == "spearman"


def test_gates_hold_on_correlations_and_against_production(second: TrainedVersion) -> None:
    outcomes = {each.gate.split()[0]: each.outcome for each in second.verdicts}

    assert outcomes == {"spearman": "pass", "robust": "pass"}
    assert second.verdicts[1].numbers["rows"] == 80


def test_gated_again_the_same_is_said(second: TrainedVersion, settings: Settings) -> None:
    again = gate(second.name, settings=settings)

    assert [each.outcome for each in again] == [each.outcome for each in second.verdicts]


def test_two_versions_are_compared_by_what_is_right_and_by_correlation(
    first: TrainedVersion, second: TrainedVersion, settings: Settings
) -> None:
    found = compare(first.name, second.name, settings=settings)
    lines = {each.name: each for each in found.metrics}

    assert found.first_metric.name == "within_tolerance"
    assert lines["spearman"].first == pytest.approx(first.metrics["spearman"])
    assert lines["spearman"].second == pytest.approx(second.metrics["spearman"])
    assert lines["spearman"].p is None
    assert lines["spearman"].difference.low <= lines["spearman"].difference.value
    assert {each.name for each in found.slices} == {"part=x", "part=y"}


def test_a_file_is_scored_as_the_test_set_was(
    first: TrainedVersion, folder: Path, settings: Settings
) -> None:
    found = evaluate(first.name, folder / "test.jsonl", settings=settings)

    assert found["spearman"] == first.metrics["spearman"]


def test_pairs_are_answered_alone_as_in_any_company(first: TrainedVersion) -> None:
    model = load(first.folder)
    pairs = [
        ("the cat runs", "a cat runs"),
        ("the cat", "x " * 300),
        ("", "a dog sleeps"),
        ("the river falls", "a song breaks " * 9),
    ]

    together = model.predict(pairs)
    alone = [model.predict([pair])[0] for pair in pairs]

    for one, other in zip(alone, together, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-5)
    assert together[0].score > together[3].score
    assert (together[1].truncated, bool(together[2].warning)) == (True, True)


def test_single_texts_are_refused_by_a_model_of_pairs(first: TrainedVersion) -> None:
    with pytest.raises(UsageError, match="two texts"):
        load(first.folder).predict(["the cat runs"])


@pytest.mark.parametrize(
    ("column", "labels", "metric"),
    [("same", "binary", "accuracy"), ("grade", "graded", "spearman")],
)
def test_other_labels_are_learned_too(
    folder: Path, settings: Settings, column: str, labels: str, metric: str
) -> None:
    more = f'labels = "{labels}"\ncompare = "features"'

    found = train(write_recipe(folder, column=column, more=more), settings=settings)

    assert np.isfinite(found.metrics[metric])
    assert found.metrics["accuracy"] > 0.3
    assert ("majority" in found.report) == (labels == "binary")
    answer = load(found.folder).predict([("the cat runs", "a cat runs")])[0]
    assert answer.label in load(found.folder).labels.names
    lines = (found.records / "answers.jsonl").read_text("utf-8").splitlines()
    held = [json.loads(line) for line in lines]
    assert np.mean([row["right"] for row in held]) == pytest.approx(found.metrics["accuracy"])
    assert held[0]["text_b"]


def test_a_label_that_is_no_number_says_how_to_read_it(folder: Path, settings: Settings) -> None:
    with pytest.raises(DataError, match=r"'(no|yes)', which is no number"):
        train(write_recipe(folder, column="same"), settings=settings)
