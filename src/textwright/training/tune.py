"""The search for better settings: one training after another, scored on the dev rows alone.

Optuna proposes values and stops what lags. Each trial is a function of the recipe and of the trials
before it, so a search that was killed goes on just as it would have.
"""

import shutil
import time
from dataclasses import dataclass
from math import isfinite, isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from textwright.errors import DataError, TextwrightError, unknown_name
from textwright.recipe.file import set_values
from textwright.recipe.recipe import Recipe
from textwright.recipe.tune import Space
from textwright.tasks.measures import find_measures
from textwright.text.splits import Splits
from textwright.training.evaluate import evaluate, score_rows
from textwright.training.fit import Fitted, Workplace, fit
from textwright.training.history import EpochRecord
from textwright.training.measure import calibrate_answerer
from textwright.training.pretrained import Pretrained
from textwright.training.progress import RunProgress
from textwright.training.study import (
    distributions,
    finished,
    make_pruner,
    measure_importance,
    open_study,
    read_trial,
)
from textwright.training.trial import Searched


@dataclass(frozen=True)
class Search:
    """What is searched, by which dev score, on what, and where.

    recipe:     as it is written; every trial is this recipe with other values.
    metric:     the score that decides.
    pruning:    median, halving or none.
    splits:     whose test set, if there is one, is never looked at.
    pretrained: what the embedding or encoder builds on, opened already.
    folder:     of the study.
    states:     keeps what a frozen encoder made of texts, for all trials; None: nothing does.
    """

    recipe: Recipe
    space: Space
    metric: str
    pruning: str
    splits: Splits
    pretrained: Pretrained | None
    folder: Path
    states: Path | None = None

    @property
    def smaller(self) -> bool:
        """Whether less of the metric is better."""
        return self.metric in find_measures(self.recipe.task).smaller

    def written(self, name: str) -> Any:
        """Give the recipe's own value of a setting, ``section.key``."""
        section, _, key = name.partition(".")
        return getattr(getattr(self.recipe, section), key)


class Watched:
    """Passes a trial's progress on, and ends a trial that the pruner gives up."""

    def __init__(self, progress: RunProgress, trial: optuna.Trial, *, smaller: bool) -> None:
        self.stage, self.start, self.advance = progress.stage, progress.start, progress.advance
        self.progress = progress
        self.trial = trial
        self.smaller = smaller

    def finish_epoch(self, record: EpochRecord) -> None:
        """Tell the pruner of an epoch; raises TrialPruned when it says so."""
        self.progress.finish_epoch(record)
        if isnan(record.dev_score):
            return
        self.trial.report(standing(record, smaller=self.smaller), record.epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def standing(record: EpochRecord, *, smaller: bool) -> float:
    """Give what trials are held against each other by: the epoch's dev score, in its direction."""
    return -record.dev_score if smaller else record.dev_score


def search(
    job: Search, progress: RunProgress, *, trials: int, timeout_s: float | None = None
) -> Searched:
    """Try settings until there are ``trials``, those of an earlier call included.

    timeout_s: after so many seconds no trial begins; the recipe as written is always tried.
    Raises DataError when the dev rows do not give the metric, and what training the recipe as
    written raises; a later trial that goes wrong is noted as failed. Raises RefusedError when the
    study cannot be read or written.
    """
    began = time.monotonic()
    check_metric(job)
    pruner = make_pruner(job.pruning, job.recipe.training.epochs)
    with open_study(job.folder / "study.db", pruner, smaller=job.smaller) as study:
        resumed = len(finished(study))
        while (number := len(finished(study))) < trials:
            if number and timeout_s is not None and time.monotonic() - began >= timeout_s:
                break
            progress.stage(f"trial {number + 1} of {trials}")
            if number:
                try_values(study, job, progress, number)
            else:
                try_written(study, job, progress)
        listed = tuple(read_trial(each, place) for place, each in enumerate(finished(study), 1))
        importance = measure_importance(study, job.space, seed=job.recipe.training.seed)
    return Searched(listed, resumed, importance)


def check_metric(job: Search) -> None:
    """Refuse a metric that the dev rows do not give, whatever a network says of them.

    Raises DataError with the nearest name of one that they do.
    """
    measures, examples = find_measures(job.recipe.task), job.splits.dev.examples
    labels = measures.find_labels(job.splits.train.examples, job.recipe)
    said = measures.ask(lambda inputs: measures.make_up(len(inputs), labels), examples, labels)
    found = score_rows(job.recipe.task, said, examples, labels).metrics
    known = [name for name, each in found.items() if isinstance(each, float)]
    if job.metric not in known:
        hint = unknown_name("metric", job.metric, known).hint
        raise DataError(f"The dev rows give no {job.metric!r}.", hint)


def try_written(study: optuna.Study, job: Search, progress: RunProgress) -> None:
    """Try the recipe as it is written, and add it to the study when it is done."""
    began = time.perf_counter()
    fitted, score = train_trial(job, job.recipe, progress)
    inside = {
        name: job.written(name)
        for name, searched in job.space.items()
        if job.written(name) in searched
    }
    drawn_from = distributions(job.space)
    study.add_trial(
        optuna.create_trial(
            params=inside,
            distributions={name: drawn_from[name] for name in inside},
            value=score,
            intermediate_values={
                each.epoch: standing(each, smaller=job.smaller)
                for each in fitted.epochs
                if not isnan(each.dev_score)
            },
            user_attrs={"seconds": time.perf_counter() - began},
        )
    )


def try_values(study: optuna.Study, job: Search, progress: RunProgress, number: int) -> None:
    """Try the values that Optuna proposes, and tell it what came of them."""
    began = time.perf_counter()
    seed = np.random.SeedSequence([job.recipe.training.seed, number]).generate_state(1)[0]
    study.sampler = optuna.samplers.TPESampler(seed=int(seed))
    trial = study.ask(distributions(job.space))
    state, score = TrialState.COMPLETE, None
    try:
        recipe = set_values(job.recipe, trial.params)
        watched = Watched(progress, trial, smaller=job.smaller)
        _, score = train_trial(job, recipe, watched)
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except TextwrightError as error:  # such as a loss that is no number
        trial.set_user_attr("reason", error.what)
        state = TrialState.FAIL
    trial.set_user_attr("seconds", time.perf_counter() - began)
    study.tell(trial, score, state=state)


def train_trial(job: Search, recipe: Recipe, progress: RunProgress) -> tuple[Fitted, float]:
    """Train a recipe, score it on the dev rows, and take away all it left.

    Raises DataError when the score is no number.
    """
    folder = job.folder / "trial"
    shutil.rmtree(folder, ignore_errors=True)  # of a trial that was killed
    place = Workplace(
        folder / "artifact",
        folder / "checkpoints",
        pretrained=job.pretrained,
        states=job.states,
    )
    place.checkpoints.mkdir(parents=True)
    try:
        fitted = fit(recipe, job.splits, place, progress)
        answerer = calibrate_answerer(recipe, job.splits.dev, place.folder)
        found = evaluate(answerer, job.splits.dev.examples).metrics
    finally:
        shutil.rmtree(folder)
    score = found.get(job.metric, nan)
    if not isfinite(score):
        raise DataError(f"The {job.metric} of the dev rows is {score}.", "Choose another metric.")
    return fitted, float(score)
