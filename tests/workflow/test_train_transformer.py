"""Recipes over a transformer that learns from the task alone, for every task that there is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import write_rows
from tests.training.pairs import write_pairs
from tests.workflow.test_train_pretrained import ROWS
from textwright.models import load
from textwright.runtime.explain import explain_words
from textwright.settings import Settings
from textwright.workflow.train import TrainedVersion, train

RECIPE = """
name = "{name}"
task = "{task}"
[data]
train = "{train}.jsonl"
dev = "{dev}.jsonl"
test = "{dev}.jsonl"
[embedding]
dimensions = 16
dropout = 0.0
token_dropout = 0.0
[encoder]
kind = "transformer"
layers = 2
hidden = 16
heads = 2
[training]
epochs = 4
learning_rate = 0.01
threads = 1
batch_size = 8
"""
ASKED: dict[str, list[Any]] = {
    "classify": ["my card is lost", "will it rain", "tell me now please " * 9, ""],
    "match": [("the cat runs", "a cat runs"), ("the cat", "x " * 99), ("", "a dog sleeps")],
    "embed": ["the cat runs", "a river " * 60, ""],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("tasks")
    write_pairs(found)
    write_rows(found / "subjects.jsonl", ROWS)
    return found


@pytest.fixture(scope="module", params=["classify", "match", "embed"])
def version(request: pytest.FixtureRequest, folder: Path, settings: Settings) -> TrainedVersion:
    task = request.param
    files = ("subjects", "subjects") if task == "classify" else ("train", "dev")
    text = RECIPE.format(name=task, task=task, train=files[0], dev=files[1])
    (folder / f"{task}.toml").write_text(text, encoding="utf-8")
    return train(folder / f"{task}.toml", settings=settings)


def test_it_learns_every_task(version: TrainedVersion) -> None:
    learned = {
        "classify": ("accuracy", 0.9),
        "match": ("spearman", 0.5),
        "embed": ("spearman", 0.5),
    }
    metric, least = learned[version.model]

    assert version.metrics[metric] > least


def test_what_it_says_depends_on_no_other_text(version: TrainedVersion) -> None:
    model = load(version.folder)
    asked = ASKED[version.model]

    together = model.outputs(asked)

    for text, found in zip(asked, together, strict=True):
        np.testing.assert_allclose(model.outputs([text])[0], found, rtol=0, atol=1e-5)


def test_a_classifier_tells_its_attention_on_each_word(folder: Path, settings: Settings) -> None:
    (folder / "again.toml").write_text(
        RECIPE.format(name="again", task="classify", train="subjects", dev="subjects")
    )
    found = train(folder / "again.toml", overrides=["training.epochs=1"], settings=settings)

    words = explain_words(load(found.folder), "my card is lost").words

    shares = [each.attention for each in words if each.attention is not None]
    assert [each.text for each in words] == ["my", "card", "is", "lost"]
    assert sum(shares) == pytest.approx(1.0, abs=1e-5)
