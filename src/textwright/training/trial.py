"""What a search tells of its trials, without Optuna."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    number:  from 1, which is the recipe as it is written.
    outcome: done; stopped, for it lagged; or failed, with the reason.
    score:   the metric on the dev rows; None unless it is done.
    epochs:  passes that were made; 0 for the linear model.
    """

    number: int
    outcome: str
    values: Mapping[str, Any]
    score: float | None
    epochs: int
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class Searched:
    """All trials of a search, the earlier ones of a search that was resumed included.

    resumed:    how many of them were there already.
    importance: as ``measure_importance`` gives it.
    """

    trials: tuple[Trial, ...]
    resumed: int
    importance: Mapping[str, float]


def find_best(trials: Sequence[Trial], *, smaller: bool) -> Trial:
    """Give the trial with the best score, of equal ones the first."""
    done = [(each.score, each) for each in trials if each.score is not None]
    return max(done, key=lambda each: -each[0] if smaller else each[0])[1]
