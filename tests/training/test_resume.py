"""A run stopped anywhere and resumed ends as one that was never stopped, whatever it trains."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.small import (
    LABELS,
    VOCABULARY,
    small_data,
    small_recipe,
    small_rows,
    small_settings,
)
from textwright.errors import UsageError
from textwright.recipe.recipe import Recipe
from textwright.recipe.training import NetworkTrainingSettings
from textwright.training.checkpoint import load_checkpoint, save_checkpoint
from textwright.training.history import History, Silence
from textwright.training.loop import TrainingData, fingerprint, train_network
from textwright.training.model import TextModel, build_model
from textwright.training.optimizer import has_bf16
from textwright.training.rows import Rows

PLAIN = small_recipe()
DEEP = small_recipe(
    encoder={"kind": "bilstm", "hidden": 4, "layers": 2}, decoder={"pooling": "max"}
)
WAYS: dict[str, tuple[Recipe, dict[str, Any]]] = {
    "plain": (PLAIN, {}),
    "accumulated": (PLAIN, {"gradient_accumulation": 4, "batch_size": 8}),
    "half precision": (PLAIN, {"precision": "bf16"}),
    "weighed and smoothed": (PLAIN, {"class_weights": "balanced", "label_smoothing": 0.1}),
    "patient": (PLAIN, {"epochs": 6, "patience": 1, "learning_rate": 0.3}),
    "deep": (DEEP, {"schedule": "linear", "weight_decay": 0.5}),
}


class StoppedError(Exception):
    """Stands for the end of the process."""


class Stopper(Silence):
    """Ends a run after a number of batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def advance(self) -> None:
        """Count one batch, and stop after the last."""
        self.left -= 1
        if not self.left:
            raise StoppedError


def run(
    recipe: Recipe,
    settings: NetworkTrainingSettings,
    *,
    checkpoint: Path | None = None,
    stop_after: int = 0,
    data: TrainingData | None = None,
) -> tuple[TextModel, History]:
    data = data or small_data()
    model = build_model(recipe, VOCABULARY, data.train.targets.shape[1])
    progress = Stopper(stop_after) if stop_after else Silence()
    return model, train_network(model, data, settings, checkpoint=checkpoint, progress=progress)


