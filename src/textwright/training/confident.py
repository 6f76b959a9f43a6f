"""Labels that are likely wrong, by confident learning (Northcutt, Jiang and Chuang 2021).

Every row is scored by a model that did not see it. A row counts for a class when its probability
of it reaches the mean of the rows that carry that label; one that counts for another class than
its own is suspected (section 3.1; of the ways to choose in section 3.2 the second). As in
``cleanlab``, the authors' own program, of several such classes the row counts for the most
probable class of all, and nothing is suspected whose own label is the most probable.

Shapes: N rows, L labels.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.training import LinearTrainingSettings
from textwright.tasks.calibration import fit_temperature
from textwright.tasks.classify import CHOSEN, probabilities
from textwright.text.labels import Labels
from textwright.text.ngrams import suggest_bag
from textwright.text.splits import hash_share

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

TINY = 1e-6  # a probability this close below a threshold reaches it


@dataclass(frozen=True)
class LabelledRow:
    """A row to judge.

    labels: its classes; where only one may hold, exactly one.
    """

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class LabelIssue:
    """A row whose labels are likely wrong.

    row:         its position.
    suggested:   the labels it should have, as far as the model can tell.
    probability: of the labels it has, 0 to 1; of several, of the least probable yes or no.
    """

    row: int
    suggested: tuple[str, ...]
    probability: float


@dataclass(frozen=True)
class Judged:
    """What was found about labels.

    issues: least probable first.
    rows:   how many were judged; those with a rare label were not.
    agreed: share of them whose labels are those that the model answers.
    rare:   labels on too few texts to be judged, with how many.
    """

    issues: tuple[LabelIssue, ...]
    rows: int
    agreed: float
    rare: dict[str, int]


def judge_labels(
    rows: Sequence[LabelledRow], *, multi: bool, folds: int, threads: int = 2
) -> Judged:
    """Judge the labels of rows by n-gram linear models, each trained on all folds but one.

    multi: several labels may hold, or none: each is a yes or no of its own.
    folds: at least 2; a label on fewer texts than that is rare, and not judged.
    Where fewer than two classes are left (multi: one), no row is judged.
    """
    pairs = {(label, row.text.strip()) for row in rows for label in row.labels}
    texts = Counter(label for label, _ in pairs)
    rare = {name: count for name, count in sorted(texts.items()) if count < folds}
    names = tuple(sorted(texts.keys() - rare.keys()))
    kept = [at for at, row in enumerate(rows) if multi or rare.keys().isdisjoint(row.labels)]
    if len(names) < (1 if multi else 2):
        return Judged((), 0, 0.0, rare)
    labels = Labels(names, multi)
    judged = [rows[at] for at in kept]
    scores = score_out_of_fold(judged, labels, assign_folds(judged, folds), threads=threads)
    targets = labels.targets(row.labels for row in judged).astype(np.bool_)
    wanted = correct_decisions(targets, scores) if multi else correct_classes(targets, scores)
    doubt = np.where(targets, scores, 1 - scores if multi else 1.0)  # of each label as it is
    doubt = np.where(wanted != targets, doubt, 1.0).min(axis=1)  # [N]
    suspected = np.flatnonzero((wanted != targets).any(axis=1))
    issues = []
    for at in suspected[np.argsort(doubt[suspected], kind="stable")].tolist():
        better = {names[each] for each in np.flatnonzero(wanted[at])}
        unjudged = rare.keys() & judged[at].labels  # only where several labels may hold
        issues.append(LabelIssue(kept[at], tuple(sorted(better | unjudged)), float(doubt[at])))
    return Judged(tuple(issues), len(judged), share_agreed(targets, scores, multi=multi), rare)


def assign_folds(rows: Sequence[LabelledRow], folds: int) -> Numbers:
    """Give each row a fold, [N] int64: each class is spread evenly, in whatever order they come.

    Rows of the same text share a fold, so that none vouches for another.
    """
    labels: dict[str, tuple[str, ...]] = {}
    for row in rows:
        text = row.text.strip()
        labels[text] = min(row.labels, labels.get(text, row.labels))
    order = sorted(labels, key=lambda text: (labels[text], hash_share(text), text))
    fold = {text: place % folds for place, text in enumerate(order)}
    return np.array([fold[row.text.strip()] for row in rows], dtype=np.int64)


def score_out_of_fold(
    rows: Sequence[LabelledRow], labels: Labels, fold: Numbers, *, threads: int
) -> Floats:
    """Give the probabilities of each row, [N, L] float, by the model that did not see its fold.

    One temperature over all of them makes the labels as they are most likely.
    """
    from textwright.vectors.linear import train_linear

    bag = suggest_bag([row.text for row in rows])
    targets = labels.targets(row.labels for row in rows)
    logits = np.zeros_like(targets)
    for number in np.unique(fold).tolist():
        seen, unseen = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = train_linear(
            [rows[at].text for at in seen.tolist()],
            targets[seen],
            multi=labels.multi,
            bag=bag,
            training=LinearTrainingSettings(threads=threads),
        )
        logits[unseen] = model.score([rows[at].text for at in unseen.tolist()], threads=threads)
    temperature = fit_temperature(logits, targets, labels)
    return probabilities(logits, replace(labels, temperature=temperature))


def correct_classes(targets: NDArray[np.bool_], scores: Floats) -> NDArray[np.bool_]:
    """Give the labels that rows should have, [N, L] bool, one each."""
    wanted = np.zeros_like(targets)
    wanted[np.arange(len(targets)), correct_labels(targets.argmax(axis=1), scores)] = True
    return wanted


def correct_decisions(targets: NDArray[np.bool_], scores: Floats) -> NDArray[np.bool_]:
    """Give the labels that rows should have, [N, L] bool, each label a yes or no of its own."""
    wanted = np.zeros_like(targets)
    for label in range(targets.shape[1]):
        both = np.stack([1 - scores[:, label], scores[:, label]], axis=1)  # [N, 2]
        wanted[:, label] = correct_labels(targets[:, label].astype(np.int64), both) == 1
    return wanted


def correct_labels(given: Numbers, scores: Floats) -> Numbers:
    """Give the class that each row counts for, [N] int64; its own where nothing is suspected.

    given:  [N] int64, the class of each row.
    scores: [N, L] float, probabilities of a model that did not see the row.
    """
    confident = scores >= mean_confidence(given, scores) - TINY  # [N, L]
    likeliest = scores.argmax(axis=1)
    counted = np.where(confident.sum(axis=1) > 1, likeliest, confident.argmax(axis=1))
    suspected = confident.any(axis=1) & (likeliest != given)
    return np.where(suspected, counted, given)


def mean_confidence(given: Numbers, scores: Floats) -> Floats:
    """Give each class's mean probability over the rows that carry it, [L] float.

    A class that no row carries is out of reach: infinity.
    """
    own = scores[np.arange(len(given)), given]
    rows = np.bincount(given, minlength=scores.shape[1])
    sums = np.bincount(given, weights=own, minlength=scores.shape[1])
    return np.where(rows > 0, sums / np.maximum(rows, 1), np.inf)


def share_agreed(targets: NDArray[np.bool_], scores: Floats, *, multi: bool) -> float:
    """Give the share of rows whose labels are those that the model answers, 0 to 1."""
    if multi:
        return float(np.mean(((scores >= CHOSEN) == targets).all(axis=1)))
    return float(np.mean(scores.argmax(axis=1) == targets.argmax(axis=1)))
