"""One setting of a recipe: its default, its meaning, and the values it may take."""

from dataclasses import Field, field
from typing import Any, TypeVar

T = TypeVar("T")


def setting(
    default: T,
    meaning: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: tuple[str, ...] = (),
    tasks: tuple[str, ...] = (),
) -> T:
    """Declare a field of a settings dataclass.

    meaning:  one line, printed by ``textwright recipe show`` and kept nowhere else.
    at_least, at_most: the range a number must lie in, both ends included.
    choices:  the strings allowed; empty means any.
    tasks:    those that have the setting; empty means all.
    """
    metadata = {
        "meaning": meaning,
        "at_least": at_least,
        "at_most": at_most,
        "choices": choices,
        "tasks": tasks,
    }
    return field(default=default, metadata=metadata)


def has_setting(declared: Field[Any], task: str) -> bool:
    """Tell whether a task has a setting."""
    tasks = declared.metadata.get("tasks") or (task,)
    return task in tasks
