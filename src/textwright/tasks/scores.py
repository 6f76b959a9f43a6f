"""Score a classifier's probabilities against the truth: everything that a report shows.

Shapes: N texts, L labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright import metrics
from textwright.metrics import Bools, Floats, Ints
from textwright.tasks.classify import CHOSEN
from textwright.tasks.resampled import score_parts
from textwright.text.examples import Input
from textwright.text.labels import Labels

Network = Callable[[Sequence[Input]], NDArray[Any]]  # of N inputs the outputs, [N, L]


@dataclass(frozen=True)
class Rows:
    """What is scored.

    scores:       [N, L], as the task gives them: calibrated probabilities, or texts.
    gold:         true labels of each row; empty: out of scope (or, multi-label, none).
    slices:       columns to report by, of each row.
    """

    scores: NDArray[Any]
    gold: Sequence[tuple[str, ...]]
    slices: Sequence[Mapping[str, str]]

    def take(self, chosen: NDArray[np.bool_] | Ints) -> "Rows":
        """Give only the chosen rows; chosen: [N] bool, or their places."""
        places = np.arange(len(self.gold))[chosen].tolist()
        gold, slices = [self.gold[each] for each in places], [self.slices[each] for each in places]
        return Rows(self.scores[places], gold, slices)


@dataclass(frozen=True)
class Said:
    """What a model said of one row, to be kept beside the truth.

    right: None where no answer is right or wrong.
    costs: of a text foretold: its nats, tokens, characters and unknown tokens.
    """

    answer: str
    right: bool | None
    score: float
    abstained: bool = False
    costs: tuple[float, ...] = ()


def score(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give every metric of a classifier, ready for JSON; what has no rows is left out."""
    found = measure(rows, labels)
    if found["in_scope_rows"]:
        found |= describe_several(rows, labels) if labels.multi else describe(rows, labels)
    by_value = score_parts(rows.slices, lambda places: measure(rows.take(places), labels))
    return found | {"slices": by_value}


