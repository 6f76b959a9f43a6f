"""The tasks, by the name a recipe uses.

To add a task: write its file, then add its line here.
"""

from importlib import import_module
from types import ModuleType

from textwright.errors import RecipeError, unknown_name

TASKS = {"classify": "textwright.tasks.classify", "embed": "textwright.tasks.embed"}
TRAINED = ("classify",)  # the others answer from an artifact that was made elsewhere


def find_task(name: str) -> ModuleType:
    """Import the module of a task; raises UnknownNameError with the nearest name."""
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    return import_module(TASKS[name])


def check_trained(name: str) -> None:
    """Refuse a task that nothing here trains or scores yet; raises RecipeError."""
    if name not in TRAINED:
        what = f"Nothing here trains or scores the task {name!r} yet."
        raise RecipeError(what, f"Choose one of: {', '.join(TRAINED)}.")
