"""Score how alike a model finds pairs of texts: everything that a report shows.

Shapes: N pairs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright import metrics
from textwright.metrics import Floats, Ints
from textwright.recipe.parts import MatchSettings
from textwright.recipe.recipe import Recipe
from textwright.tasks.calibration import fit_temperature
from textwright.tasks.match import find_label, read_scores
from textwright.tasks.resampled import measure_each, score_parts
from textwright.tasks.scores import Network, Rows, Said
from textwright.text.examples import Example
from textwright.text.labels import Labels, Scale, find_scale


@dataclass(frozen=True)
class Told:
    """What a model said of rows.

    said:  [N] scores. gold: [N] labels as numbers; NaN for one that it does not know.
    right: [N] 1 where the label is met (binary), or the score is off by half a grade at most.
    yes:   [N] whether a binary score says yes; zeros for other labels.
    """

    said: Floats
    gold: Floats
    right: Floats
    yes: NDArray[np.bool_]


def learn_scale(examples: Sequence[Example], recipe: Recipe) -> Labels:
    """Find the scale of the training rows' labels."""
    assert isinstance(recipe.decoder, MatchSettings)
    return find_scale([each.labels[0] for each in examples], recipe.decoder.labels)


def scale_targets(examples: Sequence[Example], labels: Labels) -> NDArray[np.float32]:
    """Give each label as a number from 0 to 1 by its place on the scale, [N, 1]."""
    assert isinstance(labels, Scale)
    gold = read_gold([each.labels for each in examples], labels)
    scaled = (gold - labels.low) / (labels.high - labels.low)
    return np.nan_to_num(scaled)[:, None].astype(np.float32)


def read_gold(gold: Sequence[tuple[str, ...]], scale: Scale) -> Floats:
    """Give the true labels as numbers, [N]."""
    return np.array([scale.read(each[0]) for each in gold], dtype=np.float64)


def ask_scores(
    network: Network, examples: Sequence[Example], labels: Labels
) -> NDArray[np.float64]:
    """Give the score of each pair on the scale, [N, 1]."""
    assert isinstance(labels, Scale)
    return read_scores(network([each.input for each in examples]), labels)


def calibrate_scale(
    network: Network, examples: Sequence[Example], labels: Labels, _recipe: Recipe
) -> Labels:
    """Choose, for binary labels, the temperature and the threshold of the most right dev rows."""
    assert isinstance(labels, Scale)
    if labels.kind != "binary" or not examples:
        return labels
    outputs = network([each.input for each in examples])
    targets = scale_targets(examples, labels)
    temperature = fit_temperature(outputs, targets, replace(labels, multi=True))
    labels = replace(labels, temperature=temperature)
    threshold = best_threshold(read_scores(outputs, labels)[:, 0], targets[:, 0] > 0)
    return replace(labels, threshold=threshold)


