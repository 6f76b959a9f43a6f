"""Recipes over a pretrained encoder, from the file to the answers of the base install."""

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.conftest import write_rows
from tests.installed import run_installed
from tests.networks.tiny_checkpoints import write_checkpoint
from tests.training.test_fit import SUBJECTS
from tests.workflow.versions import train_file
from textwright.errors import RecipeError
from textwright.lifecycle.tables import Run
from textwright.models import load
from textwright.recipe.file import read_recipe
from textwright.runtime.explain import explain_words
from textwright.settings import Settings
from textwright.workflow.opening import open_keep
from textwright.workflow.train import TrainedVersion

RECIPE = """
name = "subjects"
[data]
train = "train.jsonl"
dev = "train.jsonl"
test = "train.jsonl"
[encoder]
kind = "pretrained"
model = "tiny"
[decoder]
dropout = 0.0
[training]
threads = 1
batch_size = 8
learning_rate = 0.05
epochs = 30
"""
LORA = ("encoder.train=lora", "decoder.pooling=first", "training.learning_rate=0.01")
FULL = ("encoder.train=full", "decoder.pooling=first", "training.learning_rate=0.005")
SMALL = (*FULL, "encoder.export=int8", "encoder.export_loss=0.3")
OVERRIDES = {"frozen": (), "tuned": FULL, "adapted": LORA, "quantized": SMALL}
WAYS = pytest.mark.parametrize("way", OVERRIDES)
ENDINGS = ("", " now", " at all", " please")
ROWS = [
    (f"{text}{end}", label)
    for label, texts in SUBJECTS.items()
    for text in texts
    for end in ENDINGS
]
ANSWER = """
import sys
from textwright.models import load
for answer in load(sys.argv[1]).predict(["my card is lost", ""]):
    print(answer.label, answer.warning)
"""


