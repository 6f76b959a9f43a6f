"""Turn a table of TOML into a settings dataclass, refusing what it does not declare."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from difflib import get_close_matches
from math import isfinite
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from textwright.errors import RecipeError
from textwright.recipe.settings import has_setting

S = TypeVar("S")

NUMBERS = {float: "a number", int: "a whole number", bool: "true or false", str: "a string"}


def read_settings(kind: type[S], table: Any, place: str, *, task: str = "", chosen: str = "") -> S:
    """Build a settings dataclass from a TOML table; what is absent keeps its default.

    place: where the table stands, such as ``encoder``, for the error.
    task:  what the recipe is for; a setting that it does not have is refused.
    chosen: the key that chose the kind, already read: it is one of the table's, too.
    Raises RecipeError for a key it does not have, a value of another type, or one out of range.
    """
    if not isinstance(table, Mapping):
        raise RecipeError(f"[{place}] holds {table!r}.", "Write it as a table of keys and values.")
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise unknown_key(f"{place}.{key}", key, [chosen, *known] if chosen else [*known])
        if task and not has_setting(known[key], task):
            what = f"The task {task!r} has no setting {place}.{key}."
            raise RecipeError(what, f"It belongs to: {', '.join(known[key].metadata['tasks'])}.")
        values[key] = read_value(value, hints[key], f"{place}.{key}")
        check_range(values[key], known[key], f"{place}.{key}")
    return kind(**values)


def read_value(value: Any, expected: Any, place: str) -> Any:
    """Check one value against the annotated type of its field, widening int to float."""
    if isinstance(expected, UnionType):
        return read_union(value, get_args(expected), place)
    if is_dataclass(expected) and isinstance(expected, type):
        return read_settings(expected, value, place)
    origin, inner = get_origin(expected), get_args(expected)
    if origin in (tuple, list) and isinstance(value, list | tuple):
        return origin(read_value(each, inner[0], place) for each in value)
    if origin is dict and isinstance(value, Mapping):
        return {str(key): read_value(each, inner[1], place) for key, each in value.items()}
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return widen(value, place)
    if origin is None and type(value) is expected:
        if expected is float and not isfinite(value):
            raise RecipeError(f"{place} is {value}.", "Write a finite number.")
        return value
    wanted = NUMBERS.get(expected, "a list" if origin in (tuple, list) else "a table")
    raise RecipeError(f"{place} is {value!r}.", f"It must be {wanted}.")


def widen(value: int, place: str) -> float:
    """Give a whole number as float; raises RecipeError for one that no float can hold."""
    try:
        return float(value)
    except OverflowError as error:
        what = f"{place} is a number of {len(str(value))} digits."
        raise RecipeError(what, "It must be below 1e308.") from error


def read_union(value: Any, members: tuple[Any, ...], place: str) -> Any:
    """Take the member of a union that fits: a table goes to the dataclass among them."""
    table = [each for each in members if is_dataclass(each)]
    plain = [each for each in members if not is_dataclass(each)]
    chosen = table if isinstance(value, Mapping) and table else plain
    return read_value(value, chosen[0], place)


def check_range(value: Any, declared: Field[Any], place: str) -> None:
    """Refuse a value outside the choices or the range its setting declares."""
    choices = declared.metadata.get("choices") or ()
    if choices and value not in choices:
        near = get_close_matches(str(value), choices, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(choices)}."
        raise RecipeError(f"{place} is {value!r}, which is none of its choices.", hint)
    low, high = declared.metadata.get("at_least"), declared.metadata.get("at_most")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        bounds = [f"at least {low}" if low is not None else "", f"at most {high}" if high else ""]
        wanted = " and ".join(each for each in bounds if each)
        raise RecipeError(f"{place} is {value!r}, which is out of range.", f"It must be {wanted}.")


def unknown_key(place: str, key: str, known: Sequence[str]) -> RecipeError:
    """Build the error for a key that its section does not have, nearest key first."""
    near = get_close_matches(key, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Its keys are: {', '.join(known)}."
    return RecipeError(f"There is no setting {place}.", hint)
