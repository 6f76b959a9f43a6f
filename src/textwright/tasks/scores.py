"""Score a classifier's probabilities against the truth: everything that a report shows.

Shapes: N texts, L labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright import metrics
from textwright.tasks.classify import CHOSEN
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

    def take(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Give only the chosen rows; chosen: [N] bool."""
        places = np.flatnonzero(chosen).tolist()
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
    if labels.multi:
        return score_multi_label(rows, labels)
    index = labels.index
    gold = np.array([index.get(each[0], -1) if each else -2 for each in rows.gold], dtype=np.int64)
    in_scope = gold != -2
    confidence = rows.scores.max(axis=1) if len(gold) else np.zeros(0)
    predicted = rows.scores.argmax(axis=1) if len(gold) else np.zeros(0, dtype=np.int64)
    found: dict[str, Any] = {
        "rows": len(gold),
        "in_scope_rows": int(in_scope.sum()),
        "unknown_label_rows": int((gold == -1).sum()),
    }
    if in_scope.any():
        found |= score_in_scope(gold[in_scope], predicted[in_scope], labels)
        right = gold[in_scope] == predicted[in_scope]
        found["calibration_error"] = metrics.calibration_error(confidence[in_scope], right)
    found |= score_abstention(gold, predicted, confidence, labels)
    found["slices"] = score_slices(rows.slices, gold == predicted, in_scope)
    return found


def score_in_scope(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], labels: Labels
) -> dict[str, Any]:
    """Accuracy and F1 of in-scope rows, abstention ignored; unknown labels count as wrong."""
    count = len(labels.names)
    accuracy = metrics.mean_interval((gold == predicted).astype(np.float64))
    macro = metrics.macro_f1_interval(gold, predicted, count)
    table = metrics.confusion(gold, predicted, count)
    each = metrics.label_scores(
        np.diag(table),
        np.bincount(predicted, minlength=count),
        np.bincount(gold[gold >= 0], minlength=count),
    )
    return {
        "accuracy": accuracy.value,
        "accuracy_interval": [accuracy.low, accuracy.high],
        "macro_f1": macro.value,
        "macro_f1_interval": [macro.low, macro.high],
        "labels": {name: asdict(one) for name, one in zip(labels.names, each, strict=True)},
        "confusion": table.tolist(),
    }


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


def score_slices(
    slices: Sequence[Mapping[str, str]], right: NDArray[np.bool_], counted: NDArray[np.bool_]
) -> dict[str, dict[str, dict[str, float]]]:
    """Accuracy by column and value of it, over the rows that count."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for column in slices[0] if slices else ():
        values = np.array([each[column] for each in slices])
        table: dict[str, dict[str, float]] = {}
        for value in np.unique(values[counted]):
            rows = counted & (values == value)
            table[str(value)] = {"rows": int(rows.sum()), "accuracy": float(right[rows].mean())}
        found[column] = table
    return found


def score_multi_label(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Exact matches, micro-F1 and macro-F1 where a text may have several labels."""
    gold = labels.targets(rows.gold) > 0
    predicted = rows.scores >= CHOSEN
    unknown = np.array([not set(each) <= set(labels.names) for each in rows.gold], dtype=np.bool_)
    exact = (gold == predicted).all(axis=1) & ~unknown
    right, answered, true = ((gold & predicted).sum(0), predicted.sum(0), gold.sum(0))
    each = metrics.label_scores(right, answered, true)
    accuracy = metrics.mean_interval(exact.astype(np.float64))
    micro = 2 * right.sum() / max(int(answered.sum() + true.sum()), 1)
    confidence = np.maximum(rows.scores, 1 - rows.scores)
    return {
        "rows": len(gold),
        "in_scope_rows": len(gold),
        "unknown_label_rows": int(unknown.sum()),
        "accuracy": accuracy.value,
        "accuracy_interval": [accuracy.low, accuracy.high],
        "micro_f1": float(micro),
        "macro_f1": float(metrics.macro_f1(right, answered, true)),
        "calibration_error": metrics.calibration_error(
            confidence.ravel(), (gold == predicted).ravel()
        ),
        "labels": {name: asdict(one) for name, one in zip(labels.names, each, strict=True)},
        "slices": score_slices(rows.slices, exact, np.ones(len(gold), dtype=np.bool_)),
    }


def score_majority(gold: Sequence[tuple[str, ...]], commonest: tuple[str, ...]) -> float:
    """Accuracy of giving every text the commonest answer of the training rows."""
    counted = [each for each in gold if each] or list(gold)
    return sum(each == commonest for each in counted) / max(len(counted), 1)
