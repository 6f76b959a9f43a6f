"""What training and evidence ask of a task: truth out of rows, scores out of answers.

To add a task: write these functions, and its line in the table at the end.
Shapes: N rows, L numbers that a network gives of a row: a score a label, say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import RecipeError
from textwright.metrics import Floats, Ints
from textwright.recipe.data import GENERATE
from textwright.recipe.recipe import Recipe
from textwright.tasks import (
    classify,
    embed_scores,
    generate_scores,
    language_scores,
    match_scores,
    row_scores,
    scores,
)
from textwright.tasks.calibration import calibrate
from textwright.tasks.scores import Network, Rows, Said
from textwright.text.examples import Example
from textwright.text.labels import Labels, find_labels
from textwright.text.splits import hash_share


def make_up_numbers(inputs: int, labels: Labels) -> NDArray[np.float32]:
    """Draw outputs by chance, [N, L]; one a row where nothing has a name."""
    shape = inputs, max(len(labels.names), 1)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


@dataclass(frozen=True)
class Measures:
    """What a task says of rows and answers.

    find_labels: what the outputs will mean, from the training rows; raises DataError for rows
                 that cannot be learned from.
    targets:     the truth as the loss takes it, [N, L] float.
    ask:         the scores of examples by a network's outputs, [N, L]: calibrated
                 probabilities, or texts that were written.
    calibrate:   choose on dev rows whatever else turns outputs into answers.
    score:       every metric of a report.
    headline:    the name of the one that stands first, larger being better.
    say:         the answer to one row, to be kept beside its truth, from its scores [L].
    outcomes:    by metric, what each row counts, [N] float; NaN where it does not. The mean is
                 the metric of that name. By the first of them slices are compared.
    tell:        what several models said of the same rows, for ``resampled``; empty where
                 nothing is.
    resampled:   metrics that are no means over rows, of what was told and of rows' places.
    smaller:     metrics of which less is better.
    make_up:     outputs such as a network might give of N inputs, by which it is known before
                 anything is trained what metrics some rows give.
    """

    find_labels: Callable[[Sequence[Example], Recipe], Labels]
    targets: Callable[[Sequence[Example], Labels], NDArray[np.float32]]
    ask: Callable[[Network, Sequence[Example], Labels], NDArray[Any]]
    calibrate: Callable[[Network, Sequence[Example], Labels, Recipe], Labels]
    score: Callable[[Rows, Labels], dict[str, Any]]
    headline: Callable[[Labels], str]
    say: Callable[[Floats, Example, Labels], Said]
    outcomes: Callable[[Rows, Labels], dict[str, Floats]]
    tell: Callable[[Sequence[Rows], Sequence[Labels]], list[Any]]
    resampled: Mapping[str, Callable[[Any, Ints], float]]
    smaller: tuple[str, ...] = ()
    make_up: Callable[[int, Labels], NDArray[Any]] = make_up_numbers


def find_classes(examples: Sequence[Example], recipe: Recipe) -> Labels:
    """Collect the classes of the training rows."""
    return find_labels([each.labels for each in examples], multi=recipe.data.multi_label)


def mark_classes(examples: Sequence[Example], labels: Labels) -> NDArray[np.float32]:
    """Give 1 where a label holds, [N, L]; a zero row is out of scope."""
    return labels.targets(each.labels for each in examples)


def ask_classes(
    network: Network, examples: Sequence[Example], labels: Labels
) -> NDArray[np.float64]:
    """Give the calibrated probability of each label, [N, L]."""
    return classify.probabilities(network([each.input for each in examples]), labels)


def calibrate_classes(
    network: Network, examples: Sequence[Example], labels: Labels, recipe: Recipe
) -> Labels:
    """Choose temperature and threshold."""
    assert recipe.abstention is not None
    halves = [hash_share(f"half {each.key}") < 0.5 for each in examples]
    return calibrate(
        network([each.input for each in examples]),
        mark_classes(examples, labels),
        np.array(halves, dtype=np.bool_),
        labels,
        recipe.abstention,
    )


def say_class(scores: Floats, example: Example, labels: Labels) -> Said:
    """Give the label of one text, or all that hold."""
    found = classify.answer(scores, labels)
    answered = (found.label,) if found.labels is None else found.labels
    right = answered == example.labels
    return Said("|".join(answered), right, found.score, found.abstained)


MEASURES: dict[str, Measures] = {
    "classify": Measures(
        find_labels=find_classes,
        targets=mark_classes,
        ask=ask_classes,
        calibrate=calibrate_classes,
        score=scores.score,
        headline=lambda _labels: "accuracy",
        say=say_class,
        outcomes=row_scores.row_outcomes,
        tell=row_scores.tell,
        resampled=row_scores.RESAMPLED,
        smaller=row_scores.LOWER_IS_BETTER,
    ),
    "match": Measures(
        find_labels=match_scores.learn_scale,
        targets=match_scores.scale_targets,
        ask=match_scores.ask_scores,
        calibrate=match_scores.calibrate_scale,
        score=match_scores.score,
        headline=match_scores.headline,
        say=match_scores.say,
        outcomes=match_scores.outcomes,
        tell=match_scores.tell,
        resampled=match_scores.RESAMPLED,
        smaller=("mean_absolute_error",),
    ),
    "embed": Measures(
        find_labels=embed_scores.no_labels,
        targets=embed_scores.name_texts,
        ask=embed_scores.ask_cosines,
        calibrate=embed_scores.keep_labels,
        score=embed_scores.score,
        headline=lambda _labels: "spearman",
        say=embed_scores.say,
        outcomes=lambda _rows, _labels: {},
        tell=embed_scores.tell,
        resampled=embed_scores.RESAMPLED,
    ),
    **dict.fromkeys(
        GENERATE,
        Measures(
            find_labels=generate_scores.find_metrics,
            targets=generate_scores.mark_nothing,
            ask=generate_scores.ask_texts,
            calibrate=embed_scores.keep_labels,
            score=generate_scores.score,
            headline=generate_scores.headline,
            say=generate_scores.say,
            outcomes=generate_scores.outcomes,
            tell=generate_scores.tell,
            resampled=generate_scores.RESAMPLED,
            make_up=generate_scores.make_up_texts,
        ),
    ),
    "language": Measures(
        find_labels=embed_scores.no_labels,
        targets=generate_scores.mark_nothing,
        ask=language_scores.ask_texts,
        calibrate=embed_scores.keep_labels,
        score=language_scores.score,
        headline=lambda _labels: "log_probability",
        say=language_scores.say,
        outcomes=lambda _rows, _labels: {},
        tell=language_scores.tell,
        resampled=language_scores.RESAMPLED,
        smaller=language_scores.SMALLER,
        make_up=language_scores.make_up_costs,
    ),
}


def find_measures(task: str) -> Measures:
    """Give what a task says of rows and answers; raises RecipeError where nothing is trained."""
    if task not in MEASURES:
        what = f"Nothing here trains or scores the task {task!r} yet."
        raise RecipeError(what, f"Choose one of: {', '.join(MEASURES)}.")
    return MEASURES[task]
