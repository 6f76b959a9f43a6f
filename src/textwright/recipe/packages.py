"""Installed packages that carry weights or vectors: a recipe names one as ``package:NAME``."""

from importlib.util import find_spec
from pathlib import Path

PACKAGE = "package:"


def package_folders(name: str) -> list[Path]:
    """Give the folders of an installed package; none where there is no such package."""
    found = find_spec(name) if name.isidentifier() else None
    return [Path(each) for each in found.submodule_search_locations or []] if found else []
