"""Scores from plain arrays, with intervals; paired comparisons of two models on the same rows.

Shapes: N rows, L labels. A label is its position, 0 to L - 1; -1 stands for one that the model
does not know, which no answer can match.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
SEED = 0  # of what is drawn
ENDS = (0.025, 0.975)  # of 95 % intervals
BINS = 15

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class LabelScore:
    """Precision, recall and F1 of one label, each 0 to 1, and how many rows have it."""

    precision: float
    recall: float
    f1: float
    rows: int


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval."""

    value: float
    low: float
    high: float


def confusion(gold: Ints, predicted: Ints, labels: int) -> Ints:
    """Count rows by true label (row) and predicted label (column), [L, L] int.

    Rows whose true label is -1 are left out.
    """
    known = gold >= 0
    pairs = gold[known] * labels + predicted[known]
    return np.bincount(pairs, minlength=labels * labels).reshape(labels, labels)


def label_scores(right: Ints, predicted: Ints, gold: Ints) -> list[LabelScore]:
    """Score each label from three [L] counts: answered rightly, answered, true.

    A label that was never answered has precision 0, one without a row recall 0.
    """
    precision = right / np.maximum(predicted, 1)
    recall = right / np.maximum(gold, 1)
    f1 = 2 * right / np.maximum(predicted + gold, 1)
    return [
        LabelScore(float(p), float(r), float(f), int(rows))
        for p, r, f, rows in zip(precision, recall, f1, gold, strict=True)
    ]


def macro_f1(right: NDArray[np.number], predicted: NDArray[np.number], gold: Ints) -> Floats:
    """Mean F1 over the labels that were answered or true, from counts [..., L]; [...] float."""
    met = (predicted + gold) > 0
    f1 = 2 * right / np.maximum(predicted + gold, 1)
    scores: Floats = f1.sum(axis=-1) / np.maximum(met.sum(axis=-1), 1)
    return scores


def mean_interval(values: Floats) -> Interval:
    """95 % bootstrap percentile interval of a mean over rows (Efron 1979).

    values: [N] float, one a row, N at least 1.
    """
    low, high = np.quantile(resampled_means(values), ENDS)
    return Interval(float(values.mean()), float(low), float(high))


def resampled_means(values: Floats) -> Floats:
    """Means of ``RESAMPLES`` draws of N rows with replacement, [R] float.

    Values that take few different numbers (right or wrong) are drawn by their counts.
    """
    chance = np.random.default_rng(SEED)
    count = len(values)
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= 16:
        drawn = chance.multinomial(count, counts / count, size=RESAMPLES)  # [R, distinct]
        few: Floats = drawn @ distinct / count
        return few
    means = np.empty(RESAMPLES)
    for each in range(RESAMPLES):
        means[each] = values[chance.integers(0, count, count)].mean()
    return means


def macro_f1_interval(gold: Ints, predicted: Ints, labels: int) -> Interval:
    """95 % bootstrap percentile interval of macro-F1.

    gold, predicted: [N] int; a true label of -1 counts against the label predicted.
    """
    cells = np.where(gold >= 0, gold, labels) * labels + predicted
    counts = np.bincount(cells, minlength=(labels + 1) * labels)
    met = np.flatnonzero(counts)
    chance = np.random.default_rng(SEED)
    drawn = chance.multinomial(len(gold), counts[met] / len(gold), size=RESAMPLES)  # [R, cells]
    samples = np.vstack([counts[met], drawn])
    rows, columns = met // labels, met % labels
    right, answered, true = (np.zeros((len(samples), labels)) for _ in range(3))
    for cell, (row, column) in enumerate(zip(rows, columns, strict=True)):
        answered[:, column] += samples[:, cell]
        if row < labels:
            true[:, row] += samples[:, cell]
        if row == column:
            right[:, row] += samples[:, cell]
    scores = macro_f1(right, answered, true.astype(np.int64))
    low, high = np.quantile(scores[1:], ENDS)
    return Interval(float(scores[0]), float(low), float(high))


def calibration_error(confidence: Floats, right: Bools, *, bins: int = BINS) -> float:
    """Mean gap between confidence and accuracy over bins (Guo et al. 2017, equation 3).

    confidence: [N] float, 0 to 1. right: [N] bool. Bins of equal width; 0 for no rows.
    """
    return float(
        sum(
            each.rows * abs(each.confidence - each.accuracy)
            for each in reliability(confidence, right, bins=bins)
        )
        / max(len(right), 1)
    )


@dataclass(frozen=True)
class Bin:
    """The rows of one range of confidence: how many, how sure, how often right."""

    rows: int
    confidence: float
    accuracy: float


def reliability(confidence: Floats, right: Bools, *, bins: int = BINS) -> list[Bin]:
    """Group rows by confidence into bins of equal width; empty bins are left out."""
    places = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    found = []
    for each in range(bins):
        rows = places == each
        if rows.any():
            mean = float(confidence[rows].mean())
            found.append(Bin(int(rows.sum()), mean, float(right[rows].mean())))
    return found


def auroc(scores: Floats, positive: Bools) -> float:
    """Chance that a positive row scores above a negative one, ties half (Hanley & McNeil 1982).

    scores: [N] float. positive: [N] bool. NaN when either kind is missing.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    total = float(mean_ranks(scores)[positive].sum())
    return (total - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def mean_ranks(values: NDArray[np.floating]) -> Floats:
    """Rank of each number, from 1; equal ones get the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks


def pearson(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Linear correlation of two lists of numbers, [N] each; 0 when one of them is constant."""
    a, b = left - left.mean(), right - right.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else 0.0


def spearman(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Rank correlation of two lists of numbers, [N] each; equal numbers share their mean rank.

    0 when one of them is constant. Source: Spearman 1904.
    """
    return pearson(mean_ranks(left), mean_ranks(right))


def resampled_interval(metric: Callable[[Ints], float], rows: int) -> Interval:
    """95 % bootstrap percentile interval of any metric (Efron 1979).

    metric: its value over the rows at these places, [rows] int.
    """
    chance = np.random.default_rng(SEED)
    drawn = [metric(chance.integers(0, rows, rows)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, ENDS)
    return Interval(metric(np.arange(rows)), float(low), float(high))
