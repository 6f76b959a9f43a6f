"""Make a classifier's scores mean something: a temperature, and a threshold to abstain below.

Shapes: N texts, L labels. Only dev rows are looked at here.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.parts import AbstentionSettings
from textwright.tasks.classify import probabilities
from textwright.text.labels import Labels

ENOUGH = 1_000  # dev rows from which temperature and threshold get different halves
LOGITS = NDArray[np.float32]


def calibrate(
    logits: LOGITS,
    targets: NDArray[np.float32],
    halves: NDArray[np.bool_],
    labels: Labels,
    abstention: AbstentionSettings,
) -> Labels:
    """Choose temperature and threshold on dev rows, and return the labels with both.

    logits:  [N, L] raw scores of the dev rows.
    targets: [N, L], as ``Labels.targets`` gives; a zero row is out of scope.
    halves:  [N] bool, by a hash of the text: with 1,000 rows or more the temperature is chosen
             on the True rows and the threshold on the others, else both on all.
    """
    first = second = np.ones(len(logits), dtype=np.bool_)
    if len(logits) >= ENOUGH:
        first, second = halves, ~halves
    scoped = first & (targets.any(axis=1) | labels.multi)
    temperature = fit_temperature(logits[scoped], targets[scoped], labels)
    labels = replace(labels, temperature=temperature)
    scores = probabilities(logits[second], labels)
    threshold = choose_threshold(scores, targets[second], abstention, multi=labels.multi)
    return replace(labels, threshold=threshold)


def fit_temperature(logits: LOGITS, targets: NDArray[np.float32], labels: Labels) -> float:
    """Find the temperature that makes the truth most likely (Guo et al. 2017, section 4.2).

    Golden-section search over its logarithm, 0.01 to 100. Without rows, 1.
    """
    if not len(logits):
        return 1.0
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(0.01), np.log(100.0)
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if surprise(logits, targets, labels, left) <= surprise(logits, targets, labels, right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def surprise(
    logits: LOGITS, targets: NDArray[np.float32], labels: Labels, log_temperature: float
) -> float:
    """Mean negative log-probability of the truth, in nats, at a temperature."""
    scores = probabilities(logits, replace(labels, temperature=float(np.exp(log_temperature))))
    scores = np.clip(scores, 1e-12, 1 - 1e-12)
    told = (targets * np.log(scores)).sum(axis=1)
    if labels.multi:
        told = told + ((1 - targets) * np.log1p(-scores)).sum(axis=1)
    return float(-told.mean())


def choose_threshold(
    scores: NDArray[np.float64],
    targets: NDArray[np.float32],
    abstention: AbstentionSettings,
    *,
    multi: bool = False,
) -> float:
    """Choose the confidence below which the model abstains; 0 is never.

    coverage:     the largest that answers this share of the in-scope rows.
    out-of-scope: the one with the best mean of two shares: in-scope rows answered rightly, and
                  out-of-scope rows abstained on; their mixture in dev does not matter.
    """
    in_scope: NDArray[np.bool_] = np.any(targets > 0, axis=1)
    confidence = scores.max(axis=1)
    rule = abstention.rule
    if rule == "auto":
        rule = "none" if multi or in_scope.all() else "out-of-scope"
    if rule == "none" or not in_scope.any():
        return 0.0
    if rule == "coverage":
        kept = int(np.ceil(abstention.coverage * in_scope.sum() - 1e-9))
        ordered = np.sort(confidence[in_scope])[::-1]
        return float(ordered[kept - 1]) if kept else float(np.nextafter(1.0, 2.0))
    if in_scope.all():
        return 0.0
    right = in_scope & (scores.argmax(axis=1) == targets.argmax(axis=1))
    return best_cut(confidence, right[in_scope], in_scope)


def best_cut(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], in_scope: NDArray[np.bool_]
) -> float:
    """Try every cut between two confidences; of equal ones the lowest, which answers most.

    confidence: [N]. right: one for each in-scope row. in_scope: [N].
    """
    values = np.unique(confidence)
    cuts = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2])
    inside, outside = np.sort(confidence[in_scope][right]), np.sort(confidence[~in_scope])
    answered = len(inside) - np.searchsorted(inside, cuts)
    refused = np.searchsorted(outside, cuts)
    gain = answered / in_scope.sum() + refused / max(len(outside), 1)
    return float(cuts[int(np.argmax(gain))])
