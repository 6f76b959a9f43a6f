"""Measuring a model: evaluated through the exported network, beside its baselines."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import copy_demo
from textwright.recipe.file import read_recipe
from textwright.runtime.answer import Answerer
from textwright.text.examples import Example, make_dataset
from textwright.text.splits import Splits, read_splits
from textwright.training.answers import read_answers, write_answers
from textwright.training.baseline import commonest_answer, score_baselines, train_baseline
from textwright.training.card import write_card
from textwright.training.evaluate import evaluate, score_without_leaks
from textwright.training.fit import Workplace, fit
from textwright.training.history import EpochRecord
from textwright.training.measure import calibrate_answerer, complete_artifact, measure
from textwright.training.pictures import draw_run
from textwright.training.progress import Quiet


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Splits, Answerer]:
    folder = copy_demo(tmp_path_factory.mktemp("measured"))
    recipe = read_recipe(folder / "intents.toml")
    splits = read_splits(recipe.data)
    artifact = folder / "artifact"
    fit(recipe, splits, Workplace(artifact, folder / "checkpoints"), Quiet())
    return folder, splits, calibrate_answerer(recipe, splits.dev, artifact)


def test_calibration_is_written_into_the_artifact(
    fitted: tuple[Path, Splits, Answerer],
) -> None:
    folder, _, answerer = fitted

    labels = json.loads((folder / "artifact" / "labels.json").read_text("utf-8"))

    assert labels["temperature"] == answerer.labels.temperature != 1.0
    assert 0 < labels["threshold"] == answerer.labels.threshold < 1


def test_a_report_holds_everything_that_is_promised(
    fitted: tuple[Path, Splits, Answerer],
) -> None:
    folder, splits, answerer = fitted

    report = measure(read_recipe(folder / "intents.toml"), splits, answerer).report

    for name in (
        "accuracy",
        "accuracy_interval",
        "macro_f1",
        "calibration_error",
        "selective_accuracy",
        "coverage",
        "out_of_scope_recall",
        "out_of_scope_auroc",
        "confusion",
        "labels",
        "slices",
    ):
        assert name in report["test"]
    assert report["test"]["rows"] == 827
    assert set(report["test"]["slices"]["language"]) == {"en", "zh"}
    assert report["majority"] < 0.1
    assert report["data"]["train"]["rows"] == 2629


def test_the_card_says_how_good_it_is_and_where_not_to_trust_it(
    fitted: tuple[Path, Splits, Answerer],
) -> None:
    folder, splits, answerer = fitted
    recipe = read_recipe(folder / "intents.toml")

    card = write_card(recipe, measure(recipe, splits, answerer).report)

    for part in ("# intents", "| train | 2,629 |", "## Weakest labels", "By language", "abstains"):
        assert part in card


def test_a_card_without_a_test_set_says_so(fitted: tuple[Path, Splits, Answerer]) -> None:
    folder, splits, answerer = fitted
    recipe = read_recipe(folder / "intents.toml")
    report = measure(recipe, Splits(splits.train, splits.dev, None), answerer).report

    assert "cannot be promoted" in write_card(recipe, report)


def test_a_complete_artifact_has_the_same_address_twice(
    fitted: tuple[Path, Splits, Answerer],
) -> None:
    folder, splits, answerer = fitted
    recipe = read_recipe(folder / "intents.toml")
    report = measure(recipe, splits, answerer).report

    first = complete_artifact(recipe, report, {"rows": 1}, folder / "artifact")
    again = complete_artifact(recipe, report, {"rows": 1}, folder / "artifact")

    assert first == again
    assert json.loads((folder / "artifact" / "metrics.json").read_text("utf-8")) == report


def test_held_out_answers_are_one_line_a_row(
    fitted: tuple[Path, Splits, Answerer], tmp_path: Path
) -> None:
    _, splits, answerer = fitted
    assert splits.test is not None
    found = evaluate(answerer, splits.test.examples)

    write_answers("classify", splits.test, found, answerer.labels, tmp_path / "answers.jsonl")

    rows = read_answers(tmp_path / "answers.jsonl")
    in_scope = [row for row in rows if row.labels]
    right = sum(bool(row.right) for row in in_scope) / len(in_scope)
    assert right == pytest.approx(found.metrics["accuracy"])
    assert [row.example for row in rows] == list(splits.test.examples)


def test_leaked_rows_are_left_out_of_the_second_score(
    fitted: tuple[Path, Splits, Answerer],
) -> None:
    _, splits, answerer = fitted
    assert splits.test is not None
    found = evaluate(answerer, splits.test.examples)
    leaked = [place < 100 for place in range(len(splits.test.examples))]

    assert (
        score_without_leaks("classify", found.scores, splits.test, leaked, answerer.labels)["rows"]
        == 727
    )


def test_the_baseline_of_a_network_is_the_linear_model(
    fitted: tuple[Path, Splits, Answerer],
) -> None:
    folder, splits, answerer = fitted
    assert splits.test is not None
    network = read_recipe(folder / "intents.toml", ["encoder.kind=bilstm"])

    found = score_baselines(network, splits.train, splits.test, answerer.labels)

    assert found["baseline"]["accuracy"] > 0.9
    score = train_baseline(network, splits.train, answerer.labels)
    assert score(["where is my parcel"]).shape == (1, 14)


def test_the_commonest_answer_goes_by_count_then_name() -> None:
    def dataset(*labels: str) -> tuple[str, ...]:
        rows = [Example("x", (label,) if label else ()) for label in labels]
        return commonest_answer(make_dataset("x", rows, (), {}))

    assert dataset("b", "a", "b", "", "", "") == ("b",)
    assert dataset("b", "a") == ("a",)


def test_pictures_are_drawn(fitted: tuple[Path, Splits, Answerer], tmp_path: Path) -> None:
    _, splits, answerer = fitted
    assert splits.test is not None
    epochs = [EpochRecord(1, 2.0, 1.9, 0.5, 1.0, 10.0), EpochRecord(2, 1.0, 1.2, 0.7, 1.0, 10.0)]

    test = (splits.test, evaluate(answerer, splits.test.examples))
    draw_run(epochs, test, answerer.labels.names, tmp_path)

    for name in ("curves.png", "confusion.png", "reliability.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_a_large_confusion_matrix_shows_the_labels_most_often_confused(tmp_path: Path) -> None:
    from textwright.training.plots import plot_confusion

    table = np.eye(60, dtype=np.int64) * 5
    table[3, 4] = 9

    plot_confusion(table, [f"label {each}" for each in range(60)], tmp_path / "c.png")

    assert (tmp_path / "c.png").stat().st_size > 1_000
