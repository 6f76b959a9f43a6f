"""Recipes of every combination of parts, as fixtures."""

from pathlib import Path

import pytest

from tests.training.small import small_recipe, with_model
from textwright.recipe.recipe import Recipe


@pytest.fixture
def recipe(request: pytest.FixtureRequest, checkpoint: Path) -> Recipe:
    """Give the small recipe with the sections that a test names by indirect parameters."""
    return small_recipe(**with_model(request.param, checkpoint))
