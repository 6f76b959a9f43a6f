"""What is known of a version, as lines to read."""

from collections.abc import Mapping
from datetime import datetime
from textwrap import fill
from typing import Any

from textwright.cli.output import say, show

WIDTH = 100
NAME = 10  # width of the names before the values
DIGEST = 16  # characters of a digest that tell it from all others


def print_about(about: Mapping[str, Any]) -> None:
    """Print each fact under its name; what is unknown as ``-``."""
    for name, value in about.items():
        start = f"{name:>{NAME}}  "
        say(fill(start + describe(name, value), WIDTH, subsequent_indent=" " * len(start)))


def describe(name: str, value: Any) -> str:
    """Write one fact in words."""
    if name == "machine" and value:
        return describe_machine(value)
    if name == "libraries" and value:
        return ", ".join(f"{library} {version}" for library, version in value.items())
    if name == "datasets" and value:
        return ", ".join(f"{part} {digest[:DIGEST]}" for part, digest in value.items())
    if name == "seconds" and value is not None:
        return f"{value:.1f}"
    if name == "created" and isinstance(value, datetime):
        return f"{show(value)} UTC"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else show(value)


def describe_machine(machine: Mapping[str, Any]) -> str:
    """Write a run's machine; one that an older or newer program described is written as it is."""
    told = {
        "cores": "{} cores",
        "memory_gib": "{} GiB of memory",
        "python": "Python {}",
    }
    return ", ".join(told.get(key, "{}").format(each) for key, each in machine.items())
