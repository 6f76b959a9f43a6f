"""Training on a CUDA device: it learns as on the CPU, goes on when killed, and ends on the CPU."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.phrases import FORMS, phrase_recipe, translate, write_phrases
from tests.training.small import LABELS, VOCABULARY, small_data, small_recipe, small_settings
from tests.training.test_resume import StoppedError, Stopper
from tests.workflow.versions import train_recipe
from textwright.models import load
from textwright.settings import find_settings
from textwright.training.history import History, Silence
from textwright.training.loop import train_network
from textwright.training.model import TextModel, build_model

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="this machine has no CUDA device"
)
EVERY_ENCODER = pytest.mark.parametrize(
    "encoder",
    [{"kind": "bilstm", "hidden": 6}, {"kind": "transformer", "hidden": 8, "heads": 2}],
    ids=lambda each: each["kind"],
)
NEAR: dict[str, Any] = {"atol": 0.05, "rtol": 0.05}  # sums in another order, over 36 steps


def run(
    device: str, encoder: dict[str, Any], checkpoint: Path | None = None, **changes: Any
) -> tuple[TextModel, History]:
    """Train without dropout, of which devices draw different numbers from one seed."""
    stop_after = changes.pop("stop_after", 0)
    embedding = {"kind": "learned", "dimensions": 8, "dropout": 0.0, "token_dropout": 0.0}
    recipe = small_recipe(
        embedding=embedding, encoder={**encoder, "dropout": 0.0}, decoder={"dropout": 0.0}
    )
    model = build_model(recipe, VOCABULARY, LABELS)
    settings = small_settings(device=device, epochs=6, **changes)
    progress = Stopper(stop_after) if stop_after else Silence()
    data = small_data()
    return model, train_network(model, data, settings, checkpoint=checkpoint, progress=progress)


def check_near(one: TextModel, other: TextModel) -> None:
    for here, there in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(here, there, **NEAR)


@EVERY_ENCODER
def test_it_learns_what_the_cpu_learns_and_ends_on_the_cpu(encoder: dict[str, Any]) -> None:
    (model, history), (expected, known) = run("cuda", encoder), run("cpu", encoder)

    assert {each.device.type for each in model.parameters()} == {"cpu"}
    assert history.epochs[0].train_loss == pytest.approx(known.epochs[0].train_loss, rel=1e-3)
    check_near(model, expected)


@EVERY_ENCODER
def test_a_killed_training_goes_on_where_it_was(encoder: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(StoppedError):
        run("cuda", encoder, path, stop_after=14)
    assert path.exists()

    resumed, history = run("cuda", encoder, path)

    assert [each.epoch for each in history.epochs] == [1, 2, 3, 4, 5, 6]
    check_near(resumed, run("cuda", encoder)[0])


@EVERY_ENCODER
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns_as_well(encoder: dict[str, Any], precision: str) -> None:
    (_, history), (_, known) = run("cuda", encoder, precision=precision), run("cuda", encoder)

    assert history.epochs[-1].dev_loss == pytest.approx(known.epochs[-1].dev_loss, abs=0.1)


@pytest.mark.parametrize(("form", "copy"), [*((each, False) for each in FORMS), ("lstm", True)])
def test_a_translation_is_trained_registered_and_asked(
    form: str, copy: bool, tmp_path: Path
) -> None:
    write_phrases(tmp_path)
    training = {
        "epochs": 9,
        "batch_size": 32,
        "learning_rate": 0.015,
        "label_smoothing": 0.0,
        "threads": 1,
        "device": "cuda",
    }
    recipe = phrase_recipe(form, copy=copy, training=training)
    settings = find_settings(create=True, start=tmp_path, environment={})

    trained = train_recipe(recipe, tmp_path, settings)

    assert trained.metrics["bleu"] > 60
    asked = load(trained.folder).predict(["ein hund sieht das haus"])[0]
    assert asked.text == translate("ein hund sieht das haus")
