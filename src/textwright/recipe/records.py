"""The settings of ``[records]``: what is kept of each answer that a version gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textwright.errors import RecipeError
from textwright.recipe.check import read_settings
from textwright.recipe.data import EMBED, WRITING
from textwright.recipe.rollout import RolloutSettings
from textwright.recipe.settings import setting

KEPT = ("text", "hash", "nothing")


@dataclass(frozen=True)
class RecordSettings:
    """What is kept of each answer, and for how long; of a caller never more than a keyed hash."""

    share: float = setting(
        1.0, "share of the answers recorded, chosen by their ids", at_least=0, at_most=1
    )
    keep: str = setting(
        "hash", "of text and caller: text, hash (both keyed), or nothing", choices=KEPT
    )
    days: int = setting(90, "after which a record is erased; 0: never", at_least=0, at_most=36_500)


def read_records(recipe: Mapping[str, Any], rollout: RolloutSettings) -> RecordSettings:
    """Read the ``[records]`` of a recipe's tables.

    Raises RecipeError where the rollout waits for feedback that nobody could give or count.
    """
    settings = read_settings(RecordSettings, recipe.get("records", {}), "records")
    hint = hint_to_hear(settings, rollout, recipe.get("task", "classify"))
    if rollout.feedback and hint:
        what = f"rollout.feedback is {rollout.feedback}, but no feedback can be heard."
        raise RecipeError(what, hint)
    return settings


def hint_to_hear(settings: RecordSettings, rollout: RolloutSettings, task: str) -> str:
    """Say what to change for feedback to reach the guard *wrong*; empty: it does."""
    if task in EMBED:
        return "Take it out: a vector is neither right nor wrong."
    if "wrong" not in rollout.guards:
        return "Name the guard 'wrong' in rollout.guards: it is what counts feedback."
    if task in WRITING and settings.keep != "text":
        return 'Set records.keep = "text": feedback is compared with the text that was written.'
    if not settings.share:
        return "Set records.share above 0: feedback finds an answer by its record."
    return ""
