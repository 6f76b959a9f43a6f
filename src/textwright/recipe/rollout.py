"""The settings of ``[rollout]``: how a candidate's share grows, and what rolls it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from textwright.errors import RecipeError, unknown_name
from textwright.recipe.check import read_settings
from textwright.recipe.data import WRITING
from textwright.recipe.settings import setting

GUARDS = ("errors", "slow", "wrong", "disagreement")
WRITTEN = ("length", "repetition", "cut")  # of tasks that write texts


@dataclass(frozen=True)
class RolloutSettings:
    """The way of a candidate to production: its steps, its guards, its time limit."""

    steps: tuple[float, ...] = setting((0.01, 0.1, 0.5), "shares of callers, growing, each above 0")
    minutes: int = setting(10, "least minutes of a step", at_least=1)
    units: int = setting(1000, "least units of the candidate in a step", at_least=1)
    feedback: int = setting(0, "feedback on the candidate that a step waits for", at_least=0)
    guards: tuple[str, ...] = setting(
        GUARDS, "live tests; alpha is split over them; where texts are written three more"
    )
    alpha: float = setting(
        0.01, "chance that a candidate as good as stable is rolled back", at_least=1e-9, at_most=0.5
    )
    per_caller: int = setting(1, "first requests of a caller that count in a window", at_least=1)
    caller_minutes: int = setting(60, "length of that window", at_least=1)
    latency_ms: float = setting(250.0, "objective; a slower answer counts as slow", at_least=0)
    error_tolerance: float = setting(
        0.002, "share of errors more than stable's that is let pass", at_least=0, at_most=0.5
    )
    slow_tolerance: float = setting(
        0.005, "share of slow answers more than stable's let pass", at_least=0, at_most=0.5
    )
    wrong_tolerance: float = setting(
        0.01, "share of wrong answers more than stable's let pass", at_least=0, at_most=0.5
    )
    length_tolerance: float = setting(
        0.01, "share of empty, very short or very long texts more than stable's", at_least=0,
        at_most=0.5, tasks=WRITING,
    )  # fmt: skip
    repetition_tolerance: float = setting(
        0.01, "share of texts that go round more than stable's", at_least=0, at_most=0.5,
        tasks=WRITING,
    )  # fmt: skip
    cut_tolerance: float = setting(
        0.02, "share of texts cut at their longest more than stable's", at_least=0, at_most=0.5,
        tasks=WRITING,
    )  # fmt: skip
    disagreement: float = setting(
        0.1, "share of shadow answers that may differ from stable's", at_least=1e-6, at_most=0.98
    )
    limit_minutes: int = setting(4320, "time limit of the whole rollout", at_least=1)
    at_limit: str = setting(
        "hold", "then: hold, or roll_back; never promote", choices=("hold", "roll_back")
    )


def read_rollout(recipe: Mapping[str, Any]) -> RolloutSettings:
    """Read the ``[rollout]`` of a recipe's tables; which guards are usual goes by its task."""
    given, task = recipe.get("rollout", {}), recipe.get("task", "classify")
    if isinstance(given, Mapping) and task in WRITING:
        given = {"guards": [*GUARDS, *WRITTEN], **given}
    return check_rollout(read_settings(RolloutSettings, given, "rollout", task=task), task)


def check_rollout(settings: RolloutSettings, task: str = "classify") -> RolloutSettings:
    """Refuse steps that do not grow between 0 and 1, and guards that the task does not have."""
    growing = all(before < after for before, after in pairwise((0.0, *settings.steps, 1.0)))
    if not settings.steps or not growing:
        what = f"rollout.steps is {list(settings.steps)}."
        raise RecipeError(what, "Write growing shares above 0 and below 1: [0.01, 0.1, 0.5].")
    known = (*GUARDS, *WRITTEN) if task in WRITING else GUARDS
    for guard in settings.guards:
        if guard in WRITTEN and guard not in known:
            what = f"The guard {guard!r} is for texts that are written; the task is {task!r}."
            raise RecipeError(what, "Take it out of rollout.guards.")
        if guard not in known:
            raise unknown_name("guard", guard, known)
    if not settings.guards or len(set(settings.guards)) < len(settings.guards):
        what = f"rollout.guards is {list(settings.guards)}."
        raise RecipeError(what, "Name each guard once, and at least one: alpha is split over them.")
    return settings
