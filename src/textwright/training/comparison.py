"""Measure a model against another on the same rows: the evidence of paired gates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.metrics import Floats, Ints
from textwright.paired import Counts, count_pairs, resampled_difference
from textwright.tasks.row_scores import LOWER_IS_BETTER, RESAMPLED, Told, row_outcomes
from textwright.text.examples import Example
from textwright.text.labels import Labels
from textwright.training.evaluate import make_rows


@dataclass(frozen=True)
class Scored:
    """A model's calibrated probabilities of rows, [N, L], and what its columns mean."""

    scores: NDArray[np.float64]
    labels: Labels


def compare_scored(
    ours: Scored, theirs: Scored, examples: Sequence[Example], metrics: Iterable[str]
) -> dict[str, Any]:
    """Compare two models on the rows that both answered.

    metrics: those to resample, of ``RESAMPLED``; what is a mean over rows is always counted. An
             undefined one is left out.
    Returns ``metrics`` and ``slices``, the latter by accuracy, as gates read them.
    """
    rows = [make_rows(each.scores, examples) for each in (ours, theirs)]
    outcomes = [
        row_outcomes(row, each.labels) for row, each in zip(rows, (ours, theirs), strict=True)
    ]
    found: dict[str, Any] = {
        name: counted(outcomes[0][name], outcomes[1][name])
        for name in outcomes[0].keys() & outcomes[1].keys()
        if not np.isnan(outcomes[0][name]).all()
    }
    if not (ours.labels.multi or theirs.labels.multi):
        names = tuple(sorted({*ours.labels.names, *theirs.labels.names}))
        told = [
            Told(row, each.labels, names) for row, each in zip(rows, (ours, theirs), strict=True)
        ]
        found |= resampled(told[0], told[1], metrics)
    slices = count_slices(
        [each.slices for each in examples], *(each["accuracy"] for each in outcomes)
    )
    return {"rows": len(examples), "metrics": found, "slices": slices}


def counted(ours: Floats, theirs: Floats) -> dict[str, Any]:
    """Give both means over the rows that count, and the counts of the rows that differ."""
    counts = count_pairs(ours, theirs)
    return {"ours": float(np.nanmean(ours)), "theirs": float(np.nanmean(theirs)), **asdict(counts)}


def resampled(ours: Told, theirs: Told, metrics: Iterable[str]) -> dict[str, Any]:
    """Give differences of metrics that are no means, positive where ours is better."""
    found: dict[str, Any] = {}
    everything = np.arange(len(ours.gold))
    for name in sorted(set(metrics) & RESAMPLED.keys()):
        spread = resampled_difference(partial(difference, name, ours, theirs), len(everything))
        if spread is not None:
            metric = RESAMPLED[name]
            both = {"ours": metric(ours, everything), "theirs": metric(theirs, everything)}
            levels = {side: level_table(getattr(spread, side)) for side in ("low", "high")}
            found[name] = {**both, "value": spread.value, "rows": spread.rows, **levels}
    return found


def difference(metric: str, ours: Told, theirs: Told, rows: Ints) -> float:
    """Give what ours has more than theirs on the rows at these places, or has less of a fault."""
    gap = RESAMPLED[metric](ours, rows) - RESAMPLED[metric](theirs, rows)
    return -gap if metric in LOWER_IS_BETTER else gap


def level_table(limits: Mapping[float, float]) -> dict[str, float]:
    """Name levels as JSON can."""
    return {f"{level:g}": limit for level, limit in limits.items()}


def count_slices(
    slices: Sequence[Mapping[str, str]], ours: Floats, theirs: Floats
) -> dict[str, dict[str, dict[str, int]]]:
    """Count rows by who is right, by column and value of it; slices without a row are left out."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for column in slices[0] if slices else ():
        values = np.array([each[column] for each in slices])
        counts = {
            str(value): count_pairs(ours[values == value], theirs[values == value])
            for value in np.unique(values)
        }
        found[column] = {value: asdict(each) for value, each in counts.items() if each != EMPTY}
    return found


EMPTY = Counts(0, 0, 0)
