"""Training networks that write: the same each time, also when it was killed in between."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.phrases import FORMS, phrase_recipe
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.batch import Encoding
from textwright.training.history import EpochRecord, History, Silence
from textwright.training.loop import Training, TrainingData, train_network
from textwright.training.objective import NextToken
from textwright.training.optimizer import has_bf16
from textwright.training.writing_model import WritingModel, build_writing_model
from textwright.training.writing_rows import WritingRows, pad_targets

VOCABULARY = 12


class KilledError(Exception):
    """Stands for the end of the process."""


class KillAfter(Silence):
    """Ends a training after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def finish_epoch(self, record: EpochRecord) -> None:
        """End it."""
        if record.epoch == self.epochs:
            raise KilledError


def rows_of(count: int, seed: int) -> WritingRows:
    """Make texts of which the reverse is to be written."""
    chance = np.random.default_rng(seed)
    texts = [Encoding(chance.integers(3, VOCABULARY, chance.integers(1, 5))) for _ in range(count)]
    return WritingRows(texts, pad_targets([Encoding(each.ids[::-1]) for each in texts]))


def training_of(rows: WritingRows) -> Training:
    settings = {"epochs": 1, "batch_size": 32, "gradient_accumulation": 2, "label_smoothing": 0.0}
    recipe = phrase_recipe("lstm", training=settings)
    assert isinstance(recipe.training, NetworkTrainingSettings)
    model = build_writing_model(recipe, VOCABULARY)
    data = TrainingData(rows, rows, multi=True, objective=NextToken)
    return Training(model, data, recipe.training)


def data() -> TrainingData:
    return TrainingData(rows_of(160, 1), rows_of(30, 2), multi=True, objective=NextToken)


def run(
    form: str,
    folder: Path | None = None,
    *,
    copy: bool = False,
    precision: str = "fp32",
    **options: Any,
) -> tuple[WritingModel, History]:
    training = {"epochs": 4, "batch_size": 16, "learning_rate": 0.02, "threads": 1}
    recipe = phrase_recipe(form, copy=copy, training={**training, "precision": precision})
    assert isinstance(recipe.training, NetworkTrainingSettings)
    model = build_writing_model(recipe, VOCABULARY)
    checkpoint = folder / "checkpoint.safetensors" if folder else None
    return model, train_network(model, data(), recipe.training, checkpoint=checkpoint, **options)


def assert_same(one: WritingModel, other: WritingModel) -> None:
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, other.state_dict()[name]), name


@pytest.mark.skipif(not has_bf16(torch.device("cpu")), reason="no bf16 on this processor")
@pytest.mark.parametrize("copy", [False, True], ids=["", "copy"])
@pytest.mark.parametrize("form", FORMS)
def test_half_precision_learns_as_well(form: str, copy: bool) -> None:
    (_, history), (_, known) = run(form, copy=copy, precision="bf16"), run(form, copy=copy)

    assert history.epochs[-1].dev_loss == pytest.approx(known.epochs[-1].dev_loss, abs=0.1)


@pytest.mark.parametrize("form", FORMS)
def test_equal_seeds_give_equal_weights_and_each_epoch_is_noted(form: str) -> None:
    (one, history), (other, _) = run(form), run(form)

    assert_same(one, other)
    assert len(history.epochs) == 4
    assert {each.metric for each in history.epochs} == {"log_probability"}
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss
    for each in history.epochs:
        assert -each.dev_score == pytest.approx(each.dev_loss, rel=1e-5)


def test_every_token_counts_alike_however_long_the_texts_of_its_batch_are() -> None:
    texts = [Encoding(np.full(length, 4 + length // 5)) for length in [2] * 32 + [20] * 32]
    training = training_of(WritingRows(texts, pad_targets(texts)))
    model, short, long = training.model, np.arange(32), np.arange(32, 64)

    loss, score = training.measure()
    for places in (short, long):  # 3 and 21 tokens a text, the end among them
        training.add_gradients(places, 32 * (3 + 21))
    parts = [each.grad.clone() for each in model.parameters() if each.grad is not None]
    model.zero_grad()
    training.add_gradients(np.concatenate([short, long]), 32 * (3 + 21))
    whole = [each.grad for each in model.parameters() if each.grad is not None]

    assert loss == pytest.approx(-score, rel=1e-5)
    for one, other in zip(parts, whole, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)
    assert training.learn(1, Silence()) == pytest.approx(loss, rel=1e-4)  # of a single step


@pytest.mark.parametrize("form", FORMS)
def test_a_killed_training_goes_on_as_if_nothing_had_been(form: str, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        run(form, tmp_path, progress=KillAfter(2))

    resumed, history = run(form, tmp_path)

    assert_same(resumed, run(form)[0])
    assert [each.epoch for each in history.epochs] == [1, 2, 3, 4]
