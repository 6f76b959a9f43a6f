"""Say of every setting of a recipe what it is set to and what it means."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from textwright.recipe.recipe import Recipe
from textwright.recipe.settings import has_setting


def describe_recipe(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Yield name, value (as TOML has it) and meaning of each setting, section by section."""
    yield "name", repr(recipe.name), "model it makes versions of"
    yield "task", repr(recipe.task), "what goes in and what comes out"
    for section in fields(recipe)[2:-1]:
        settings = getattr(recipe, section.name)
        if settings is None:
            continue
        if section.name in ("embedding", "encoder"):
            yield f"{section.name}.kind", repr(settings.kind), first_line(settings)
        yield from describe_settings(section.name, settings, task=recipe.task)
    for number, gate in enumerate(recipe.gates, start=1):
        yield f"gates[{number}].rule", repr(gate.rule), first_line(gate)
        yield from describe_settings(f"gates[{number}]", gate)


def describe_settings(
    section: str, settings: Any, *, task: str = ""
) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and meaning of each setting of one section that the task has."""
    for each in fields(settings):
        if task and not has_setting(each, task):
            continue
        value = getattr(settings, each.name)
        if is_dataclass(value):
            yield from describe_settings(f"{section}.{each.name}", value)
        elif each.name == "space" and value:
            for name, searched in value.items():
                yield from describe_settings(f"{section}.{each.name}.{name}", searched)
        else:
            shown = list(value) if isinstance(value, tuple) else value
            yield f"{section}.{each.name}", toml_value(shown), each.metadata["meaning"]


def toml_value(value: Any) -> str:
    """Write a value as a recipe has it."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def first_line(settings: Any) -> str:
    """Give the first line of a settings class's docstring: what its kind is."""
    return str(type(settings).__doc__).splitlines()[0]
