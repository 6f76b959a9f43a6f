"""Few rows a class: which pairs are drawn, that texts of a class draw together, and a kill."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from tests.conftest import write_rows
from tests.training.small import LABELS, VOCABULARY, small_recipe, small_rows
from tests.training.test_fit import SUBJECTS
from textwright.errors import DataError
from textwright.recipe.data import DataSettings
from textwright.recipe.recipe import Recipe
from textwright.recipe.training import FewShotSettings
from textwright.text.batch import Encoding
from textwright.text.splits import read_splits
from textwright.training.few_shot import Reader, pair_rows, tune_encoder
from textwright.training.fit import Fitted, Workplace, fit
from textwright.training.history import EpochRecord
from textwright.training.model import build_model
from textwright.training.progress import Quiet
from textwright.training.rows import Rows


def rows_of(*classes: int | None) -> Rows:
    """Give a row for each class, whose only token is its number; None: of no class."""
    targets = np.zeros((len(classes), LABELS), dtype=np.float32)
    for row, each in enumerate(classes):
        if each is not None:
            targets[row, each] = 1
    return Rows([Encoding(np.array([row])) for row in range(len(classes))], targets)


def pairs_of(rows: Rows) -> list[frozenset[int]]:
    ids = [int(each.ids[0]) for each in rows.encodings]
    return [frozenset(pair) for pair in zip(ids[::2], ids[1::2], strict=True)]


def test_all_pairs_of_a_class_come_once_and_are_named_by_it() -> None:
    rows = rows_of(0, 0, 1, 0, None, 2, 1, 0, 1, None)

    found = pair_rows(rows, 100, seed=3)

    expected = [*combinations((0, 1, 3, 7), 2), *combinations((2, 6, 8), 2)]
    assert sorted(map(sorted, pairs_of(found))) == sorted(map(sorted, expected))
    assert found.texts == 2
    for pair, (first, second, label) in zip(pairs_of(found), found.targets, strict=True):
        assert {int(rows.targets[each].argmax()) for each in pair} == {first} == {second}
        assert np.isnan(label)


def test_no_more_pairs_than_said_and_every_class_among_them() -> None:
    rows = rows_of(*[0] * 30, *[1] * 30, *[2] * 30)

    all_alike, few = pair_rows(rows, 90, seed=3), pair_rows(rows, 45, seed=3)

    counts = np.bincount([each for pair in pairs_of(all_alike) for each in pair])
    assert counts.tolist() == [2] * 90
    assert len(pairs_of(few)) == 45
    assert np.bincount(few.targets[:, 0].astype(int), minlength=3).min() > 5
    assert pairs_of(few) == pairs_of(pair_rows(rows, 45, seed=3))
    assert pairs_of(few) != pairs_of(pair_rows(rows, 45, seed=4))


def test_rows_without_two_of_a_class_are_refused() -> None:
    with pytest.raises(DataError, match="No class has two training rows"):
        pair_rows(rows_of(0, 1, None, None), 100, seed=3)


def few_shot(checkpoint: Path, train: str = "full", **training: Any) -> Recipe:
    given = {"few_shot": True, "threads": 1, "batch_size": 8, "epochs": 3, **training}
    encoder = {"kind": "pretrained", "model": str(checkpoint), "train": train}
    return small_recipe(encoder=encoder, training=given, decoder={"pooling": "mean"})


def apart(model: Any, rows: Rows) -> float:
    """Give by how much the cosine of texts of one class is above that of others, on average."""
    batch = rows.batch(np.arange(len(rows.targets)))
    with torch.no_grad():
        vectors, _ = Reader(model).eval()(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask))
    units, targets = normalize(vectors), torch.from_numpy(rows.targets)
    cosines, same = units @ units.T, (targets @ targets.T).bool()
    return float(cosines[same].mean() - cosines[~same].mean())


def test_texts_of_one_class_are_drawn_together(checkpoint: Path, tmp_path: Path) -> None:
    recipe = few_shot(checkpoint, learning_rate=0.004, epochs=15)
    assert isinstance(recipe.training, FewShotSettings)
    model, rows = build_model(recipe, VOCABULARY, LABELS), small_rows(24, seed=1)
    before = apart(model, rows)

    tune_encoder(
        model,
        rows,
        recipe.training,
        checkpoint=tmp_path / "pairs.safetensors",
        progress=Quiet(),
    )

    assert apart(model, rows) > before + 0.2


def fit_in(folder: Path, checkpoint: Path, progress: Quiet, *, resume: bool = False) -> Fitted:
    texts = [(f"{text} now", label) for label, all_of in SUBJECTS.items() for text in all_of]
    write_rows(folder / "train.jsonl", texts)
    data = DataSettings(train="train.jsonl", dev="train.jsonl", root=str(folder))
    recipe = replace(few_shot(checkpoint, learning_rate=0.01, head_epochs=8), data=data)
    place = Workplace(folder / "artifact", folder / "checkpoints", resume=resume)
    place.checkpoints.mkdir(exist_ok=True)
    return fit(recipe, read_splits(recipe.data), place, progress)


class Counting(Quiet):
    """Counts epochs, those of pairs and of the head together, and may end the training."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.epochs = 0

    def finish_epoch(self, record: EpochRecord) -> None:  # noqa: ARG002  as all who are told
        """Count an epoch; raises KeyboardInterrupt after the last."""
        self.epochs += 1
        if self.epochs == self.most:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epochs", [2, 5], ids=["at the pairs", "at the head"])
def test_killed_and_resumed_it_ends_as_if_never_killed(
    checkpoint: Path, tmp_path: Path, epochs: int
) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    straight.mkdir()
    broken.mkdir()
    all_of_it, rest = Counting(), Counting()
    whole = fit_in(straight, checkpoint, all_of_it)

    with pytest.raises(KeyboardInterrupt):
        fit_in(broken, checkpoint, Counting(epochs))
    resumed = fit_in(broken, checkpoint, rest, resume=True)

    assert rest.epochs == all_of_it.epochs - epochs
    assert len(resumed.epochs) == len(whole.epochs)
    for name in ("weights.safetensors", "model.onnx"):
        assert (broken / "artifact" / name).read_bytes() == (
            straight / "artifact" / name
        ).read_bytes()
