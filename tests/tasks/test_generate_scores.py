"""Scores of written texts: which metric counts which row, and what stands in a report."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from textwright.recipe.file import check_recipe
from textwright.tasks.generate import GenerateAnswer
from textwright.tasks.generate_scores import (
    ask_texts,
    find_metrics,
    headline,
    outcomes,
    repeats,
    say,
    score,
    tell,
)
from textwright.tasks.measures import find_measures
from textwright.tasks.scores import Rows
from textwright.text.examples import Example
from textwright.text.labels import Labels, TextMetrics

NONE = Labels(())
WRITTEN = ["A dog runs across the green grass .", "two men are sitting on a bench", "", "The cat"]
GOLD = [
    ("A dog is running across the green grass.",),
    ("Two men are sitting on a bench.", "Two men sit on a bench."),
    ("A child.",),
    ("the cat",),
]
TASKS = {"translate": "bleu", "feeling": "accuracy", "subject": "rouge"}
SEVERAL = TextMetrics((), metrics=TASKS, column="task")
MIXED: dict[str, list[Any]] = {
    "task": ["translate", "feeling", "subject", "feeling", "translate"],
    "written": ["a dog runs fast", "good", "new plans", "bad", "the cat sleeps now"],
    "gold": [("a dog runs fast",), ("good",), ("plans",), ("good",), ("a cat sleeps here",)],
}


def rows_of(texts: Sequence[str], gold: Sequence[tuple[str, ...]]) -> Rows:
    scores = np.empty((len(texts), 1), dtype=object)
    scores[:, 0] = texts
    places = [{"place": str(place % 2)} for place in range(len(texts))]
    return Rows(scores, gold, places)


@pytest.fixture
def mixed() -> Rows:
    rows = rows_of(MIXED["written"], MIXED["gold"])
    return Rows(rows.scores, rows.gold, [{"task": each} for each in MIXED["task"]])


def test_a_report_holds_every_metric_with_interval_and_signature() -> None:
    found = score(rows_of(WRITTEN, GOLD), NONE)

    for name in ("bleu", "bleu_lowercase", "chrf"):
        low, high = found[f"{name}_interval"]
        assert low <= found[name] <= high
        assert found["signatures"][name].startswith("sacreBLEU")
    assert headline(NONE) == "bleu"


def test_summaries_are_scored_by_rouge() -> None:
    labels = TextMetrics((), metrics={"": "rouge"})

    found = score(rows_of(WRITTEN, GOLD), labels)

    assert list(found)[1] == headline(labels) == "rouge1"
    assert {"rouge2", "rougeL", "rouge1_interval"} <= found.keys()
    assert "bleu" not in found
    counted = {"rows", "rouge1", "rouge2", "rougeL", "repetition", "length_ratio"}
    assert found["slices"]["place"]["0"].keys() == counted


def test_each_task_is_scored_by_its_own_metric(mixed: Rows) -> None:
    found = score(mixed, SEVERAL)

    assert found["accuracy"] == 0.5
    slices = found["slices"]["task"]
    wording = {"repetition", "length_ratio"}
    assert slices["feeling"] == {"rows": 2, "accuracy": 0.5, "repetition": 0, "length_ratio": 1}
    assert slices["subject"].keys() == {"rows", "rouge1", "rouge2", "rougeL"} | wording
    assert slices["translate"]["bleu"] == found["bleu"]
    alone = score(mixed.take(np.array([True, False, False, False, True])), SEVERAL)
    assert alone["bleu"] == found["bleu"]
    assert headline(SEVERAL) == "bleu"


def test_metrics_of_one_kind_leave_out_the_rows_of_another(mixed: Rows) -> None:
    (told,) = tell([mixed], [SEVERAL])
    resampled = find_measures("text-to-text").resampled

    assert resampled["bleu"](told, np.array([0, 1, 2])) == pytest.approx(100)
    assert np.isnan(resampled["bleu"](told, np.array([1, 3])))
    assert np.isnan(resampled["chrf"]({}, np.array([0])))
    assert resampled["rouge1"](told, np.array([1, 2, 2])) == pytest.approx(100 * 2 / 3)


def test_right_labels_are_counted_row_by_row(mixed: Rows) -> None:
    found = outcomes(mixed, SEVERAL)["accuracy"]

    assert np.array_equal(found, [np.nan, 1, np.nan, 0, np.nan], equal_nan=True)
    assert outcomes(mixed, NONE) == {}


def test_a_row_of_a_task_that_a_model_does_not_know_is_not_counted(mixed: Rows) -> None:
    fewer = TextMetrics((), metrics={"feeling": "accuracy"}, column="task")

    (told,) = tell([mixed], [fewer])

    assert told.keys() == {"accuracy"}
    assert told["accuracy"].places.tolist() == [-1, 0, -1, 1, -1]


def test_slices_are_scored_by_themselves() -> None:
    found = score(rows_of(WRITTEN, GOLD), NONE)["slices"]["place"]

    second = score(rows_of(WRITTEN[1::2], GOLD[1::2]), NONE)
    names = ("rows", "bleu", "bleu_lowercase", "chrf", "repetition", "length_ratio")
    assert found["1"] == pytest.approx({name: second[name] for name in names})


def test_no_rows_have_no_score() -> None:
    assert score(rows_of([], []), NONE) == {"rows": 0}


@pytest.mark.parametrize(
    ("text", "found"),
    [("a b c d", False), ("a b c d a b c d", True), ("a a a a a", True), ("我很好我很好我", True)],
)
def test_a_text_repeats_itself_by_four_words(text: str, found: bool) -> None:
    labels, gold = TextMetrics((), metrics={"": "rouge"}), [("a b",)]

    assert score(rows_of([text], gold), labels)["repetition"] == float(found)
    assert not repeats([])


def test_the_length_is_that_of_the_first_reference() -> None:
    found = score(rows_of(["a b c", "d"], [("a b", "x y z v w"), ("d e f g h i",)]), NONE)

    assert found["length_ratio"] == 4 / 8


def test_a_better_translation_is_told_from_a_worse_one_row_by_row() -> None:
    measures, everything = find_measures("generate"), np.arange(len(GOLD))
    good, bad = rows_of([each[0] for each in GOLD], GOLD), rows_of(WRITTEN, GOLD)

    ours, theirs = tell([good, bad], [NONE, NONE])

    metric = measures.resampled[measures.headline(NONE)]
    assert metric(ours, everything) == pytest.approx(100.0)
    assert metric(theirs, everything) == pytest.approx(score(bad, NONE)["bleu"])


def test_a_row_is_told_by_the_metric_of_its_task() -> None:
    def tell_row(task: str, text: str, *gold: str) -> tuple[bool | None, float]:
        example = Example(f"{task}: x", gold, {"task": task})
        found = say(np.array([text], dtype=object), example, SEVERAL)
        assert found.answer == text
        return found.right, found.score

    assert tell_row("translate", "the dog", "a dog", "the dog") == (None, 100.0)
    assert tell_row("translate", "x", "a dog")[1] < 20
    assert tell_row("feeling", "good", "good") == (True, 1.0)
    assert tell_row("feeling", "bad", "good") == (False, 0.0)
    assert tell_row("subject", "new plans", "new plans") == (None, 100.0)


def test_texts_are_asked_for_in_their_order() -> None:
    def network(inputs: Sequence[object]) -> np.ndarray:
        found = np.empty((len(inputs), 1), dtype=object)
        found[:, 0] = [GenerateAnswer(str(each).upper(), "stop", 0.0) for each in inputs]
        return found

    examples = [Example(each, ("x",)) for each in "ab"]

    assert ask_texts(network, examples, NONE).tolist() == [["A"], ["B"]]


def test_the_recipe_says_what_counts() -> None:
    table = {"name": "x", "task": "generate", "data": {"train": "a.jsonl", "metric": "rouge"}}
    one = find_metrics([], check_recipe(table))
    data = {"train": "a.jsonl", "prefix": "kind", "tasks": TASKS}
    several = find_metrics([], check_recipe({"name": "x", "task": "text-to-text", "data": data}))

    assert one == TextMetrics((), metrics={"": "rouge"})
    assert several == TextMetrics((), metrics=TASKS, column="kind")
