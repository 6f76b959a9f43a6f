"""Recipes whose encoder's weights may not be copied: trained, answered without torch, refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from tests.conftest import write_rows
from tests.installed import run_installed
from tests.workflow.test_train_pretrained import ANSWER, RECIPE, ROWS
from tests.workflow.versions import train_file
from textwright.errors import ArtifactError, DataError, RecipeError
from textwright.manifest import describe_file, read_manifest
from textwright.models import load
from textwright.settings import Settings, find_settings
from textwright.workflow.train import TrainedVersion

NAMED = "encoder.weights=reference"


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """Give a folder with recipe, data, and the encoder beside them."""
    write_rows(tmp_path / "train.jsonl", ROWS)
    (tmp_path / "subjects.toml").write_text(RECIPE)
    shutil.copytree(checkpoint, tmp_path / "tiny")
    return tmp_path


@pytest.fixture
def settings(folder: Path) -> Settings:
    return find_settings(create=True, start=folder, environment={})


def trained(folder: Path, settings: Settings, *overrides: str) -> TrainedVersion:
    return train_file(folder / "subjects.toml", settings, "training.epochs=2", *overrides)


@pytest.fixture
def version(folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> TrainedVersion:
    """Give a version whose weights lie outside; TEXTWRIGHT_WEIGHTS says where."""
    monkeypatch.setenv("TEXTWRIGHT_WEIGHTS", str(folder / "tiny"))
    return trained(folder, settings, NAMED)


def test_the_artifact_holds_their_hash_and_none_of_their_numbers(
    version: TrainedVersion, folder: Path
) -> None:
    path = folder / "tiny" / "model.safetensors"
    held = b"".join(each.read_bytes() for each in version.folder.iterdir())

    assert read_manifest(version.folder).outside == (describe_file(path),)
    assert list(load_file(version.folder / "weights.safetensors")) == [
        "decoder.output.bias",
        "decoder.output.weight",
    ]
    with safe_open(path, framework="numpy") as weights:
        for name in weights.keys():  # noqa: SIM118  no dict
            tensor = weights.get_tensor(name)
            assert tensor.tobytes() not in held, name
            assert tensor.T.tobytes() not in held, name


def test_answers_are_those_of_an_artifact_that_holds_its_weights(
    version: TrainedVersion, folder: Path, settings: Settings
) -> None:
    whole = trained(folder, settings)
    texts = ["my card is lost", "will it rain", ""]

    named, copied = (load(each.folder).outputs(texts) for each in (version, whole))

    assert "outside" not in json.loads((whole.folder / "manifest.json").read_text())
    np.testing.assert_allclose(named, copied, atol=1e-6)


def test_the_base_install_answers(version: TrainedVersion, folder: Path) -> None:
    weights = {"TEXTWRIGHT_WEIGHTS": str(folder / "tiny")}

    answers = run_installed(ANSWER, str(version.folder), environment=weights)

    assert len(answers.splitlines()) == 2


def test_where_the_weights_are_missing_or_others_it_says_which(
    version: TrainedVersion, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "tiny" / "model.safetensors"
    (entry,) = read_manifest(version.folder).outside
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(ArtifactError, match=f"{path} has SHA-256"):
        load(version.folder)
    monkeypatch.delenv("TEXTWRIGHT_WEIGHTS")
    with pytest.raises(ArtifactError, match=f"model.safetensors with SHA-256 {entry.sha256}"):
        load(version.folder)


def test_training_is_refused_where_the_artifact_would_not_find_them(
    folder: Path, settings: Settings
) -> None:
    with pytest.raises(ArtifactError) as refused:
        trained(folder, settings, NAMED)

    assert f"TEXTWRIGHT_WEIGHTS={folder / 'tiny'}" in refused.value.hint


def test_weights_that_learn_cannot_stay_outside(folder: Path, settings: Settings) -> None:
    with pytest.raises(RecipeError, match="changes the weights"):
        trained(folder, settings, NAMED, "encoder.train=full")


def test_weights_in_half_precision_are_refused(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import save_file

    path = folder / "tiny" / "model.safetensors"
    halves = {name: each.astype(np.float16) for name, each in load_file(path).items()}
    save_file(halves, path, metadata={"format": "pt"})
    monkeypatch.setenv("TEXTWRIGHT_WEIGHTS", str(folder / "tiny"))

    with pytest.raises(DataError, match="does not hold all weights"):
        trained(folder, settings, NAMED)
