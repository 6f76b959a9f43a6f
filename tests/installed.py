"""A Python in which only what an installation brings can be imported, as in an image that serves.

What it brings stands in ``pyproject.toml``: the base install, and the extras that are named.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

BASE: tuple[str, ...] = ()


@cache
def brought(extras: tuple[str, ...] = BASE) -> frozenset[str]:
    """Name the distributions that an installation brings, with all that those need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for each in extras for line in optional[each])]
    left, found = [Requirement(line) for line in lines], {project["name"]}
    while left:
        wanted = left.pop()
        name = canonicalize_name(wanted.name)
        if name not in found:
            found.add(name)
            left += needed_by(wanted)
    return frozenset(found)


def needed_by(wanted: Requirement) -> list[Requirement]:
    """Give what a distribution needs on this machine, with the extras that were asked for."""
    lines = [Requirement(line) for line in requires(wanted.name) or []]
    extras = ("", *wanted.extras)
    return [
        each
        for each in lines
        if each.marker is None or any(each.marker.evaluate({"extra": name}) for name in extras)
    ]


@cache
def others(extras: tuple[str, ...] = BASE) -> tuple[str, ...]:
    """Name the modules that stand in this environment and that an installation does not bring."""
    kept = brought(extras)
    return tuple(
        module
        for module, names in packages_distributions().items()
        if kept.isdisjoint(map(canonicalize_name, names))
    )


def run_installed(
    code: str,
    *arguments: str,
    extras: Sequence[str] = BASE,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run code in a process that can import what an installation brings; gives what it printed."""
    hidden = f"import sys; sys.modules.update(dict.fromkeys({others(tuple(extras))!r}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{hidden}\n{code}", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
