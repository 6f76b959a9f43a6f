"""Translating from a recipe to a registered version: trained, scored, gated, compared, asked."""

import json
from pathlib import Path

import pytest

from tests.commands import Run
from tests.runtime.tiny import make_artifact
from tests.training.phrases import phrase_recipe, translate, write_phrases
from tests.workflow.versions import train_recipe
from textwright.errors import RecipeError, UsageError
from textwright.models import load
from textwright.recipe.file import check_recipe
from textwright.runtime.writing import WriteOptions
from textwright.settings import Settings
from textwright.workflow.compare import compare
from textwright.workflow.evaluate import evaluate
from textwright.workflow.train import TrainedVersion

GATES = [
    {"rule": "at_least", "metric": "bleu", "value": 60.0},
    {"rule": "not_worse_than", "metric": "bleu", "margin": 5.0},
    {"rule": "robust", "value": 100.0},
    {"rule": "at_most", "metric": "repetition", "value": 0.1},
    {"rule": "copied", "value": 20},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("phrases")
    write_phrases(found)
    return found


def train_form(
    form: str, folder: Path, settings: Settings, *, copy: bool = False
) -> TrainedVersion:
    return train_recipe(phrase_recipe(form, copy=copy, gates=GATES), folder, settings)


@pytest.fixture(scope="module")
def first(folder: Path, settings: Settings) -> TrainedVersion:
    return train_form("lstm", folder, settings, copy=True)


@pytest.fixture(scope="module")
def second(folder: Path, settings: Settings, first: TrainedVersion) -> TrainedVersion:
    assert first.number == 1
    return train_form("transformer", folder, settings)


def test_a_version_is_scored_beside_the_text_as_it_is(first: TrainedVersion) -> None:
    assert first.metrics["bleu"] > 60
    assert first.metrics["bleu_lowercase"] >= first.metrics["bleu"]
    assert first.report["baseline"]["bleu"] < 10
    assert first.report["baseline"]["name"] == "the text as it is"
    assert "tok:13a" in first.metrics["signatures"]["bleu"]
    assert [each.outcome for each in first.verdicts] == ["pass"] * 5


def test_the_artifact_holds_both_networks_and_the_card_says_what_was_counted(
    first: TrainedVersion,
) -> None:
    names = {each.name for each in first.folder.iterdir()}
    card = (first.folder / "card.md").read_text(encoding="utf-8")

    assert {"model.onnx", "step.onnx", "tokenizer.json"} <= names
    assert "| bleu lowercase, counted by | `sacreBLEU nrefs:1 case:lc" in card
    assert "not what is true" in card
    assert "say the same four words twice; for each word of the reference it writes" in card
    assert "the longest such span has" in card
    assert 0.8 < first.metrics["length_ratio"] < 1.2


def test_held_out_rows_are_kept_with_what_was_written(first: TrainedVersion) -> None:
    lines = (first.records / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(each) for each in lines]

    right = [row["answer"] == translate(row["text"]) for row in rows]
    assert sum(right) > len(rows) / 2
    assert rows[0]["right"] is None
    assert 0 <= rows[0]["score"] <= 100


def test_a_file_is_scored_again_with_the_same_figures(
    first: TrainedVersion, folder: Path, settings: Settings
) -> None:
    found = evaluate(first.name, folder / "test.jsonl", settings=settings)

    assert found["bleu"] == first.metrics["bleu"]
    with pytest.raises(UsageError, match="the beam keeps 0"):
        evaluate(first.name, folder / "test.jsonl", beam=0, settings=settings)


def test_versions_are_compared_on_the_same_rows(
    first: TrainedVersion, second: TrainedVersion, settings: Settings
) -> None:
    found = compare(first.name, second.name, settings=settings)

    assert {each.name for each in found.metrics} >= {"bleu", "bleu_lowercase", "chrf"}


def test_texts_are_translated_on_the_command_line(first: TrainedVersion, run: Run) -> None:
    asked = ["predict", str(first.folder), "das kind sieht ein haus"]

    best = run(*asked, "--best", "2", "--json")
    plain, refused = run(*asked), run(*asked, "--beam", "2", "--best", "3")

    assert (best.code, len(best.json["others"])) == (0, 1)
    assert (plain.code, plain.out, plain.err) == (0, best.json["text"] + "\n", "")
    assert refused.code == 2
    assert "the beam keeps 2" in refused.err


def test_a_model_that_writes_nothing_refuses_to_be_told_how(tmp_path: Path) -> None:
    make_artifact(tmp_path / "intents")

    with pytest.raises(UsageError, match="'classify' writes no text"):
        load(tmp_path / "intents").write_by(WriteOptions(best=2))


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"encoder": {"kind": "none"}}, "reads nothing that is written from"),
        ({"embedding": {"kind": "one-hot"}}, "tells no next token"),
        ({"tokenizer": {"kind": "words"}}, "tokenizer.kind is 'words'"),
        ({"decoder": {"form": "transformer", "hidden": 20, "heads": 4}}, "4 heads cannot share"),
        ({"data": {"train": "a.jsonl", "label": "x"}}, "has no setting data.label"),
        ({"abstention": {}}, "has no .abstention."),
    ],
)
def test_recipes_that_cannot_write_are_refused(sections: dict[str, object], said: str) -> None:
    table = {"name": "x", "task": "generate", "data": {"train": "a.jsonl"}, **sections}

    with pytest.raises(RecipeError, match=said):
        check_recipe(table)


def test_options_hold_for_a_loaded_model(first: TrainedVersion) -> None:
    model = load(first.folder)
    model.write_by(WriteOptions(best=2))

    (answer,) = model.predict(["ein hund"])

    assert len(answer.others) == 1