def best_threshold(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Find the score from which a yes is right most often; of equal ones the nearest to 0.5."""
    values = np.unique(scores)
    cuts = np.concatenate([[0.5], (values[1:] + values[:-1]) / 2])
    yes, no = np.sort(scores[positive]), np.sort(scores[~positive])
    right = len(yes) - np.searchsorted(yes, cuts) + np.searchsorted(no, cuts)
    best = cuts[right == right.max()]
    return float(best[np.argmin(np.abs(best - 0.5))])


def tell_rows(rows: Rows, labels: Labels) -> Told:
    """Say of each row what was scored and whether it is right."""
    assert isinstance(labels, Scale)
    said = rows.scores[:, 0] if len(rows.gold) else np.zeros(0)
    gold = read_gold(rows.gold, labels)
    if labels.kind == "regression":
        right = np.abs(said - gold) <= labels.tolerance
    else:
        named = [find_label(each, labels) for each in said.tolist()]
        right = np.array([name == each[0] for name, each in zip(named, rows.gold, strict=True)])
    yes = (said >= labels.threshold) & (labels.kind == "binary")
    return Told(said, gold, right.astype(np.float64), yes)


def tell(rows: Sequence[Rows], labels: Sequence[Labels]) -> list[Told]:
    """Say of each model what it scored of the rows."""
    return [tell_rows(*each) for each in zip(rows, labels, strict=True)]


def headline(labels: Labels) -> str:
    """Name the metric that stands first."""
    return "accuracy" if isinstance(labels, Scale) and labels.kind == "binary" else "spearman"


def name_right(labels: Labels) -> str:
    """Name the share of the rows that are right."""
    assert isinstance(labels, Scale)
    return "within_tolerance" if labels.kind == "regression" else "accuracy"


def outcomes(rows: Rows, labels: Labels) -> dict[str, Floats]:
    """Give by metric what each row counts, 1 or 0; [N] float."""
    return {name_right(labels): tell_rows(rows, labels).right}


def say(scores: Floats, example: Example, labels: Labels) -> Said:
    """Give the label of one pair, or its score."""
    assert isinstance(labels, Scale)
    told = tell_rows(Rows(scores[None], [example.labels], [{}]), labels)
    label = find_label(float(scores[0]), labels)
    answer = f"{scores[0]:.4f}" if label is None else label
    return Said(answer, bool(told.right[0]), float(scores[0]))


def score(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give every metric, ready for JSON; what has no rows is left out."""
    assert isinstance(labels, Scale)
    count = len(rows.gold)
    found: dict[str, Any] = {"rows": count}
    if not count:
        return found
    told = tell_rows(rows, labels)
    every = partial(measure, told, labels)
    found |= {name: each for name, each in every(np.arange(count)).items() if each == each}
    if labels.kind == "binary":
        found["unknown_label_rows"] = int(np.isnan(told.gold).sum())
    else:
        found["tolerance"] = labels.tolerance
    return found | find_intervals(told, labels) | {"slices": score_parts(rows.slices, every)}


def measure(told: Told, labels: Scale, rows: Ints) -> dict[str, float]:
    """Give every metric of the rows at these places, the headline first."""
    names = ("f1", "auroc") if labels.kind == "binary" else ("mean_absolute_error",)
    chosen = {name: RESAMPLED[name] for name in ("spearman", "pearson", *names)}
    found = measure_each(chosen, told, rows)
    found[name_right(labels)] = float(told.right[rows].mean())
    return {headline(labels): found[headline(labels)]} | found


def find_intervals(told: Told, labels: Scale) -> dict[str, list[float]]:
    """Give the bootstrap intervals of the correlations and of the share that is right."""
    found = {
        name: metrics.resampled_interval(partial(RESAMPLED[name], told), len(told.said))
        for name in ("spearman", "pearson")
    }
    found[name_right(labels)] = metrics.mean_interval(told.right)
    return {f"{name}_interval": [each.low, each.high] for name, each in found.items()}


def known(told: Told, rows: Ints) -> Ints:
    """Give the places whose label is known."""
    return rows[~np.isnan(told.gold[rows])]


def spearman(told: Told, rows: Ints) -> float:
    """Rank correlation of scores and labels."""
    rows = known(told, rows)
    return metrics.spearman(told.said[rows], told.gold[rows]) if len(rows) else float("nan")


def pearson(told: Told, rows: Ints) -> float:
    """Linear correlation of scores and labels."""
    rows = known(told, rows)
    return metrics.pearson(told.said[rows], told.gold[rows]) if len(rows) else float("nan")


def mean_absolute_error(told: Told, rows: Ints) -> float:
    """How far scores are off."""
    rows = known(told, rows)
    gaps = np.abs(told.said[rows] - told.gold[rows])
    return float(gaps.mean()) if len(rows) else float("nan")


def f1(told: Told, rows: Ints) -> float:
    """F1 of the second binary label."""
    true, yes = told.gold[rows] == 1, told.yes[rows]
    met = int(true.sum() + yes.sum())
    return float(2 * (true & yes).sum() / met) if met else float("nan")


def auroc(told: Told, rows: Ints) -> float:
    """Chance that a pair of the second binary label scores above one of the first."""
    rows = known(told, rows)
    return metrics.auroc(told.said[rows], told.gold[rows] == 1)


RESAMPLED: dict[str, Callable[[Told, Ints], float]] = {
    "spearman": spearman,
    "pearson": pearson,
    "mean_absolute_error": mean_absolute_error,
    "f1": f1,
    "auroc": auroc,
}  # metrics that are no mean over rows: their differences are resampled
