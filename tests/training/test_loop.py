"""The training loop, on a network that learns in a second."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.small import (
    LABELS,
    VOCABULARY,
    small_data,
    small_recipe,
    small_rows,
    small_settings,
)
from textwright.errors import RecipeError, UsageError
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.batch import Batch, Encoding, make_batch
from textwright.training.history import EpochRecord, History
from textwright.training.loop import (
    TrainingData,
    best_epoch,
    in_scope,
    train_network,
)
from textwright.training.model import TextModel, build_model
from textwright.training.optimizer import has_bf16
from textwright.training.rows import Rows

ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.small import LABELS, VOCABULARY, small_data, small_recipe, small_settings
from textwright.training.history import Silence
from textwright.training.loop import train_network
from textwright.training.model import build_model


class Killer(Silence):
    batches = 0

    def advance(self):
        self.batches += 1
        if self.batches == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)


model = build_model(small_recipe(), VOCABULARY, LABELS)
path = Path(sys.argv[1])
train_network(model, small_data(), small_settings(), checkpoint=path, progress=Killer())
"""


class Listener:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def start(self, epochs: int, batches: int, done: int) -> None:
        """Keep the three."""
        self.heard.append((epochs, batches, done))

    def advance(self) -> None:
        """Keep that there was a batch."""
        self.heard.append("batch")

    def finish_epoch(self, record: EpochRecord) -> None:
        """Keep its number."""
        self.heard.append(record.epoch)


def train(
    settings: NetworkTrainingSettings,
    data: TrainingData | None = None,
    checkpoint: Path | None = None,
) -> tuple[TextModel, History]:
    model = build_model(small_recipe(), VOCABULARY, LABELS)
    return model, train_network(model, data or small_data(), settings, checkpoint=checkpoint)


def weights(model: TextModel) -> list[Tensor]:
    return [each.clone() for each in model.state_dict().values()]


def same(one: TextModel, other: TextModel) -> bool:
    return all(torch.equal(*pair) for pair in zip(weights(one), weights(other), strict=True))


def record(epoch: int, accuracy: float, loss: float = 1.0) -> EpochRecord:
    return EpochRecord(epoch, 1.0, loss, accuracy, 1.0, 1.0)


def test_it_learns_what_can_be_learned() -> None:
    model, history = train(small_settings(epochs=12))

    assert history.epochs[history.best - 1].dev_score > 0.9
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss
    assert not model.training


def test_equal_runs_give_equal_weights_bit_for_bit() -> None:
    torch.manual_seed(1)
    first, _ = train(small_settings())
    torch.manual_seed(2)
    second, _ = train(small_settings())

    assert same(first, second)
    assert not same(first, train(small_settings(seed=8))[0])


@pytest.mark.parametrize("batches", [1, 9, 15])
def test_a_killed_run_that_is_resumed_ends_with_the_same_weights(
    tmp_path: Path, batches: int
) -> None:
    path = tmp_path / "checkpoint"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLED, str(path), str(batches)]
    killed = subprocess.run(command, cwd=ROOT, env=environment, check=False)

    resumed, _ = train(small_settings(), checkpoint=path)
    whole, history = train(small_settings())

    assert killed.returncode == -signal.SIGKILL
    assert same(resumed, whole)
    assert len(history.epochs) == 3