def check_same(one: tuple[TextModel, History], other: tuple[TextModel, History]) -> None:
    """Compare weights bit for bit, and all of the history but the times."""
    for first, second in zip(
        one[0].state_dict().values(), other[0].state_dict().values(), strict=True
    ):
        assert first.numpy().tobytes() == second.numpy().tobytes()
    told = [
        [(each.epoch, each.train_loss, each.dev_loss, each.dev_score) for each in run.epochs]
        for run in (one[1], other[1])
    ]
    assert told[0] == told[1]
    assert one[1].best == other[1].best


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_training_is_resumed_bit_for_bit(way: str, tmp_path: Path) -> None:
    recipe, changes = WAYS[way]
    if "precision" in changes and not has_bf16(torch.device("cpu")):
        pytest.skip("no bf16 on this processor")
    settings = small_settings(**changes)
    path = tmp_path / "checkpoint"
    batches = -(-90 // settings.batch_size)

    with pytest.raises(StoppedError):
        run(recipe, settings, checkpoint=path, stop_after=batches + 2)

    assert path.exists()
    check_same(run(recipe, settings, checkpoint=path), run(recipe, settings))


def test_a_run_stopped_in_every_epoch_is_still_the_same_run(tmp_path: Path) -> None:
    settings, path = small_settings(epochs=4), tmp_path / "checkpoint"
    for _ in range(3):  # each time one epoch further, and into the next
        with pytest.raises(StoppedError):
            run(PLAIN, settings, checkpoint=path, stop_after=8)

    check_same(run(PLAIN, settings, checkpoint=path), run(PLAIN, settings))


def test_a_run_of_several_labels_is_resumed_bit_for_bit(tmp_path: Path) -> None:
    rows = small_data().train
    both = Rows(
        small_rows(90, seed=1).encodings, np.concatenate([rows.targets, 1 - rows.targets], axis=1)
    )
    data = TrainingData(both, both, multi=True)
    settings, path = small_settings(), tmp_path / "checkpoint"
    with pytest.raises(StoppedError):
        run(PLAIN, settings, checkpoint=path, stop_after=10, data=data)

    check_same(run(PLAIN, settings, checkpoint=path, data=data), run(PLAIN, settings, data=data))


def test_a_best_epoch_from_before_the_stop_is_kept_after_it(tmp_path: Path) -> None:
    hopeless = TrainingData(
        small_data().train,
        Rows(small_rows(30, seed=2).encodings, np.roll(small_data().dev.targets, 1, axis=0)),
    )  # the better it learns, the worse dev becomes
    settings, path = small_settings(epochs=6, patience=0), tmp_path / "checkpoint"
    whole = run(PLAIN, settings, data=hopeless)
    assert whole[1].best < 6
    with pytest.raises(StoppedError):
        run(PLAIN, settings, checkpoint=path, stop_after=6 * 5 + 1, data=hopeless)

    check_same(run(PLAIN, settings, checkpoint=path, data=hopeless), whole)


def test_a_resumed_run_takes_nothing_from_the_weights_it_is_handed(tmp_path: Path) -> None:
    settings, path = small_settings(), tmp_path / "checkpoint"
    with pytest.raises(StoppedError):
        run(PLAIN, settings, checkpoint=path, stop_after=8)
    model = build_model(PLAIN, VOCABULARY, LABELS)
    with torch.no_grad():
        for each in model.parameters():
            each.fill_(0.25)

    history = train_network(model, small_data(), settings, checkpoint=path)

    check_same((model, history), run(PLAIN, settings))


def changed_rows(data: TrainingData, part: str) -> TrainingData:
    """Swap two labels in one part of the data."""
    rows = getattr(data, part)
    targets = rows.targets.copy()
    targets[[0, 1]] = targets[[1, 0]]
    parts = {"train": data.train, "dev": data.dev, part: Rows(rows.encodings, targets)}
    return TrainingData(parts["train"], parts["dev"])


def test_the_mark_of_a_run_is_the_same_each_time_and_another_for_any_change() -> None:
    data, settings = small_data(), small_settings()
    model = build_model(PLAIN, VOCABULARY, LABELS)
    others = [
        fingerprint(model, data, small_settings(seed=8)),
        fingerprint(model, data, small_settings(gradient_accumulation=2)),
        fingerprint(model, changed_rows(data, "train"), settings),
        fingerprint(model, changed_rows(data, "dev"), settings),
        fingerprint(model, TrainingData(data.dev, data.train), settings),
        fingerprint(model, TrainingData(data.train, data.dev, multi=True), settings),
        *(
            fingerprint(build_model(small_recipe(**section), VOCABULARY, LABELS), data, settings)
            for section in (
                {"encoder": {"kind": "bilstm", "hidden": 7}},
                {"encoder": {"kind": "bilstm", "hidden": 6, "dropout": 0.1}},
                {"embedding": {"kind": "learned", "dimensions": 8, "token_dropout": 0.5}},
                {"decoder": {"pooling": "mean"}},
                {"decoder": {"pooling": "last"}},
            )
        ),
    ]

    mark = fingerprint(model, data, settings)
    assert mark == fingerprint(build_model(PLAIN, VOCABULARY, LABELS), small_data(), settings)
    assert len({mark, *others}) == 1 + len(others)


def test_texts_are_told_apart_in_the_mark_by_where_they_end() -> None:
    def mark(*texts: list[int]) -> str:
        encodings = [
            small_rows(90, seed=1).encodings[0].__class__(np.array(each)) for each in texts
        ]
        rows = Rows(encodings, np.eye(2, dtype=np.float32))
        model = build_model(PLAIN, VOCABULARY, 2)
        return fingerprint(model, TrainingData(rows, rows), small_settings())

    assert mark([2, 3], [4]) != mark([2], [3, 4])


def test_the_loss_scale_of_fp16_is_kept_in_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    model, _ = run(PLAIN, small_settings(epochs=1), checkpoint=path)
    mark = fingerprint(model, small_data(), small_settings(epochs=1))

    tensors, table = load_checkpoint(path, mark)

    assert table["scaler"] == {}  # nothing is scaled on a CPU
    assert {name.partition(".")[0] for name in tensors} == {"model", "best", "optimizer"}
    assert {name.rpartition(".")[2] for name in tensors if name.startswith("optimizer")} == {
        "step",
        "exp_avg",
        "exp_avg_sq",
    }


def test_a_link_or_folder_in_the_place_of_a_checkpoint_is_no_reason_for_a_traceback(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load_checkpoint(tmp_path / "folder", "abc")
    save_checkpoint(tmp_path / "checkpoint", {"w": torch.eye(2)}, {"fingerprint": "abc"})
    (tmp_path / "link").symlink_to(tmp_path / "checkpoint")
    assert torch.equal(load_checkpoint(tmp_path / "link", "abc")[0]["w"], torch.eye(2))


def test_tensors_without_their_table_are_no_checkpoint(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"model.w": torch.eye(2)}, tmp_path / "checkpoint")

    with pytest.raises(UsageError, match="Start afresh, without --resume"):
        load_checkpoint(tmp_path / "checkpoint", "abc")
