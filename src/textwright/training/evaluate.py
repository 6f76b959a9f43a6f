"""Measure a model on labelled rows, through the exported network that will serve them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.recipe import Recipe
from textwright.runtime.answer import Answerer
from textwright.tasks.classify import probabilities
from textwright.tasks.scores import Rows, score, score_majority
from textwright.text.examples import Dataset, Example
from textwright.text.labels import Labels
from textwright.training.baseline import commonest_answer, train_baseline


@dataclass(frozen=True)
class Evaluation:
    """Answers to labelled rows, and their scores.

    scores:  [N, L] calibrated probabilities.
    metrics: as ``tasks.scores.score`` gives them.
    """

    scores: NDArray[np.float64]
    metrics: dict[str, Any]


def evaluate(answerer: Answerer, examples: Sequence[Example]) -> Evaluation:
    """Answer every example through the exported network, and score the answers."""
    return score_logits(
        answerer.logits([each.text for each in examples]), examples, answerer.labels
    )


def score_logits(
    logits: NDArray[np.float32], examples: Sequence[Example], labels: Labels
) -> Evaluation:
    """Score raw network outputs [N, L] against the truth of their examples."""
    rows = make_rows(probabilities(logits, labels), examples)
    return Evaluation(rows.scores, score(rows, labels))


def make_rows(scores: NDArray[np.float64], examples: Sequence[Example]) -> Rows:
    """Join probabilities [N, L] with the truth and slices of their examples."""
    return Rows(scores, [each.labels for each in examples], [each.slices for each in examples])


def score_without_leaks(
    evaluation: Evaluation, test: Dataset, leaked: Sequence[bool], labels: Labels
) -> dict[str, Any]:
    """Score only the test rows whose text does not stand in the training file."""
    kept = ~np.asarray(leaked, dtype=np.bool_)
    found = score(make_rows(evaluation.scores, test.examples).take(kept), labels)
    names = ("rows", "accuracy", "macro_f1", "overall_accuracy", "out_of_scope_auroc")
    return {name: found[name] for name in names if name in found}


def score_baselines(
    recipe: Recipe, train: Dataset, test: Dataset, labels: Labels
) -> dict[str, Any]:
    """Score what every model is held against: the n-gram linear model, and the commonest label.

    The linear model is trained here, with its defaults, in seconds.
    """
    commonest = commonest_answer(train)
    gold = [each.labels for each in test.examples]
    found: dict[str, Any] = {"majority": score_majority(gold, commonest)}
    if recipe.encoder.kind != "bag":
        logits = train_baseline(recipe, train, labels)([each.text for each in test.examples])
        whole = score_logits(logits, test.examples, labels).metrics
        names = ("accuracy", "accuracy_interval", "macro_f1", "out_of_scope_auroc")
        found["baseline"] = {name: whole[name] for name in names if name in whole}
    return found
