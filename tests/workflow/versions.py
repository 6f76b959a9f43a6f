"""Recipes and rows that tests write, and the versions that they train."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textwright.recipe.file import recipe_text
from textwright.recipe.recipe import Recipe
from textwright.settings import Settings
from textwright.workflow.train import TrainedVersion, TrainOptions, train


def write_lines(path: Path, rows: Iterable[Any]) -> Path:
    """Write rows as JSONL."""
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def train_recipe(recipe: Recipe, folder: Path, settings: Settings) -> TrainedVersion:
    """Write a recipe beside its data, under its name, and train it."""
    path = folder / f"{recipe.name}.toml"
    path.write_text(recipe_text(recipe), encoding="utf-8")
    return train(path, settings=settings)


def train_file(path: Path, settings: Settings, *overrides: str) -> TrainedVersion:
    """Train a recipe file with other settings."""
    options = TrainOptions(actor="tester")
    return train(path, overrides=overrides, settings=settings, options=options)
