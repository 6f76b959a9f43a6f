"""Tuning an encoder on few rows a class: texts of one class are drawn together, others apart.

A linear head then learns on its vectors, as on those of a frozen encoder. Source: Tunstall et al.
2022 (SetFit), section 3. There the encoder is told of each pair whether the classes are the same;
here a text is to find its partner among all texts of the batch (``Contrast``), where those of its
own class are no negatives: each batch then holds many times more pairs.

Shapes: B texts, D width of a vector.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from textwright.errors import DataError
from textwright.recipe.training import FewShotSettings
from textwright.training.history import Progress
from textwright.training.loop import TrainingData, train_network
from textwright.training.model import TextModel
from textwright.training.objective import Contrast
from textwright.training.rows import Rows


class Reader(nn.Module):
    """A network up to the vector of a text, sharing its weights."""

    def __init__(self, model: TextModel) -> None:
        super().__init__()
        self.embedding = model.embedding
        self.encoder = model.encoder
        self.pooling = model.decoder.pooling

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Give the vector of each text, [B, D], and the attention or None."""
        vectors, attention = self.pooling(self.encoder(self.embedding(ids, mask), mask), mask)
        return vectors, attention


def tune_encoder(
    model: TextModel,
    train: Rows,
    settings: FewShotSettings,
    *,
    checkpoint: Path,
    progress: Progress,
) -> None:
    """Tune the encoder of a network, in place, on pairs of training texts of one class.

    Rows of no class take no part. Raises DataError where no class has two rows, else as
    ``train_network`` does.
    """
    pairs = pair_rows(train, settings.pairs, settings.seed)
    data = TrainingData(pairs, pairs.take(np.arange(0)), multi=True, objective=Contrast)
    train_network(Reader(model), data, settings, checkpoint=checkpoint, progress=progress)


def pair_rows(rows: Rows, most: int, seed: int) -> Rows:
    """Give pairs of texts of one class, as ``Contrast`` takes them; both are named by the class.

    rows: of one text each.
    most: pairs to stop at; fewer where there are no more.
    Raises DataError where no class has two rows.
    """
    classes, members = rows.targets.argmax(axis=1), rows.targets.any(axis=1)
    chance = np.random.default_rng(seed)
    mixed = [
        chance.permutation(np.flatnonzero(members & (classes == each)))
        for each in range(rows.targets.shape[1])
    ]
    found, count = list[NDArray[np.int64]](), 0
    for step in range(1, max(map(len, mixed)) // 2 + 1):
        if count >= most:
            break
        found += [pair_at(each, step) for each in mixed if len(each) >= 2 * step]
        count = sum(map(len, found))
    if not found:
        what = "No class has two training rows, so no texts can be drawn together."
        raise DataError(what, "Give more rows, or take training.few_shot out.")
    pairs = chance.permutation(np.concatenate(found))[:most]  # [pairs, 2]
    named = np.stack([classes[pairs[:, 0]]] * 2 + [np.full(len(pairs), np.nan)], axis=1)
    encodings = [rows.encodings[each] for each in pairs.ravel().tolist()]
    return Rows(encodings, named.astype(np.float32), texts=2)


def pair_at(members: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    """Put each row of a class beside the one ``step`` places on, around: [pairs, 2].

    Over all steps up to half the rows each pair comes once; half way round, where both would
    find each other, only the first half of the rows is put.
    """
    pairs = np.stack([members, np.roll(members, -step)], axis=1)
    return pairs[:step] if len(members) == 2 * step else pairs
