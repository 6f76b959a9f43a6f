"""Several tasks in one model, each named by what a text begins with."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.serving.running import Running, Shelf, running
from tests.training.phrases import phrase_recipe, phrases, translate
from tests.workflow.versions import train_file, train_recipe, write_lines
from textwright.errors import DataError, RecipeError
from textwright.lifecycle import rollout
from textwright.lifecycle.evidence import read_evidence
from textwright.lifecycle.registry import find_version
from textwright.models import load
from textwright.recipe.file import check_recipe
from textwright.settings import Settings
from textwright.text.readers import read_dataset
from textwright.training.perturb import rewrite
from textwright.workflow.opening import open_keep
from textwright.workflow.train import TrainedVersion

TASKS = {"to English": "bleu", "colour": "accuracy"}
FILES = {name: f"{name}.jsonl" for name in ("train", "dev", "test")}
GATES = [
    {"rule": "at_least", "metric": "chrf", "value": 10.0, "slice": "task=to English"},
    {"rule": "at_least", "metric": "accuracy", "value": 0.8, "slice": "task=colour"},
    {"rule": "not_worse_than", "metric": "accuracy", "margin": 0.3, "slice": "task=colour"},
    {"rule": "not_worse_than", "metric": "chrf", "margin": 50.0, "slice": "task=to English"},
]


def rows(text: str, chance: random.Random) -> list[dict[str, Any]]:
    colour = chance.choice(("rot", "blau"))
    plain = " ".join(word for word in text.split() if word not in ("rot", "blau"))
    return [
        {"task": "to English", "text": text, "target": translate(text)},
        {"task": "colour", "text": f"{plain} {colour}".strip(), "target": colour},
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found, chance = tmp_path_factory.mktemp("tasks"), random.Random(5)
    texts = list(dict.fromkeys(phrases(1_500, seed=1)))
    edges = {"test": texts[:40], "dev": texts[40:70], "train": texts[70:450]}
    for name, part in edges.items():
        write_lines(found / f"{name}.jsonl", (row for text in part for row in rows(text, chance)))
    return found


@pytest.fixture(scope="module")
def found(folder: Path, settings: Settings) -> TrainedVersion:
    fast = {"epochs": 8, "batch_size": 16, "learning_rate": 0.01, "threads": 1}
    data = {**FILES, "tasks": TASKS}
    sections: dict[str, Any] = {"name": "tasks", "data": data, "gates": GATES, "training": fast}
    recipe = phrase_recipe("lstm", task="text-to-text", **sections)
    return train_recipe(recipe, folder, settings)


def test_each_task_has_its_own_metric_in_its_own_slice(found: TrainedVersion) -> None:
    slices = found.metrics["slices"]["task"]

    wording = {"rows", "repetition", "length_ratio"}
    assert slices["colour"].keys() == {"accuracy"} | wording
    assert slices["to English"].keys() == {"bleu", "bleu_lowercase", "chrf"} | wording
    assert found.report["baseline"]["slices"]["task"]["colour"]["accuracy"] < 0.8
    card = (found.folder / "card.md").read_text(encoding="utf-8")
    assert "| colour | accuracy |" in card
    assert "| to English | bleu |" in card


def test_each_task_is_gated_by_itself(found: TrainedVersion) -> None:
    assert [each.outcome for each in found.verdicts] == ["pass"] * 4
    assert found.verdicts[1].gate == "accuracy of task=colour at least 0.8"


def test_the_word_in_front_says_what_is_asked(found: TrainedVersion) -> None:
    model = load(found.folder)

    to_english, colour = model.predict(["to English: das kind sieht rot", "colour: ein hund rot"])

    assert to_english.text.endswith(".")
    assert colour.text == "rot"


@pytest.fixture(scope="module")
def server(found: TrainedVersion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("served"))
    shelf.deploy_trained("tasks", found.folder)
    with running(shelf) as served:
        yield served


ASKED = {
    "to English: das kind sieht rot": r"[A-Z].*\.",
    "colour: das kind sieht rot": "rot",
    "colour: ein hund sieht blau": "blau",
}  # what is asked, and how the answer looks


def answered(texts: list[str]) -> bool:
    return all(re.fullmatch(*each) for each in zip(ASKED.values(), texts, strict=True))


def test_each_task_is_served_by_its_word(found: TrainedVersion, server: Running) -> None:
    texts = [each["text"] for each in server.predict(*ASKED, name="tasks").json["answers"]]

    assert texts == [each.text for each in load(found.folder).predict(ASKED)]
    assert answered(texts)


def test_the_stock_openai_client_asks_each_task_by_its_word(server: Running) -> None:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none") as client:
        whole = client.completions.create(model="tasks", prompt=list(ASKED))
        chats = [
            client.chat.completions.create(
                model="tasks", messages=[{"role": "user", "content": each}]
            )
            for each in ASKED
        ]

    texts = [each.text for each in whole.choices]
    assert answered(texts)
    assert [each.finish_reason for each in whole.choices] == ["stop"] * len(ASKED)
    assert [each.choices[0].message.content for each in chats] == texts


def test_a_candidate_is_held_against_production_task_by_task(
    found: TrainedVersion, folder: Path, settings: Settings
) -> None:
    with open_keep(settings) as keep, keep.sessions.begin() as session:
        rollout.promote(session, find_version(session, found.name), actor="tester", reason="")

    worse = train_file(folder / "tasks.toml", settings, "training.epochs=1")

    with open_keep(settings) as keep, keep.sessions() as session:
        compared = read_evidence(session, find_version(session, worse.name))["comparison"]
    assert compared["parts"]["task=colour"]["rows"] == 40
    assert compared["parts"]["task=colour"]["metrics"]["accuracy"]["rows"] == 40
    assert compared["parts"]["task=to English"]["metrics"]["chrf"]["value"] < 0
    assert worse.verdicts[3].outcome != "unknown"
    assert "measured against" not in worse.verdicts[2].reason


def test_a_text_written_differently_keeps_its_task(folder: Path) -> None:
    table = {"train": "test.jsonl", "root": str(folder), "tasks": TASKS}
    recipe = check_recipe({"name": "x", "task": "text-to-text", "data": table})
    data = read_dataset(recipe.data, "test.jsonl", keep_empty=True, form=recipe.form)

    changed = rewrite(data.examples[0], "case")

    assert data.examples[0].text.startswith("to English: ")
    assert changed.text == f"to English: {data.examples[0].plain.upper()}"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"task": "color", "text": "a", "target": "b"}, "data.tasks has no 'color'.*\n.*'colour'"),
        ({"text": "a", "target": "b"}, "has no column 'task'"),
    ],
)
def test_a_row_of_no_task_is_refused(tmp_path: Path, row: dict[str, str], said: str) -> None:
    write_lines(tmp_path / "a.jsonl", [row])
    data = {"train": "a.jsonl", "root": str(tmp_path), "tasks": TASKS}
    recipe = check_recipe({"name": "x", "task": "text-to-text", "data": data})

    with pytest.raises(DataError, match=said):
        read_dataset(recipe.data, "a.jsonl", keep_empty=True, form=recipe.form)


def test_a_row_without_a_text_is_dropped_though_it_names_its_task(tmp_path: Path) -> None:
    lines = [{"task": "colour", "text": text, "target": "rot"} for text in (" ", "ein hund")]
    write_lines(tmp_path / "a.jsonl", lines)
    data = {"train": "a.jsonl", "root": str(tmp_path), "tasks": TASKS}
    recipe = check_recipe({"name": "x", "task": "text-to-text", "data": data})

    found = read_dataset(recipe.data, "a.jsonl", keep_empty=False, form=recipe.form)

    assert [each.text for each in found.examples] == ["colour: ein hund"]
    assert found.dropped == {"empty text": 1}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "names no tasks"),
        ({"tasks": {"a": "blue"}}, "scores 'a' by 'blue'"),
        ({"tasks": TASKS, "metric": "bleu"}, "has no setting data.metric"),
    ],
)
def test_recipes_without_tasks_are_refused(data: dict[str, Any], said: str) -> None:
    table = {"name": "x", "task": "text-to-text", "data": {"train": "a.jsonl", **data}}

    with pytest.raises(RecipeError, match=said):
        check_recipe(table)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("language=zh", "asks for the slice 'language=zh'.*\n.*task=..., by=..."),
        ("colour", "asks for the slice 'colour'"),
    ],
)
def test_a_gate_of_a_slice_that_is_not_reported_is_refused(part: str, said: str) -> None:
    data = {"train": "a.jsonl", "tasks": TASKS, "slices": ["by"]}
    gate = {"rule": "at_most", "metric": "repetition", "slice": part}
    table = {"name": "x", "task": "text-to-text", "data": data, "gates": [gate]}

    with pytest.raises(RecipeError, match=said):
        check_recipe(table)
