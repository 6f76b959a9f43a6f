"""The example recipes: in order, and as good as they say on the public data they are for."""

from pathlib import Path

import pytest

from tests.conftest import ROOT
from textwright.recipe.file import read_recipe
from textwright.settings import find_settings
from textwright.text.splits import find_leaks, read_splits
from textwright.workflow.train import train

RECIPES = sorted((ROOT / "examples").rglob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recipe_is_in_order_and_says_what_was_tuned(path: Path) -> None:
    recipe = read_recipe(path)

    assert recipe.data.test
    assert "uned" in path.read_text("utf-8") or "defaults" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "counts", "leaked"),
    [
        ("clinc150/bag", (15_100, 3_100, 5_500), 2),
        ("chnsenticorp/bag", (9_600, 1_200, 1_200), 331),
        ("sst2/bag", (6_920, 872, 1_821), 2),
    ],
)
def test_the_public_sets_have_the_rows_and_leaks_their_page_states(
    shared_data: Path, name: str, counts: tuple[int, int, int], leaked: int
) -> None:
    recipe = read_recipe(ROOT / "examples" / f"{name}.toml")
    assert Path(recipe.data.root).resolve().parent == shared_data.resolve()

    splits = read_splits(recipe.data)

    assert splits.test is not None
    parts = (splits.train, splits.dev, splits.test)
    assert tuple(len(part.examples) for part in parts) == counts
    assert sum(find_leaks(splits)) == leaked


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"),
    [("sst2/bag", 0.82), ("chnsenticorp/bag", 0.92), ("thucnews_titles/bag", 0.88)],
)
@pytest.mark.usefixtures("shared_data")
def test_the_linear_model_reaches_its_bar(tmp_path: Path, name: str, least: float) -> None:
    settings = find_settings(create=True, start=tmp_path, environment={})

    found = train(ROOT / "examples" / f"{name}.toml", settings=settings)

    assert found.metrics["accuracy"] >= least
