"""The n-gram linear model: hashed n-grams, one weight a label each, and their sum.

A text's row is TF-IDF over its n-grams, of length 1; a label's score is the row times the
label's weights, plus a bias. Trained in seconds on two cores (``descent.py``), and the measure
every other classifier is held against.

Shapes: N texts, F features, L labels, K columns of weights: L, or 1 where two labels share one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textwright.errors import ArtifactError
from textwright.recipe.parts import BagSettings
from textwright.recipe.training import LinearTrainingSettings
from textwright.text.batch import Encoding
from textwright.vectors.counting import count_corpus
from textwright.vectors.descent import score_rows, solve
from textwright.vectors.weighing import (
    Features,
    Rows,
    contrast_features,
    keep_features,
    weigh_rows,
)

Floats = NDArray[np.float32]

SHARPNESS = 4.0  # log-odds of a margin of 1: near the temperatures fitted on many dev sets


@dataclass(frozen=True)
class LinearModel:
    """Weights of the n-grams that occurred in training.

    bag:     how a text becomes n-grams.
    labels:  how many there are, L.
    slots:   [F] int64, sorted.
    idf:     [F] float32, the weight of each n-gram in a row.
    weights: [F, K] float32; with two labels K may be 1: what speaks for the second, not the first.
    bias:    [K] float32.
    """

    bag: BagSettings
    labels: int
    slots: NDArray[np.int64]
    idf: Floats
    weights: Floats
    bias: Floats

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Give the model as named arrays, for safetensors; ``read_linear`` takes them back."""
        return {
            "slots": self.slots,
            "idf": self.idf,
            "weights": self.weights,
            "bias": self.bias,
        }

    def score(self, texts: Sequence[str], *, threads: int = 1) -> Floats:
        """Scores of whole texts, [N, L] float32, by compiled code; else as ``logits``."""
        counts = count_corpus(texts, self.bag, threads=threads)
        columns = np.full(self.bag.buckets, -1, dtype=np.int32)
        columns[self.slots] = np.arange(len(self.slots), dtype=np.int32)
        features = Features(self.slots, columns[:0], self.idf, columns)
        rows = weigh_rows(counts, features, threads=threads)
        return self.widen(score_rows(rows, self.weights, self.bias))

    def logits(self, encodings: Sequence[Encoding]) -> Floats:
        """Scores of each text, [N, L] float32: log-odds up to the temperature fitted later.

        Written plainly, to hold ``score`` and the exported graph against.
        """
        scores = np.empty((len(encodings), self.weights.shape[1]), dtype=np.float32)
        for row, encoding in enumerate(encodings):
            places, counts = self.find(encoding)
            values = self.idf[places] * (1 + np.log(counts))
            length = np.sqrt(np.sum(values * values))
            values /= length if length > 0 else np.float32(1)
            scores[row] = values @ self.weights[places] + self.bias
        return self.widen(scores)

    def widen(self, scores: Floats) -> Floats:
        """Give scores [N, K] one column a label, [N, L]."""
        if scores.shape[1] == self.labels:
            return scores
        return np.concatenate([-scores, scores], axis=1)  # [N, 2]

    def known(self, encodings: Sequence[Encoding]) -> Floats:
        """Share of each text's n-grams that occurred in training, [N] float32; 0 for none."""
        shares = np.zeros(len(encodings), dtype=np.float32)
        for row, encoding in enumerate(encodings):
            if encoding.counts is not None and len(encoding.counts):
                shares[row] = self.find(encoding)[1].sum() / encoding.counts.sum()
        return shares

    def find(self, encoding: Encoding) -> tuple[NDArray[np.int64], Floats]:
        """Rows of a text's known n-grams in the weights, and their counts."""
        assert encoding.counts is not None  # bags always have them
        places = np.searchsorted(self.slots, encoding.ids)
        held = places < len(self.slots)
        held[held] = self.slots[places[held]] == encoding.ids[held]
        return places[held], encoding.counts[held]


def read_linear(
    arrays: Mapping[str, NDArray[np.generic]], bag: BagSettings, labels: int
) -> LinearModel:
    """Build a model from ``LinearModel.arrays``; raises ArtifactError when one is missing."""
    try:
        rest = (arrays[name] for name in ("slots", "idf", "weights", "bias"))
        return LinearModel(bag, labels, *rest)  # type: ignore[arg-type]
    except KeyError as error:
        what = f"The weights are not those of an n-gram linear model: no {error}."
        raise ArtifactError(what, "Train the model again.") from error


def train_linear(
    texts: Sequence[str],
    targets: Floats,
    *,
    multi: bool,
    bag: BagSettings,
    training: LinearTrainingSettings,
) -> LinearModel:
    """Train on texts held in memory; equal input gives equal bits, whatever the threads.

    targets: [N, L] float, 1 where a label holds. A row of zeros belongs to no label and is
             evidence against each of them.
    multi:   several labels may hold. Otherwise two labels share one column of weights, unless
             a text belongs to neither.
    """
    threads = training.threads
    counts = count_corpus(texts, bag, threads=threads)
    features = keep_features(counts, bag.min_count)
    rows = weigh_rows(counts, features, threads=threads)
    scale = np.ones(len(features.slots), dtype=np.float32)
    if training.contrast > 0 and rows.features:
        contrast = contrast_features(rows, features, targets, threads=threads)
        scale, rows = scale_rows(rows, contrast ** np.float32(training.contrast))
    labels = targets.shape[1]
    if labels == 2 and not multi and targets.any(axis=1).all():
        targets = targets[:, 1:]  # [N, 1]
    orders = shuffle(len(texts), training)
    weights, bias = solve(rows, targets, orders, pull=training.l2, threads=threads)
    order = np.argsort(features.slots)
    return LinearModel(
        bag=bag,
        labels=labels,
        slots=features.slots[order],
        idf=features.idf[order],
        weights=weights[order] * (scale[order, None] * np.float32(SHARPNESS)),  # [F, K]
        bias=bias * np.float32(SHARPNESS),
    )


def scale_rows(rows: Rows, scale: Floats) -> tuple[Floats, Rows]:
    """Scale each feature, then all alike so that rows have mean squared length 1.

    Gives the scale [F] as it was applied, and the scaled rows.
    """
    values = rows.values * scale[rows.columns]
    squares = float(np.dot(values, values))
    if squares == 0:
        return np.ones_like(scale), rows
    evened = np.float32(np.sqrt((len(rows.bounds) - 1) / squares))
    return scale * evened, rows._replace(values=values * evened)


def shuffle(count: int, training: LinearTrainingSettings) -> NDArray[np.int32]:
    """Give the order of the texts in each pass, [epochs, N] int32."""
    orders = np.empty((training.epochs, count), dtype=np.int32)
    for epoch in range(training.epochs):
        orders[epoch] = np.random.default_rng([training.seed, epoch]).permutation(count)
    return orders
