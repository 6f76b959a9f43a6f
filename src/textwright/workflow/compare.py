"""Hold two versions against each other on the rows both were measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from textwright.errors import RefusedError
from textwright.metrics import Floats, Interval
from textwright.paired import (
    Counts,
    count_pairs,
    exact_interval,
    holm,
    p_value,
    resampled_difference,
)
from textwright.recipe.data import GENERATE
from textwright.settings import Settings
from textwright.tasks.measures import Measures, find_measures
from textwright.tasks.scores import Rows
from textwright.text.labels import Labels
from textwright.training.answers import HeldOut
from textwright.workflow.opening import find_artifact, open_keep
from textwright.workflow.records import read_held_out

TAIL = 0.025  # beyond either end of a 95 % interval
Pair = tuple[HeldOut, HeldOut]


@dataclass(frozen=True)
class Change:
    """A held-out text, or pair of texts, that the two versions answer differently."""

    text: str
    labels: tuple[str, ...]
    first: str
    second: str


@dataclass(frozen=True)
class Line:
    """One metric of both versions on the same rows, or the first one on one slice of them.

    difference: the second's less the first's, with its 95 % interval: exact, or resampled.
    won, lost:  rows that only the second, only the first counts; None for a resampled metric.
    p:          chance of so much for the second, or against it, were they equal; over slices
                adjusted for their number (Holm 1979); None for a resampled metric.
    smaller:    less of it is better.
    """

    name: str
    rows: int
    first: float
    second: float
    difference: Interval
    won: int | None
    lost: int | None
    p: float | None
    smaller: bool = False


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same held-out rows.

    rows:    that have a label, and so count; of a language model all.
    metrics: first those that are means over rows, then others of pairs; slices by the first.
    won, lost: texts that only the second, only the first answers rightly.
    """

    first: str
    second: str
    rows: int
    metrics: tuple[Line, ...]
    slices: tuple[Line, ...]
    won: tuple[Change, ...]
    lost: tuple[Change, ...]
    other: tuple[Change, ...]

    @property
    def first_metric(self) -> Line:
        """What versions are judged by: accuracy, abstention ignored, say."""
        return self.metrics[0]

    @property
    def difference(self) -> Interval:
        """Difference of the first metric."""
        return self.first_metric.difference


def compare(first: str, second: str, *, settings: Settings | None = None) -> Comparison:
    """Compare two versions by their answers to the test rows they share.

    Raises UnknownNameError for an unknown version, RefusedError when they share no row, or the
    held-out texts of one were erased.
    """
    with open_keep(settings) as keep:
        found = [find_artifact(keep, each) for each in (first, second)]
        answers = [read_held_out(keep, each.name, each.artifact.address) for each in found]
    ours, theirs = (by_row(each) for each in answers)
    shared = [(ours[key], theirs[key]) for key in ours if key in theirs]
    task, labels = found[0].artifact.recipe.task, [each.artifact.labels for each in found]
    if not any(is_measured(each[0], multi=labels[0].multi) for each in shared):
        raise RefusedError(
            f"{found[0].name} and {found[1].name} were not measured on the same rows.",
            f"Score each on one file: textwright evaluate {found[0].name} FILE",
        )
    lines = measure_both(task, labels, shared)
    return summarise(found[0].name, found[1].name, shared, lines, multi=labels[0].multi)


def by_row(answers: Sequence[HeldOut]) -> dict[tuple[str, int], HeldOut]:
    """Find answers by row digest and repeat of it."""
    found: dict[tuple[str, int], HeldOut] = {}
    seen: dict[str, int] = {}
    for row in answers:
        repeat = seen[row.digest] = seen.get(row.digest, 0) + 1
        found[row.digest, repeat] = row
    return found


def measure_both(task: str, labels: Sequence[Labels], shared: Sequence[Pair]) -> list[Line]:
    """Compare every metric of two versions' answers to the same rows.

    Of a classifier those that are means over rows: all labels' scores are not kept.
    """
    sides = [[each[side] for each in shared] for side in (0, 1)]
    if task == "classify":
        outcomes = [outcomes_of(side, multi=labels[0].multi) for side in sides]
        return compare_means(*outcomes)
    measures = find_measures(task)
    rows = [rows_of(side, written=task in GENERATE) for side in sides]
    outcomes = [measures.outcomes(*each) for each in zip(rows, labels, strict=True)]
    told = measures.tell(rows, labels)
    others = [compare_resampled(measures, name, told, len(shared)) for name in measures.resampled]
    return [*compare_means(*outcomes), *(each for each in others if each is not None)]