def measure(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Count rows and give every metric; unknown labels count as wrong.

    All but coverage and what goes with it ignore abstention.
    """
    if labels.multi:
        return measure_several(rows, labels)
    gold, predicted = place_labels(rows, labels)
    confidence = rows.scores.max(axis=1) if len(gold) else np.zeros(0)
    in_scope = gold != -2
    found: dict[str, Any] = {
        "rows": len(gold),
        "in_scope_rows": int(in_scope.sum()),
        "unknown_label_rows": int((gold == -1).sum()),
    }
    if in_scope.any():
        right = gold[in_scope] == predicted[in_scope]
        counts = count_labels(gold[in_scope], predicted[in_scope], len(labels.names))
        found["accuracy"] = float(right.mean())
        found["macro_f1"] = float(metrics.macro_f1(*counts))
        found["calibration_error"] = metrics.calibration_error(confidence[in_scope], right)
    return found | score_abstention(gold, predicted, confidence, labels)


def place_labels(rows: Rows, labels: Labels) -> tuple[Ints, Ints]:
    """Give the places of the true labels (-1 unknown, -2 out of scope) and of those predicted."""
    index = labels.index
    gold = [index.get(each[0], -1) if each else -2 for each in rows.gold]
    predicted = rows.scores.argmax(axis=1) if gold else np.zeros(0, dtype=np.int64)
    return np.array(gold, dtype=np.int64), predicted


def count_labels(gold: Ints, predicted: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """Count the rows that each label is right of, answered to, and true of; [L] each."""
    return (
        np.bincount(predicted[predicted == gold], minlength=count),
        np.bincount(predicted, minlength=count),
        np.bincount(gold[gold >= 0], minlength=count),
    )


def describe(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give the intervals, the scores of each label, and which are taken for which."""
    gold, predicted = place_labels(rows, labels)
    gold, predicted = gold[gold != -2], predicted[gold != -2]
    count = len(labels.names)
    accuracy = metrics.mean_interval((gold == predicted).astype(np.float64))
    macro = metrics.macro_f1_interval(gold, predicted, count)
    return {
        "accuracy_interval": [accuracy.low, accuracy.high],
        "macro_f1_interval": [macro.low, macro.high],
        "labels": score_labels(labels, *count_labels(gold, predicted, count)),
        "confusion": metrics.confusion(gold, predicted, count).tolist(),
    }


def score_labels(labels: Labels, right: Ints, answered: Ints, true: Ints) -> dict[str, Any]:
    """Give the scores of each label by its name, from counts by label."""
    each = metrics.label_scores(right, answered, true)
    return {name: asdict(one) for name, one in zip(labels.names, each, strict=True)}


def score_abstention(
    gold: NDArray[np.int64],
    predicted: NDArray[np.int64],
    confidence: NDArray[np.float64],
    labels: Labels,
) -> dict[str, Any]:
    """Coverage, accuracy with abstention, and how out-of-scope rows (gold -2) are told apart.

    coverage:           share of in-scope rows answered.
    selective_accuracy: accuracy of those.
    overall_accuracy:   share of all rows handled rightly: in scope and answered rightly, or out
                        of scope and abstained on.
    """
    in_scope, answered = gold != -2, confidence >= labels.threshold
    right = (gold == predicted) & in_scope
    found: dict[str, Any] = {}
    if in_scope.any():
        found["coverage"] = float(answered[in_scope].mean())
        if (answered & in_scope).any():
            found["selective_accuracy"] = float(right[answered & in_scope].mean())
    if len(gold):
        found["overall_accuracy"] = float(np.where(in_scope, right & answered, ~answered).mean())
    if not in_scope.all():
        found["out_of_scope_rows"] = int((~in_scope).sum())
        found["out_of_scope_recall"] = float((~answered[~in_scope]).mean())
        if in_scope.any():
            found["out_of_scope_auroc"] = metrics.auroc(-confidence, ~in_scope)
    return found


def measure_several(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give exact matches, micro-F1 and macro-F1 where a text may have several labels."""
    gold, predicted, unknown = mark_labels(rows, labels)
    found: dict[str, Any] = {
        "rows": len(gold),
        "in_scope_rows": len(gold),
        "unknown_label_rows": int(unknown.sum()),
    }
    if len(gold):
        right, answered, true = count_marks(gold, predicted)
        confidence = np.maximum(rows.scores, 1 - rows.scores)
        found["accuracy"] = float(match_exactly(gold, predicted, unknown).mean())
        found["micro_f1"] = float(2 * right.sum() / max(int(answered.sum() + true.sum()), 1))
        found["macro_f1"] = float(metrics.macro_f1(right, answered, true))
        found["calibration_error"] = metrics.calibration_error(
            confidence.ravel(), (gold == predicted).ravel()
        )
    return found


def mark_labels(rows: Rows, labels: Labels) -> tuple[Bools, Bools, Bools]:
    """Mark the true labels and those predicted, [N, L]; and rows with an unknown one, [N]."""
    unknown = [not set(each) <= set(labels.names) for each in rows.gold]
    return labels.targets(rows.gold) > 0, rows.scores >= CHOSEN, np.array(unknown, dtype=np.bool_)


def count_marks(gold: Bools, predicted: Bools) -> tuple[Ints, Ints, Ints]:
    """Count the rows that each label is right of, answered to, and true of; [L] each."""
    return (gold & predicted).sum(0), predicted.sum(0), gold.sum(0)


def match_exactly(gold: Bools, predicted: Bools, unknown: Bools) -> Floats:
    """Give 1 for each row of which all labels are right, else 0; [N]."""
    exact: Floats = ((gold == predicted).all(axis=1) & ~unknown).astype(np.float64)
    return exact


def describe_several(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give the interval of exact matches, and the scores of each label."""
    gold, predicted, unknown = mark_labels(rows, labels)
    accuracy = metrics.mean_interval(match_exactly(gold, predicted, unknown))
    return {
        "accuracy_interval": [accuracy.low, accuracy.high],
        "labels": score_labels(labels, *count_marks(gold, predicted)),
    }


def score_majority(gold: Sequence[tuple[str, ...]], commonest: tuple[str, ...]) -> float:
    """Accuracy of giving every text the commonest answer of the training rows."""
    counted = [each for each in gold if each] or list(gold)
    return sum(each == commonest for each in counted) / max(len(counted), 1)
