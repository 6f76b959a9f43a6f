"""The opinion example: how reviews become moods, tables and pictures."""

import csv
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "examples" / "opinion"


@pytest.fixture(scope="module")
def opinion() -> dict[str, Any]:
    """Give what the script defines."""
    return runpy.run_path(str(FOLDER / "opinion.py"))


def test_moods_are_counted_by_topic(opinion: dict[str, Any]) -> None:
    moods = opinion["count_moods"]([("wifi", True), ("food", True), ("wifi", False)])

    assert (moods["wifi"].reviews, moods["wifi"].positive, moods["wifi"].share) == (2, 1, 0.5)
    assert moods["food"].share == 1


def test_the_interval_of_a_share_is_the_exact_one(opinion: dict[str, Any]) -> None:
    low, high = opinion["Mood"](10, 10).interval

    assert low == pytest.approx(0.025 ** (1 / 10))  # Clopper and Pearson, all of ten
    assert high == 1


def test_a_table_holds_shares_with_their_intervals(opinion: dict[str, Any], tmp_path: Path) -> None:
    moods = {("wifi, slow", "2025-01"): opinion["Mood"](4, 1)}

    opinion["write_table"](tmp_path / "t.csv", ("topic", "month"), moods)

    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["topic"] == "wifi, slow"
    assert (row["reviews"], row["positive"]) == ("4", "0.250")
    assert float(row["low"]) < 0.25 < float(row["high"])


def test_pictures_are_drawn_with_gaps_where_there_are_few_reviews(
    opinion: dict[str, Any], tmp_path: Path
) -> None:
    mood = opinion["Mood"]
    names, months = ["无线网, 慢", "breakfast"], ["2025-01", "2025-02"]
    table = {(names[0], months[0]): mood(8, 2), (names[1], months[1]): mood(1, 1)}

    opinion["plot_months"](names, months, table, tmp_path / "m.png")
    opinion["plot_topics"](names, [mood(8, 2), mood(9, 9)], tmp_path / "t.png")

    for name in ("m.png", "t.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        ("reviews.csv", ["date", "text"], 300),
        ("rated.csv", ["text", "label"], 180),
        ("rated_test.csv", ["text", "label"], 60),
    ],
)
def test_the_reviews_of_the_example_are_in_order(name: str, columns: list[str], rows: int) -> None:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))

    assert list(found[0]) == columns
    assert len({row["text"] for row in found}) == len(found) == rows


def test_no_review_to_analyse_was_trained_on() -> None:
    texts = []
    for name in ("reviews.csv", "rated.csv", "rated_test.csv"):
        with (FOLDER / name).open(encoding="utf-8", newline="") as file:
            texts.append({row["text"] for row in csv.DictReader(file)})

    assert not texts[0] & (texts[1] | texts[2])
    assert not texts[1] & texts[2]


def test_public_reviews_are_split_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    public = runpy.run_path(str(FOLDER / "public.py"))
    rows = [f'{{"text": "review {each // 2}", "label": {each % 2}}}' for each in range(400)]
    (tmp_path / "all.jsonl").write_text("\n".join(rows), encoding="utf-8")

    public["split"](tmp_path / "all.jsonl", 400, tmp_path)

    parts = {
        name: (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()
        for name in ("train", "test", "rest")
    }
    assert sorted(row for part in parts.values() for row in part) == sorted(rows)
    texts = {name: {row.split('", ')[0] for row in part} for name, part in parts.items()}
    assert not texts["train"] & texts["rest"]
    assert not texts["test"] & texts["rest"]
    assert 120 < len(parts["rest"]) < 280
