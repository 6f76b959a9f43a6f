"""A study: the trials of one search, as Optuna keeps them.

Kept in SQLite, which is whole after a kill at any moment; Optuna's journal file is not, if a line
of it was half written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from textwright.errors import RefusedError
from textwright.recipe.tune import Choice, Range, Space
from textwright.training.trial import Trial

STUDY = "study"
OUTCOMES = {TrialState.COMPLETE: "done", TrialState.PRUNED: "stopped", TrialState.FAIL: "failed"}
LEAST_FOR_IMPORTANCE = 4  # trials that ran to their end


@contextmanager
def open_study(path: Path, pruner: BasePruner, *, smaller: bool) -> Iterator[optuna.Study]:
    """Open a study, or begin it; a trial that was killed is taken out of it.

    smaller: whether less of the score is better.
    Raises RefusedError when the file cannot be read or written, at any time while it is open.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
        try:
            study = optuna.create_study(
                storage=storage,
                study_name=STUDY,
                direction="minimize" if smaller else "maximize",
                pruner=pruner,
                load_if_exists=True,
            )
            for killed in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                study.tell(killed.number, state=TrialState.FAIL)
            yield study
        finally:
            storage.remove_session()
            storage.engine.dispose()
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        what = f"The trials in {path} cannot be read or written: {error.__cause__ or error}."
        hint = "Look for room on the disk. Without this file the search begins anew."
        raise RefusedError(what, hint) from error


def make_pruner(rule: str, epochs: int) -> BasePruner:
    """Give what stops trials; the median rule waits for a quarter of the epochs."""
    if rule == "halving":
        return SuccessiveHalvingPruner()
    return MedianPruner(n_warmup_steps=epochs // 4) if rule == "median" else NopPruner()


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Give the trials that ended by themselves, in their order; those that were killed did not."""
    trials = study.get_trials(deepcopy=False)
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return [each for each in trials if each.state in ended or "reason" in each.user_attrs]


def read_trial(trial: FrozenTrial, number: int) -> Trial:
    """Give a trial of a study as a trial of ours."""
    return Trial(
        number=number,
        outcome=OUTCOMES[trial.state],
        values=dict(trial.params),
        score=trial.value if trial.state is TrialState.COMPLETE else None,
        epochs=len(trial.intermediate_values),
        seconds=trial.user_attrs.get("seconds", 0.0),
        reason=trial.user_attrs.get("reason", ""),
    )


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Give a space as Optuna has it."""
    return {name: distribution(each) for name, each in space.items()}


def distribution(searched: Range | Choice) -> BaseDistribution:
    """Give what is searched of one setting as Optuna has it."""
    if isinstance(searched, Choice):
        return CategoricalDistribution(searched.choices)
    if isinstance(searched.low, int) and isinstance(searched.high, int):
        return IntDistribution(searched.low, searched.high, log=searched.log)
    return FloatDistribution(searched.low, searched.high, log=searched.log)


def measure_importance(study: optuna.Study, space: Space, *, seed: int) -> dict[str, float]:
    """Give how much of the score's variance each setting explains by itself, largest first.

    Source: Hutter, Hoos and Leyton-Brown 2014 (functional ANOVA), as Optuna has it, scaled to
    sum to 1. Empty for too few trials, or where all scored the same.
    """
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    whole = [each for each in done if each.params.keys() >= space.keys()]
    if len(whole) < LEAST_FOR_IMPORTANCE or len({each.value for each in whole}) == 1:
        return {}
    evaluator = FanovaImportanceEvaluator(seed=seed % 2**32)
    shares = get_param_importances(study, evaluator=evaluator, params=list(space))
    return {name: float(each) for name, each in shares.items()}