def test_a_run_that_was_done_gives_its_weights_at_once(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    first, history = train(small_settings(), checkpoint=path)
    listener = Listener()

    again = build_model(small_recipe(), VOCABULARY, LABELS)
    repeated = train_network(
        again, small_data(), small_settings(), checkpoint=path, progress=listener
    )

    assert same(first, again)
    assert repeated == history
    assert listener.heard == [(3, 6, 3)]


def test_the_checkpoint_of_other_settings_or_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    train(small_settings(epochs=1), checkpoint=path)

    with pytest.raises(UsageError, match="another recipe"):
        train(small_settings(epochs=2), checkpoint=path)
    with pytest.raises(UsageError, match="other data"):
        train(small_settings(epochs=1), TrainingData(small_rows(90, 9), small_rows(30, 2)), path)


def test_the_best_epoch_is_kept_and_patience_ends_the_run() -> None:
    hopeless = replace(small_data().dev, targets=np.roll(small_data().dev.targets, 1, axis=0))
    data = TrainingData(small_data().train, hopeless)
    settings = small_settings(epochs=50, patience=2, schedule="constant", warmup=0.0)

    stopped, history = train(settings, data)
    exact, _ = train(replace(settings, epochs=history.best), data)

    assert len(history.epochs) == history.best + 2
    assert len(history.epochs) < 50
    assert same(stopped, exact)


def test_of_equal_accuracies_the_least_loss_is_best() -> None:
    records = [record(1, 0.5, 0.7), record(2, 0.9, 0.6), record(3, 0.9, 0.4), record(4, 0.9, 0.5)]

    assert best_epoch(records) == 3
    assert best_epoch([]) == 0


def test_without_dev_rows_the_last_epoch_is_kept() -> None:
    _, history = train(small_settings(), TrainingData(small_rows(30, 1), small_rows(0, 2)))

    assert history.best == 3
    assert np.isnan(history.epochs[-1].dev_score)


def test_rows_are_padded_as_make_batch_pads_them() -> None:
    empty = Encoding(np.zeros(0, dtype=np.int64))
    rows = small_rows(20, seed=3)
    rows = Rows([*rows.encodings, empty], np.zeros((21, LABELS), dtype=np.float32))
    places = np.array([20, 3, 7, 0])

    found = rows.batch(places)
    expected = make_batch([rows.encodings[each] for each in places])

    assert isinstance(expected, Batch)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.mask, expected.mask)


def test_accumulated_batches_are_one_step_of_their_texts() -> None:
    rows = Rows([small_rows(1, 1).encodings[0]] * 8, small_rows(8, 1).targets)
    plain = small_recipe(
        embedding={"kind": "one-hot"},
        encoder={"kind": "bilstm", "hidden": 6, "dropout": 0.0},
        decoder={"dropout": 0.0},
    )
    models = [build_model(plain, VOCABULARY, LABELS) for _ in range(2)]
    once, twice = (small_settings(epochs=1, batch_size=8), small_settings(epochs=1, batch_size=4))

    summed = replace(twice, gradient_accumulation=2)
    for model, settings in zip(models, (once, summed), strict=True):
        train_network(model, TrainingData(rows, rows), settings)

    for one, other in zip(*(weights(each) for each in models), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_rows_of_no_class_are_left_out_or_flatten_the_scores() -> None:
    data = small_data()
    nowhere = np.concatenate([data.train.targets, np.zeros((40, LABELS), dtype=np.float32)])
    strange = small_rows(40, seed=5).encodings
    mixed = TrainingData(Rows([*small_rows(90, seed=1).encodings, *strange], nowhere), data.dev)

    without, _ = train(small_settings(), data)
    left_out, _ = train(small_settings(out_of_scope="leave-out"), mixed)
    pulled, _ = train(small_settings(out_of_scope="uniform"), mixed)

    assert len(in_scope(mixed.train).targets) == 90
    assert same(without, left_out)
    assert not same(without, pulled)


def test_several_labels_a_text_can_be_learned() -> None:
    rows = small_rows(90, seed=1)
    both = np.concatenate([rows.targets, 1 - rows.targets[:, :1]], axis=1)
    data = TrainingData(Rows(rows.encodings, both), Rows(rows.encodings, both), multi=True)
    model = build_model(small_recipe(), VOCABULARY, LABELS + 1)

    history = train_network(model, data, small_settings(epochs=15))

    assert history.epochs[history.best - 1].dev_score > 0.8


@pytest.mark.skipif(not has_bf16(torch.device("cpu")), reason="no bf16 on this processor")
def test_bf16_trains_on_a_cpu() -> None:
    _, history = train(small_settings(epochs=10, precision="bf16"))

    assert history.epochs[history.best - 1].dev_score > 0.8


def test_a_loss_that_is_no_number_is_refused_with_a_way_out() -> None:
    model = build_model(small_recipe(), VOCABULARY, LABELS)
    with torch.no_grad():
        model.decoder.output.bias[0] = float("nan")

    with pytest.raises(RecipeError, match="learning_rate"):
        train_network(model, small_data(), small_settings(clip_norm=0.0))


def test_progress_hears_of_every_batch_and_epoch() -> None:
    listener = Listener()
    model = build_model(small_recipe(), VOCABULARY, LABELS)

    train_network(model, small_data(), small_settings(epochs=2), progress=listener)

    assert listener.heard == [(2, 6, 0), *["batch"] * 6, 1, *["batch"] * 6, 2]
