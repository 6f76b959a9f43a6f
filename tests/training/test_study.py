"""Trials as Optuna keeps them: in a file that is whole after a kill, or refused."""

from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from textwright.errors import RefusedError
from textwright.recipe.tune import Choice, Range, Space
from textwright.training.study import (
    distributions,
    finished,
    make_pruner,
    measure_importance,
    open_study,
    read_trial,
)

SPACE: Space = {
    "a.rate": Range(1e-3, 1.0, log=True),
    "a.size": Range(1, 9),
    "a.way": Choice(("x", "y")),
}


def scored(study: optuna.Study, score: float) -> None:
    study.sampler = optuna.samplers.RandomSampler(seed=len(study.trials))
    study.tell(study.ask(distributions(SPACE)), score)


def test_a_space_is_given_to_optuna_by_kind() -> None:
    assert distributions(SPACE) == {
        "a.rate": FloatDistribution(1e-3, 1.0, log=True),
        "a.size": IntDistribution(1, 9),
        "a.way": CategoricalDistribution(("x", "y")),
    }


def test_a_killed_trial_is_taken_out_and_the_others_stay(tmp_path: Path) -> None:
    for score in (0.5, 0.75):
        with open_study(tmp_path / "study.db", make_pruner("none", 1), smaller=False) as study:
            scored(study, score)
            study.ask(distributions(SPACE))  # and never told what came of it

    with open_study(tmp_path / "study.db", make_pruner("none", 1), smaller=False) as study:
        assert [each.value for each in finished(study)] == [0.5, 0.75]
        assert study.get_trials(states=(TrialState.RUNNING,)) == []


def test_a_trial_that_went_wrong_by_itself_counts(tmp_path: Path) -> None:
    with open_study(tmp_path / "study.db", make_pruner("none", 1), smaller=True) as study:
        trial = study.ask(distributions(SPACE))
        trial.set_user_attr("reason", "no number")
        study.tell(trial, state=TrialState.FAIL)

        (found,) = finished(study)

    assert (read_trial(found, 3).outcome, read_trial(found, 3).reason) == ("failed", "no number")
    assert read_trial(found, 3).number == 3
    assert read_trial(found, 3).score is None


def test_a_file_that_is_no_study_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"no database" * 500)

    with (
        pytest.raises(RefusedError, match="cannot be read or written") as caught,
        open_study(tmp_path / "study.db", make_pruner("none", 1), smaller=False),
    ):
        pass

    assert "begins anew" in caught.value.hint


@pytest.mark.parametrize(("epoch", "stopped"), [(1, False), (2, True)])
def test_the_median_rule_stops_what_lags_after_a_quarter_of_the_epochs(
    tmp_path: Path, epoch: int, stopped: bool
) -> None:
    with open_study(tmp_path / "study.db", make_pruner("median", 8), smaller=False) as study:
        for _ in range(5):
            trial = study.ask()
            for each in (1, 2):
                trial.report(0.9, each)
            study.tell(trial, 0.9)
        lagging, leading = study.ask(), study.ask()
        lagging.report(0.2, epoch)
        leading.report(0.95, epoch)

        assert bool(lagging.should_prune()) == stopped
        assert not leading.should_prune()


def test_halving_and_none_are_what_they_say() -> None:
    assert isinstance(make_pruner("halving", 8), optuna.pruners.SuccessiveHalvingPruner)
    assert isinstance(make_pruner("none", 8), optuna.pruners.NopPruner)


def test_what_moves_the_score_is_the_most_important(tmp_path: Path) -> None:
    with open_study(tmp_path / "study.db", make_pruner("none", 1), smaller=False) as study:
        for number in range(12):
            study.sampler = optuna.samplers.RandomSampler(seed=number)
            trial = study.ask(distributions(SPACE))
            study.tell(trial, trial.params["a.size"] / 9)

        found = measure_importance(study, SPACE, seed=2**40)

    assert next(iter(found)) == "a.size"
    assert sum(found.values()) == pytest.approx(1)


def test_importance_is_not_known_of_few_trials_or_equal_scores(tmp_path: Path) -> None:
    with open_study(tmp_path / "study.db", make_pruner("none", 1), smaller=False) as study:
        scored(study, 0.1)
        scored(study, 0.9)
        assert measure_importance(study, SPACE, seed=1) == {}
        for _ in range(6):
            scored(study, 0.9)
        assert measure_importance(study, {"a.other": Range(0.0, 1.0)}, seed=1) == {}

    with open_study(tmp_path / "equal.db", make_pruner("none", 1), smaller=False) as study:
        for _ in range(6):
            scored(study, 0.5)
        assert measure_importance(study, SPACE, seed=1) == {}
