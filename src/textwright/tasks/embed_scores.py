"""Score vectors of texts: how near two of them are, against how alike people found the texts.

Shapes: N rows, D width of a vector.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright import metrics
from textwright.metrics import Floats, Ints
from textwright.recipe.recipe import Recipe
from textwright.tasks.resampled import measure_each, score_parts, score_whole
from textwright.tasks.scores import Network, Rows, Said
from textwright.text.examples import Example
from textwright.text.labels import Labels

UNSCORED = float("nan")  # stands for the label of a row without one


@dataclass(frozen=True)
class Told:
    """Cosines of rows, [N], and their labels as numbers, [N]."""

    said: Floats
    gold: Floats


def no_labels(_examples: Sequence[Example], _recipe: Recipe) -> Labels:
    """Give labels without a name: vectors have none."""
    return Labels(())


def keep_labels(
    _network: Network, _examples: Sequence[Example], labels: Labels, _recipe: Recipe
) -> Labels:
    """Give the labels as they are: nothing is chosen on dev rows."""
    return labels


def name_texts(examples: Sequence[Example], _labels: Labels) -> NDArray[np.float32]:
    """Give the truth of pairs, [N, 3] float: a number for each text, and the label.

    Equal texts have equal numbers, exact up to 2**24 different ones; a row without a label NaN.
    """
    numbers: dict[str, int] = {}
    rows = [
        [*(numbers.setdefault(text, len(numbers)) for text in each.texts), read_label(each)]
        for each in examples
    ]
    return np.array(rows, dtype=np.float32).reshape(-1, 3)


def read_label(example: Example) -> float:
    """Give the label as a number; NaN for none."""
    return float(example.labels[0]) if example.labels else UNSCORED


def ask_cosines(
    network: Network, examples: Sequence[Example], _labels: Labels
) -> NDArray[np.float64]:
    """Give the cosine of the two vectors of each pair, [N, 1]; [N, 0] where there are no pairs."""
    if not all(each.text_b is not None for each in examples):
        return np.zeros((len(examples), 0))
    vectors = network([text for each in examples for text in each.texts]).astype(np.float64)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    units = vectors / lengths
    cosines: NDArray[np.float64] = (units[::2] * units[1::2]).sum(axis=1, keepdims=True)
    return cosines


def tell(rows: Sequence[Rows], _labels: Sequence[Labels]) -> list[Told]:
    """Give the cosines of each model beside the labels, of the rows that have one."""
    found = []
    for each in rows:
        gold = np.array([float(one[0]) if one else UNSCORED for one in each.gold])
        said = each.scores[:, 0] if each.scores.shape[1] else np.zeros(len(gold))
        found.append(Told(said, gold if each.scores.shape[1] else np.full(len(gold), UNSCORED)))
    return found


def score(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give every metric, ready for JSON; what has no rows is left out."""
    (told,) = tell([rows], [labels])
    found: dict[str, Any] = {"rows": len(told.gold)}
    if np.isnan(told.gold).all():
        return found
    found |= score_whole(RESAMPLED, told, len(told.gold))
    return found | {"slices": score_parts(rows.slices, partial(measure_each, RESAMPLED, told))}


def say(scores: Floats, _example: Example, _labels: Labels) -> Said:
    """Give the cosine of one pair; it is neither right nor wrong."""
    return Said(f"{scores[0]:.4f}", None, float(scores[0]))


def correlation(measure: Callable[[Floats, Floats], float], told: Told, rows: Ints) -> float:
    """Give a correlation over the rows at these places that have a label."""
    rows = rows[~np.isnan(told.gold[rows])]
    return measure(told.said[rows], told.gold[rows]) if len(rows) else float("nan")


def spearman(told: Told, rows: Ints) -> float:
    """Rank correlation of cosines and labels."""
    return correlation(metrics.spearman, told, rows)


def pearson(told: Told, rows: Ints) -> float:
    """Linear correlation of cosines and labels."""
    return correlation(metrics.pearson, told, rows)


RESAMPLED: dict[str, Callable[[Told, Ints], float]] = {"spearman": spearman, "pearson": pearson}
