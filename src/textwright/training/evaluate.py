"""Measure a model on labelled rows, through the exported network that will serve them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.runtime.answer import Answerer
from textwright.tasks.measures import find_measures
from textwright.tasks.scores import Rows
from textwright.text.examples import Dataset, Example, Input
from textwright.text.labels import Labels

WITHOUT_LEAKS = (
    "rows", "accuracy", "macro_f1", "overall_accuracy", "out_of_scope_auroc", "spearman", "pearson",
    "f1", "auroc", "bleu", "bleu_lowercase", "chrf", "rouge1", "rouge2", "rougeL", "perplexity",
    "bits_per_character",
)  # fmt: skip


@dataclass(frozen=True)
class Evaluation:
    """Answers to labelled rows, and their scores.

    scores:  [N, L], as its task gives them: calibrated probabilities, or texts.
    metrics: likewise.
    """

    scores: NDArray[Any]
    metrics: dict[str, Any]


def evaluate(answerer: Answerer, examples: Sequence[Example]) -> Evaluation:
    """Answer every example through the exported network, and score the answers."""
    task = answerer.artifact.recipe.task
    return score_rows(task, ask(answerer, examples), examples, answerer.labels)


def ask(answerer: Answerer, examples: Sequence[Example]) -> NDArray[Any]:
    """Give the scores of examples, [N, L], through the exported network."""
    measures = find_measures(answerer.artifact.recipe.task)
    return measures.ask(answerer.outputs, examples, answerer.labels)


def inputs_of(answerer: Answerer, examples: Sequence[Example]) -> list[Input]:
    """Give what a model is asked for examples: both texts of a pair, where it takes single ones."""
    if answerer.task.PAIRED:
        return [each.input for each in examples]
    return [text for each in examples for text in each.texts]


def score_rows(
    task: str, scores: NDArray[Any], examples: Sequence[Example], labels: Labels
) -> Evaluation:
    """Hold scores [N, L] against the truth of their examples."""
    return Evaluation(scores, find_measures(task).score(make_rows(scores, examples), labels))


def make_rows(scores: NDArray[Any], examples: Sequence[Example]) -> Rows:
    """Join scores [N, L] with the truth and slices of their examples."""
    return Rows(scores, [each.labels for each in examples], [each.slices for each in examples])


def score_without_leaks(
    task: str, scores: NDArray[Any], test: Dataset, leaked: Sequence[bool], labels: Labels
) -> dict[str, Any]:
    """Score only the test rows whose text does not stand in the training file."""
    kept = ~np.asarray(leaked, dtype=np.bool_)
    found = find_measures(task).score(make_rows(scores, test.examples).take(kept), labels)
    return {name: found[name] for name in WITHOUT_LEAKS if name in found}