def is_measured(row: HeldOut, *, multi: bool) -> bool:
    """Tell whether a row says anything of a version: it has a label, or is itself predicted."""
    return multi or bool(row.labels or row.costs)


def compare_resampled(
    measures: Measures, name: str, told: Sequence[Any], count: int
) -> Line | None:
    """Compare one metric that is no mean over rows; None where it is undefined."""
    first, second = (partial(measures.resampled[name], each) for each in told)
    spread = resampled_difference(lambda rows: second(rows) - first(rows), count)
    if spread is None:
        return None
    everything = np.arange(count)
    difference = Interval(spread.value, spread.low[TAIL], spread.high[TAIL])
    values = first(everything), second(everything)
    smaller = name in measures.smaller
    return Line(name, count, *values, difference, won=None, lost=None, p=None, smaller=smaller)


def rows_of(answers: Sequence[HeldOut], *, written: bool) -> Rows:
    """Give held-out answers as what is scored.

    Numbers or texts that were written, [N, 1]; of a language model what each text costs, [N, 4].
    """
    said = [each.costs or [each.answer if written else each.score] for each in answers]
    scores = np.array(said, dtype=object if written else np.float64)
    return Rows(scores, [each.labels for each in answers], [each.slices for each in answers])


def compare_means(first: Mapping[str, Floats], second: Mapping[str, Floats]) -> list[Line]:
    """Compare what are means over rows."""
    return [
        compare_line(name, ours, second[name])
        for name, ours in first.items()
        if name in second and not np.isnan(ours).all()
    ]


def summarise(
    first: str, second: str, shared: Sequence[Pair], lines: Sequence[Line], *, multi: bool
) -> Comparison:
    """Put together the differences between two versions' answers to the same rows."""
    scoped = [each for each in shared if is_measured(each[0], multi=multi)]
    changed = [each for each in scoped if each[0].answer != each[1].answer]
    return Comparison(
        first=first,
        second=second,
        rows=len(scoped),
        metrics=tuple(lines),
        slices=compare_slices([each for each in scoped if each[0].right is not None]),
        won=find_changes(changed, (False, True)),
        lost=find_changes(changed, (True, False)),
        other=find_changes(changed, (False, False)),
    )


def outcomes_of(rows: Sequence[HeldOut], *, multi: bool) -> dict[str, Floats]:
    """Give by metric what each row counts, as ``tasks.row_scores`` does from scores; [N] float."""
    right = np.array([each.right for each in rows], dtype=np.float64)
    if multi:
        return {"accuracy": right}
    scoped = np.array([bool(each.labels) for each in rows])
    answered = np.array([not each.abstained for each in rows], dtype=np.float64)
    return {
        "accuracy": np.where(scoped, right, np.nan),
        "overall_accuracy": np.where(scoped, right * answered, 1 - answered),
        "coverage": np.where(scoped, answered, np.nan),
        "out_of_scope_recall": np.where(scoped, np.nan, 1 - answered),
    }


def compare_line(name: str, first: Floats, second: Floats) -> Line:
    """Compare one metric over the rows that count."""
    counts = count_pairs(second, first)
    return Line(
        name=name,
        rows=counts.rows,
        first=float(np.nanmean(first)),
        second=float(np.nanmean(second)),
        difference=exact_interval(counts, alpha=TAIL),
        won=counts.won,
        lost=counts.lost,
        p=two_sided(counts),
    )


def two_sided(counts: Counts) -> float:
    """Chance of a difference as large as this, either way, were there none."""
    return min(1.0, 2 * min(p_value(counts, 0.0), p_value(counts.swapped, 0.0)))


def compare_slices(shared: Sequence[Pair]) -> tuple[Line, ...]:
    """Compare accuracy by slice, p-values adjusted for their number."""
    places: dict[str, list[int]] = {}
    for place, (row, _) in enumerate(shared):
        for column, value in row.slices.items():
            places.setdefault(f"{column}={value}", []).append(place)
    right = np.array([[each.right for each in pair] for pair in shared], dtype=np.float64)
    lines = [
        compare_line(name, right[rows, 0], right[rows, 1]) for name, rows in sorted(places.items())
    ]
    adjusted = holm([each.p for each in lines if each.p is not None])
    return tuple(Line(**{**vars(each), "p": p}) for each, p in zip(lines, adjusted, strict=True))


def find_changes(changed: Sequence[Pair], right: tuple[bool, bool]) -> tuple[Change, ...]:
    """Give the texts whose answers were right, or not, in the first and the second version."""
    return tuple(
        Change(" / ".join(a.example.texts), a.labels, a.answer, b.answer)
        for a, b in changed
        if (a.right, b.right) == right
    )
