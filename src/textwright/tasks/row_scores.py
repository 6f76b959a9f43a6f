"""What a classifier did on each row, so that two of them can be compared on the same rows.

Shapes: N texts, L labels. Labels are compared by name, for two models may know different ones.
"""

from collections.abc import Callable, Sequence

import numpy as np

from textwright import metrics
from textwright.metrics import Bools, Floats, Ints
from textwright.tasks.classify import CHOSEN
from textwright.tasks.scores import Rows
from textwright.text.labels import Labels

OUT, STRANGE = -2, -1  # true labels: out of scope; known to neither model
LOWER_IS_BETTER = ("calibration_error",)


def row_outcomes(rows: Rows, labels: Labels) -> dict[str, Floats]:
    """Give by metric what each row counts, 1 or 0, and NaN where it does not count; [N] float.

    The mean of each is the metric of that name in ``scores.score``.
    """
    if labels.multi:
        return {"accuracy": exact_matches(rows, labels)}
    told = Told(rows, labels, labels.names)
    right = np.array(
        [
            bool(gold) and labels.names[each] == gold[0]
            for gold, each in zip(rows.gold, told.predicted, strict=True)
        ],
        dtype=np.bool_,
    )
    handled = np.where(told.in_scope, right & told.answered, ~told.answered)
    return {
        "accuracy": only(told.in_scope, right),
        "overall_accuracy": handled.astype(np.float64),
        "coverage": only(told.in_scope, told.answered),
        "out_of_scope_recall": only(~told.in_scope, ~told.answered),
    }


def exact_matches(rows: Rows, labels: Labels) -> Floats:
    """Tell of each row with any number of labels whether just those were answered."""
    held = rows.scores >= CHOSEN
    found = [
        {labels.names[each] for each in np.flatnonzero(row)} == set(gold)
        for row, gold in zip(held, rows.gold, strict=True)
    ]
    return np.array(found, dtype=np.float64)


def only(counted: Bools, values: Bools) -> Floats:
    """Give 1 and 0 on the rows that count, NaN on the others."""
    return np.where(counted, values.astype(np.float64), np.nan)


class Told:
    """What a model said of rows, its labels placed among ``names``.

    names: labels that are told apart; those of the model are among them.
    """

    def __init__(self, rows: Rows, labels: Labels, names: tuple[str, ...]) -> None:
        place = {name: position for position, name in enumerate(names)}
        gold = [place.get(each[0], STRANGE) if each else OUT for each in rows.gold]
        own = np.array([place[name] for name in labels.names], dtype=np.int64)
        count = len(gold)
        self.names = names
        self.gold = np.array(gold, dtype=np.int64)  # [N]
        self.predicted = own[rows.scores.argmax(axis=1)] if count else np.zeros(0, np.int64)
        self.confidence = rows.scores.max(axis=1) if count else np.zeros(0)
        self.answered = self.confidence >= labels.threshold
        self.in_scope = self.gold != OUT


def tell(rows: Sequence[Rows], labels: Sequence[Labels]) -> list[Told]:
    """Place what several models said of the same rows among the labels of all of them.

    Empty where rows may have several labels: then every metric is a mean over rows.
    """
    if any(each.multi for each in labels):
        return []
    names = tuple(sorted({name for each in labels for name in each.names}))
    return [Told(said, each, names) for said, each in zip(rows, labels, strict=True)]


def macro_f1(told: Told, rows: Ints) -> float:
    """Macro-F1 of in-scope rows at these places."""
    rows = rows[told.in_scope[rows]]
    gold, predicted, count = told.gold[rows], told.predicted[rows], len(told.names)
    if not len(rows):
        return float("nan")
    right = np.bincount(predicted[predicted == gold], minlength=count)
    answered = np.bincount(predicted, minlength=count)
    true = np.bincount(gold[gold >= 0], minlength=count)
    return float(metrics.macro_f1(right, answered, true))


def selective_accuracy(told: Told, rows: Ints) -> float:
    """Accuracy of the in-scope rows that were answered."""
    rows = rows[told.in_scope[rows] & told.answered[rows]]
    return float((told.gold[rows] == told.predicted[rows]).mean()) if len(rows) else float("nan")


def calibration_error(told: Told, rows: Ints) -> float:
    """Gap between score and accuracy of in-scope rows."""
    rows = rows[told.in_scope[rows]]
    if not len(rows):
        return float("nan")
    right = told.gold[rows] == told.predicted[rows]
    return metrics.calibration_error(told.confidence[rows], right)


def out_of_scope_auroc(told: Told, rows: Ints) -> float:
    """Chance that a row out of scope scores below one in scope."""
    return metrics.auroc(-told.confidence[rows], ~told.in_scope[rows])


RESAMPLED: dict[str, Callable[[Told, Ints], float]] = {
    "macro_f1": macro_f1,
    "selective_accuracy": selective_accuracy,
    "calibration_error": calibration_error,
    "out_of_scope_auroc": out_of_scope_auroc,
}  # metrics that are no mean over rows: their differences are resampled
