"""The example recipes: in order, and as good as they say on the public data they are for."""

import csv
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from textwright.recipe.clustering import KMeansSettings
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


@pytest.mark.parametrize(
    ("name", "counts", "first"),
    [
        ("multi30k/de_en_lstm", (29_000, 1_014, 1_000), "Two young, White males are outside"),
        ("multi30k/en_de_lstm", (29_000, 1_014, 1_000), "Zwei junge weiße Männer sind im Freien"),
        ("tatoeba/en_zh_lstm", (27_104, 974, 977), ""),
        ("aeslc/subject_lstm", (14_436, 1_960, 1_906), ""),
    ],
)
@pytest.mark.usefixtures("shared_data")
def test_the_public_translations_have_the_rows_their_page_states(
    name: str, counts: tuple[int, int, int], first: str
) -> None:
    recipe = read_recipe(ROOT / "examples" / f"{name}.toml")

    splits = read_splits(recipe.data, recipe.form)

    assert splits.test is not None
    parts = (splits.train, splits.dev, splits.test)
    assert tuple(len(part.examples) for part in parts) == counts
    assert splits.train.examples[0].labels[0].startswith(first)


@pytest.mark.usefixtures("shared_data")
def test_three_public_sets_are_joined_into_one_of_three_tasks(tmp_path: Path) -> None:
    folder = ROOT / "examples" / "text_to_text"
    recipe = read_recipe(folder / "three_tasks.toml")
    script = [sys.executable, str(folder / "join.py"), "--out", str(tmp_path)]

    done = subprocess.run(script, capture_output=True, text=True, check=True)
    splits = read_splits(replace(recipe.data, root=str(tmp_path)), recipe.form)

    assert done.stdout.splitlines()[0] == "train.jsonl: 50,356 rows"
    assert splits.test is not None
    tasks = Counter(each.slices["task"] for each in splits.test.examples)
    assert tasks == {"translate": 1_000, "feeling": 1_821, "subject": 1_906}
    first = splits.train.examples[:100]
    assert {each.text.partition(": ")[0] for each in first} == tasks.keys()
    assert {each.labels[0] for each in first if each.opening == "feeling: "} == {
        "negative",
        "positive",
    }


@pytest.mark.usefixtures("shared_data")
def test_the_plays_are_cut_where_their_last_tenth_begins() -> None:
    recipe = read_recipe(ROOT / "examples" / "shakespeare" / "gpt.toml")

    splits = read_splits(recipe.data, recipe.form)

    assert splits.test is not None
    read, held = (
        sum(len(each.text) + 1 for part in parts for each in part.examples)
        for parts in ((splits.train, splits.dev), (splits.test,))
    )
    assert read + held == 1_115_394  # the characters of the file
    assert held / (read + held) == pytest.approx(0.1, abs=0.002)


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


@pytest.mark.slow
def test_opinions_are_told_by_topic_and_month(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "opinion", tmp_path, dirs_exist_ok=True)
    settings = find_settings(create=True, start=tmp_path, environment={})
    sentiment = train(tmp_path / "sentiment.toml", settings=settings)
    opinion = runpy.run_path(str(tmp_path / "opinion.py"))

    moods = opinion["analyse"](
        tmp_path / "reviews.csv",
        sentiment.folder,
        tmp_path / "report",
        settings=KMeansSettings(k=5),
    )

    assert sorted(each.reviews for each in moods.values()) == [60] * 5
    worst = min(moods, key=lambda name: moods[name].share)
    assert "wifi" in worst
    with (tmp_path / "report" / "months.csv").open(encoding="utf-8", newline="") as file:
        wifi = [float(row["positive"]) for row in csv.DictReader(file) if row["topic"] == worst]
    assert max(wifi[:3]) < 0.5 < min(wifi[3:])
    pictures = [path.name for path in (tmp_path / "report").glob("*.png")]
    assert sorted(pictures) == ["map.png", "months.png", "topics.png"]


@pytest.mark.slow
def test_opinions_on_public_reviews(shared_data: Path, tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "examples" / "opinion" / "public.py"), "shopping"]
    given = ["--rows", "1500", "--out", str(tmp_path)]

    done = subprocess.run([*script, *given], capture_output=True, text=True, check=True)
    elsewhere = ["--data", str(tmp_path / "none")]
    skipped = subprocess.run([*script, *given, *elsewhere], capture_output=True, text=True)

    assert shared_data.is_dir()
    assert len(done.stdout.splitlines()) == 11
    assert "酒店" in done.stdout
    assert skipped.stderr.startswith("Skipped: there is no")
