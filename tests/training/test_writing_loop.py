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
from textwright.training.loop import TrainingData, train_network
from textwright.training.objective import NextToken
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


def data() -> TrainingData:
    return TrainingData(rows_of(160, 1), rows_of(30, 2), multi=True, objective=NextToken)


def run(form: str, folder: Path | None = None, **options: Any) -> tuple[WritingModel, History]:
    recipe = phrase_recipe(
        form, training={"epochs": 4, "batch_size": 16, "learning_rate": 0.02, "threads": 1}
    )
    assert isinstance(recipe.training, NetworkTrainingSettings)
    model = build_writing_model(recipe, VOCABULARY)
    checkpoint = folder / "checkpoint.safetensors" if folder else None
    return model, train_network(model, data(), recipe.training, checkpoint=checkpoint, **options)


def assert_same(one: WritingModel, other: WritingModel) -> None:
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, other.state_dict()[name]), name


@pytest.mark.parametrize("form", FORMS)
def test_equal_seeds_give_equal_weights_and_each_epoch_is_noted(form: str) -> None:
    (one, history), (other, _) = run(form), run(form)

    assert_same(one, other)
    assert len(history.epochs) == 4
    assert {each.metric for each in history.epochs} == {"log_probability"}
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss
    for each in history.epochs:
        assert -each.dev_score == pytest.approx(each.dev_loss, rel=0.05)


@pytest.mark.parametrize("form", FORMS)
def test_a_killed_training_goes_on_as_if_nothing_had_been(form: str, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        run(form, tmp_path, progress=KillAfter(2))

    resumed, history = run(form, tmp_path)

    assert_same(resumed, run(form)[0])
    assert [each.epoch for each in history.epochs] == [1, 2, 3, 4]
