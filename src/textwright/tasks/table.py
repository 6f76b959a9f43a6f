"""The tasks, by the name a recipe uses.

To add a task: write its file, then add its line here; what training asks of it stands in
``measures``.
"""

from importlib import import_module
from types import ModuleType

from textwright.errors import unknown_name
from textwright.recipe.data import GENERATE

TASKS = {
    "classify": "textwright.tasks.classify",
    "match": "textwright.tasks.match",
    "embed": "textwright.tasks.embed",
    **dict.fromkeys(GENERATE, "textwright.tasks.generate"),
    "language": "textwright.tasks.language",
}


def find_task(name: str) -> ModuleType:
    """Import the module of a task; raises UnknownNameError with the nearest name."""
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    return import_module(TASKS[name])
