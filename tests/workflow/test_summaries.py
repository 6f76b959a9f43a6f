"""Summing up from a recipe to a registered version: ROUGE, its baselines, its gates."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.training.phrases import phrase_recipe
from tests.workflow.versions import train_file, train_recipe, write_lines
from textwright.errors import RecipeError
from textwright.recipe.file import check_recipe
from textwright.settings import Settings
from textwright.workflow.compare import compare
from textwright.workflow.train import TrainedVersion

THINGS = ("meeting", "budget", "contract", "invoice")
STATES = ("moved", "late", "broken", "signed")
OPENINGS = ("hello.", "dear team.")
FAST = {"epochs": 10, "batch_size": 16, "learning_rate": 0.015, "threads": 1}
GATES = [
    {"rule": "at_least", "metric": "rouge1", "value": 60.0},
    {"rule": "not_worse_than", "metric": "rougeL", "margin": 20.0},
    {"rule": "at_most", "metric": "repetition", "value": 0.0},
    {"rule": "at_least", "metric": "length_ratio", "value": 0.5},
    {"rule": "copied", "value": 3},
]


def make_mail(chance: random.Random) -> dict[str, Any]:
    thing, state = chance.choice(THINGS), chance.choice(STATES)
    text = f"{chance.choice(OPENINGS)} the {thing} is {state}. thanks."
    return {"text": text, "summary": f"{thing} {state}", "by": chance.choice("ab")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found, chance = tmp_path_factory.mktemp("mails"), random.Random(5)
    for name, count in {"train": 400, "dev": 40, "test": 60}.items():
        write_lines(found / f"{name}.jsonl", (make_mail(chance) for _ in range(count)))
    return found


@pytest.fixture(scope="module")
def found(folder: Path, settings: Settings) -> TrainedVersion:
    files = {name: f"{name}.jsonl" for name in ("train", "dev", "test")}
    data = {**files, "target": "summary", "metric": "rouge", "slices": ["by"]}
    recipe = phrase_recipe("lstm", name="mails", data=data, gates=GATES, training=FAST)
    return train_recipe(recipe, folder, settings)


def test_a_summary_is_scored_by_rouge_beside_lead_and_text_rank(found: TrainedVersion) -> None:
    lead, ranked = found.report["baseline"], found.report["second_baseline"]

    assert found.metrics["rouge1"] > 60
    assert lead["name"] == "lead"
    assert ranked["name"] == "TextRank"
    assert max(lead["rouge1"], ranked["rouge1"]) < found.metrics["rouge1"]
    assert "bleu" not in found.metrics
    assert "stemmed" in found.metrics["signatures"]["rouge"]


def test_its_gates_hold_length_repetition_and_what_it_learned_by_heart(
    found: TrainedVersion,
) -> None:
    assert [each.outcome for each in found.verdicts] == ["pass"] * 5
    assert found.report["copied"] == {"words": 4, "longest": 0, "share": 0.0}


def test_the_card_says_all_of_it(found: TrainedVersion) -> None:
    card = (found.folder / "card.md").read_text(encoding="utf-8")

    for part in (
        "| rouge1 of lead |",
        "| rougeL of TextRank |",
        "| rouge, counted by | `rouge-score",
        "| a | rouge1 |",
        "0.0% of its texts say the same four words twice",
    ):
        assert part in card


def test_two_versions_are_compared_by_rouge(
    found: TrainedVersion, folder: Path, settings: Settings
) -> None:
    again = train_file(folder / "mails.toml", settings, "training.epochs=1")

    told = {each.name: each for each in compare(found.name, again.name, settings=settings).metrics}

    assert told["rouge1"].first == pytest.approx(found.metrics["rouge1"])
    assert told["rouge1"].difference.value < 0
    assert {"rouge2", "rougeL"} <= told.keys()


def test_a_metric_that_there_is_not_is_refused() -> None:
    table = {"name": "x", "task": "generate", "data": {"train": "a.jsonl", "metric": "rogue"}}

    with pytest.raises(RecipeError, match=r"data.metric is 'rogue'.*\n.*'rouge'"):
        check_recipe(table)