@pytest.fixture(scope="module")
def folder(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with recipe, data, and the encoder beside them."""
    made = tmp_path_factory.mktemp("subjects")
    write_rows(made / "train.jsonl", ROWS)
    (made / "subjects.toml").write_text(RECIPE)
    (made / "tiny").symlink_to(checkpoint)
    return made


def trained(folder: Path, settings: Settings, *overrides: str) -> TrainedVersion:
    return train_file(folder / "subjects.toml", settings, *overrides)


@pytest.fixture(scope="module")
def frozen(folder: Path, settings: Settings) -> TrainedVersion:
    return trained(folder, settings)


@pytest.fixture(scope="module")
def tuned(folder: Path, settings: Settings) -> TrainedVersion:
    return trained(folder, settings, *FULL)


@pytest.fixture(scope="module")
def adapted(folder: Path, settings: Settings) -> TrainedVersion:
    return trained(folder, settings, *LORA)


@pytest.fixture(scope="module")
def quantized(folder: Path, settings: Settings) -> TrainedVersion:
    return trained(folder, settings, *SMALL)


@WAYS
def test_it_learns_and_equal_seeds_give_equal_artifacts(
    way: str, folder: Path, settings: Settings, request: pytest.FixtureRequest
) -> None:
    found: TrainedVersion = request.getfixturevalue(way)
    for path in settings.states.glob("*.npy"):
        path.unlink()

    again = trained(folder, settings, *OVERRIDES[way])

    assert found.metrics["accuracy"] > 0.5
    assert again.artifact == found.artifact


def test_what_adapters_learned_stands_in_the_weights_of_the_encoder_itself(
    frozen: TrainedVersion, adapted: TrainedVersion
) -> None:
    before, after = (load_file(each.folder / "weights.safetensors") for each in (frozen, adapted))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}

    assert before.keys() == after.keys()
    assert "encoder.inner.encoder.layer.0.attention.self.query.weight" in changed
    assert "encoder.inner.encoder.layer.1.output.dense.weight" in changed
    assert not {name for name in changed if "embeddings" in name or "bias" in name} - {
        "decoder.output.bias"
    }


def test_states_computed_before_give_the_same_artifact(
    folder: Path, settings: Settings, frozen: TrainedVersion
) -> None:
    trained(folder, settings)
    before = {path: path.stat().st_mtime_ns for path in settings.states.glob("*.npy")}

    again = trained(folder, settings)

    assert len(before) == 1  # dev and train are the same texts
    assert {path: path.stat().st_mtime_ns for path in settings.states.glob("*.npy")} == before
    assert again.artifact == frozen.artifact


def test_the_tokenizer_goes_into_the_artifact_as_it_is(
    frozen: TrainedVersion, checkpoint: Path
) -> None:
    kept = (frozen.folder / "tokenizer.json").read_bytes()

    assert kept == (checkpoint / "tokenizer.json").read_bytes()


def test_the_artifact_names_the_model_without_its_folder_and_the_run_its_digest(
    frozen: TrainedVersion, settings: Settings
) -> None:
    recipe = tomllib.loads((frozen.folder / "recipe.toml").read_text())
    with open_keep(settings) as keep, keep.sessions() as session:
        run = session.get(Run, frozen.run)
        assert run is not None
        datasets = run.datasets

    assert recipe["encoder"]["model"] == "tiny"
    assert datasets["encoder"] == frozen.report["encoder"]["digest"]


@WAYS
def test_the_base_install_answers(way: str, request: pytest.FixtureRequest) -> None:
    found: TrainedVersion = request.getfixturevalue(way)

    first, second = run_installed(ANSWER, str(found.folder)).splitlines()

    assert first.strip() == load(found.folder).predict(["my card is lost"])[0].label
    assert second.endswith("The text holds nothing to read.")


def test_marks_in_a_text_and_words_unknown_are_what_they_look_like(frozen: TrainedVersion) -> None:
    model = load(frozen.folder)
    plain, marked, strange = model.encode(["my card", "my [SEP] card", "zork quux my"])

    assert plain.ids.tolist()[0] == 3
    assert marked.ids.tolist().count(4) == 1
    assert "never seen" in model.predict(["zork quux my"])[0].warning
    assert strange.added == 2


def test_a_long_text_is_cut_before_its_last_mark(folder: Path, settings: Settings) -> None:
    found = trained(folder, settings, "tokenizer.max_tokens=8", "training.epochs=1")
    model = load(found.folder)

    (long,), (answer,) = model.encode(["my card " * 9]), model.predict(["my card " * 9])

    assert (len(long.ids), long.ids[-1]) == (8, 4)
    assert answer.truncated
    assert not model.predict(["my card"])[0].truncated


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("tokenizer.max_tokens=513", "reads 512"),
        ("encoder.model=elsewhere", "no folder"),
        ("tokenizer.vocabulary=100", "brings its own"),
        ("tokenizer.kind=words", "none of its choices"),
        ("embedding.dimensions=8", "not used by the encoder 'pretrained'"),
        ("encoder.hidden=8", "no setting encoder.hidden"),
        ("encoder.model=", "names no model"),
        ("training.few_shot=true", "this recipe has none that learns"),
    ],
)
def test_what_does_not_go_with_it_is_refused_before_any_training(
    folder: Path, settings: Settings, change: str, said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        trained(folder, settings, change)


def test_what_learns_chooses_the_defaults_of_the_training(folder: Path) -> None:
    def defaults(*changes: str) -> Any:
        table = (folder / "subjects.toml").read_text().split("[training]")[0]
        (folder / "plain.toml").write_text(table)
        return read_recipe(folder / "plain.toml", changes).training

    assert (defaults().epochs, defaults().head_learning_rate_factor) == (40, 1)
    tuning = defaults("encoder.train=full")
    assert (tuning.epochs, tuning.head_learning_rate_factor, tuning.learning_rate) == (3, 10, 2e-4)
    adapted = defaults("encoder.train=lora")
    assert (adapted.epochs, adapted.head_learning_rate_factor) == (3, 10)
    assert adapted.learning_rate == 1e-3
    few = defaults("encoder.train=full", "training.few_shot=true")
    assert (few.epochs, few.head_epochs, few.head_learning_rate_factor) == (1, 40, 10)


def test_few_rows_are_not_learned_from_where_a_text_has_several_labels(folder: Path) -> None:
    changes = ("encoder.train=full", "training.few_shot=true", "data.multi_label=true")

    with pytest.raises(RecipeError, match="needs one label a text"):
        read_recipe(folder / "subjects.toml", changes)


def test_a_run_without_a_network_names_no_encoder(frozen: TrainedVersion) -> None:
    assert json.loads((frozen.folder / "metrics.json").read_text())["encoder"].keys() == {"digest"}


@pytest.mark.parametrize("kind", ["albert", "distilbert", "mpnet", "modernbert"])
def test_other_families_are_tuned_and_served(
    folder: Path, settings: Settings, tmp_path: Path, kind: str
) -> None:
    place = write_checkpoint(tmp_path / kind, kind, pad_token_id=0)

    found = trained(
        folder,
        settings,
        f"encoder.model={place}",
        "encoder.train=full",
        "encoder.frozen_layers=" + ("0" if kind == "albert" else "1"),  # its layers are one
        "training.learning_rate=0.005",
        "training.epochs=2",
    )

    texts = ["my card is lost", "please tell me " * 30]
    model = load(found.folder)
    alone = np.concatenate([model.outputs([each]) for each in texts])
    np.testing.assert_allclose(model.outputs(texts), alone, atol=1e-5)
    assert {each.label for each in model.predict(texts)} <= set(SUBJECTS)


def test_long_texts_are_read_in_windows_and_the_last_one_counts(
    folder: Path, settings: Settings
) -> None:
    windows = ("tokenizer.max_tokens=8", "tokenizer.windows=4", "tokenizer.overlap=1")
    found = trained(folder, settings, *windows)
    model = load(found.folder)
    text = "my card is lost please " * 4

    (whole, other, cut) = model.outputs([text, f"{text} rain", text + "rain " * 9])

    assert np.abs(whole - other).max() > 1e-4
    assert [each.truncated for each in model.predict([text, text + "rain " * 9])] == [False, True]
    assert np.isfinite(cut).all()
    assert "4 windows of 8 tokens" in (found.folder / "card.md").read_text()
    words = explain_words(model, text).words
    assert [word.text for word in words] == text.split()
