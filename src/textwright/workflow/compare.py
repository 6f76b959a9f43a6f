"""Hold two versions against each other on the rows both were measured on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textwright.errors import RefusedError
from textwright.metrics import Floats, Interval
from textwright.paired import Counts, count_pairs, exact_interval, holm, p_value
from textwright.settings import Settings
from textwright.training.answers import HeldOut
from textwright.workflow.opening import find_artifact, open_keep
from textwright.workflow.records import read_held_out

LEVEL = 0.95  # of the two-sided intervals
Pair = tuple[HeldOut, HeldOut]


@dataclass(frozen=True)
class Change:
    """A held-out text that the two versions answer differently."""

    text: str
    labels: tuple[str, ...]
    first: str
    second: str


@dataclass(frozen=True)
class Line:
    """One metric of both versions on the same rows, or accuracy on one slice of them.

    difference: the second's less the first's, with its exact 95 % interval.
    won, lost:  rows that only the second, only the first counts.
    p:          chance of so much for the second, or against it, were they equal; over slices
                adjusted for their number (Holm 1979).
    """

    name: str
    rows: int
    first: float
    second: float
    difference: Interval
    won: int
    lost: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same held-out rows.

    rows:    that have a label, and so count for accuracy.
    metrics: those that are means over rows; slices by accuracy.
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
    def accuracy(self) -> Line:
        """The first metric: accuracy, abstention ignored."""
        return self.metrics[0]

    @property
    def difference(self) -> Interval:
        """Difference of the accuracies."""
        return self.accuracy.difference


def compare(first: str, second: str, *, settings: Settings | None = None) -> Comparison:
    """Compare two versions by their answers to the test rows they share.

    Raises UnknownNameError for an unknown version, RefusedError when they share no row, or the
    held-out texts of one were erased.
    """
    with open_keep(settings) as keep:
        found = [find_artifact(keep, each) for each in (first, second)]
        answers = [read_held_out(keep, each.name, each.artifact.address) for each in found]
        multi = found[0].artifact.labels.multi
    ours, theirs = (by_row(each) for each in answers)
    shared = [(ours[key], theirs[key]) for key in ours if key in theirs]
    if not any(multi or each[0].labels for each in shared):
        raise RefusedError(
            f"{found[0].name} and {found[1].name} were not measured on the same rows.",
            f"Score each on one file: textwright evaluate {found[0].name} FILE",
        )
    return summarise(found[0].name, found[1].name, shared, multi=multi)


def by_row(answers: Sequence[HeldOut]) -> dict[tuple[str, int], HeldOut]:
    """Find answers by row digest and repeat of it."""
    found: dict[tuple[str, int], HeldOut] = {}
    seen: dict[str, int] = {}
    for row in answers:
        repeat = seen[row.digest] = seen.get(row.digest, 0) + 1
        found[row.digest, repeat] = row
    return found


def summarise(first: str, second: str, shared: Sequence[Pair], *, multi: bool) -> Comparison:
    """Count and test the differences between two versions' answers to the same rows."""
    scoped = [each for each in shared if multi or each[0].labels]
    outcomes = [outcomes_of([each[side] for each in shared], multi=multi) for side in (0, 1)]
    lines = [
        compare_line(name, ours, outcomes[1][name])
        for name, ours in outcomes[0].items()
        if not np.isnan(ours).all()
    ]
    changed = [each for each in scoped if each[0].answer != each[1].answer]
    return Comparison(
        first=first,
        second=second,
        rows=len(scoped),
        metrics=tuple(lines),
        slices=compare_slices(scoped),
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
        difference=exact_interval(counts, alpha=(1 - LEVEL) / 2),
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
    adjusted = holm([each.p for each in lines])
    return tuple(Line(**{**vars(each), "p": p}) for each, p in zip(lines, adjusted, strict=True))


def find_changes(changed: Sequence[Pair], right: tuple[bool, bool]) -> tuple[Change, ...]:
    """Give the texts whose answers were right, or not, in the first and the second version."""
    return tuple(
        Change(a.text, a.labels, a.answer, b.answer)
        for a, b in changed
        if (a.right, b.right) == right
    )
