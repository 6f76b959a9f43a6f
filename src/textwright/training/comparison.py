"""Measure a model against another on the same rows: the evidence of paired gates."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.metrics import Floats, Ints
from textwright.paired import Counts, count_pairs, resampled_difference
from textwright.tasks.measures import Measures, find_measures
from textwright.text.examples import Example
from textwright.text.labels import Labels
from textwright.training.evaluate import make_rows


@dataclass(frozen=True)
class Scored:
    """A model's scores of rows, [N, L], and what its columns mean."""

    scores: NDArray[Any]
    labels: Labels

    def take(self, rows: Sequence[int]) -> "Scored":
        """Give the scores of the rows at some places."""
        return Scored(self.scores[list(rows)], self.labels)


def compare_scored(
    ours: Scored,
    theirs: Scored,
    examples: Sequence[Example],
    metrics: Iterable[str],
    *,
    task: str = "classify",
) -> dict[str, Any]:
    """Compare two models of a task on the rows that both answered.

    metrics: those to resample; what is a mean over rows is always counted. An undefined one is
             left out.
    Returns ``metrics`` and ``slices``, the latter by the first metric that is a mean over rows,
    as gates read them.
    """
    measures = find_measures(task)
    rows = [make_rows(each.scores, examples) for each in (ours, theirs)]
    labels = [each.labels for each in (ours, theirs)]
    outcomes = [measures.outcomes(*each) for each in zip(rows, labels, strict=True)]
    found: dict[str, Any] = {
        name: counted(outcomes[0][name], outcomes[1][name])
        for name in outcomes[0].keys() & outcomes[1].keys()
        if not np.isnan(outcomes[0][name]).all()
    }
    if told := measures.tell(rows, labels):
        found |= resampled(measures, told, len(examples), metrics)
    slices: dict[str, dict[str, dict[str, int]]] = {}
    for first in [name for name in outcomes[0] if name in outcomes[1]][:1]:
        columns = [each.slices for each in examples]
        slices = count_slices(columns, *(each[first] for each in outcomes))
    return {"rows": len(examples), "metrics": found, "slices": slices}


def counted(ours: Floats, theirs: Floats) -> dict[str, Any]:
    """Give both means over the rows that count, and the counts of the rows that differ."""
    counts = count_pairs(ours, theirs)
    return {"ours": float(np.nanmean(ours)), "theirs": float(np.nanmean(theirs)), **asdict(counts)}


def resampled(
    measures: Measures, told: Sequence[Any], count: int, metrics: Iterable[str]
) -> dict[str, Any]:
    """Give differences of metrics that are no means, positive where ours is better.

    told: what ours and theirs said of ``count`` rows, as ``Measures.tell`` gives it.
    """
    found: dict[str, Any] = {}
    ours, theirs = told
    everything = np.arange(count)
    for name in sorted(set(metrics) & measures.resampled.keys()):
        spread = resampled_difference(difference(measures, name, ours, theirs), count)
        if spread is not None:
            metric = measures.resampled[name]
            both = {"ours": metric(ours, everything), "theirs": metric(theirs, everything)}
            levels = {side: level_table(getattr(spread, side)) for side in ("low", "high")}
            found[name] = {**both, "value": spread.value, "rows": spread.rows, **levels}
    return found


def difference(measures: Measures, metric: str, ours: Any, theirs: Any) -> Callable[[Ints], float]:
    """Give a function of rows' places: what ours has more than theirs, or has less of a fault."""
    value, sign = measures.resampled[metric], -1 if metric in measures.smaller else 1
    return lambda rows: sign * (value(ours, rows) - value(theirs, rows))


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
