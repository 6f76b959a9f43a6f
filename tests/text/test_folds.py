"""Folds: every row held out once, repeats together, and no label lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from textwright.errors import DataError
from textwright.recipe.data import DataSettings, DevShare
from textwright.text.folds import read_folds

MANY = [(f"text {number % 150}", "ab"[number % 2]) for number in range(300)]


def data(folder: Path, rows: list[tuple[str, str]], **settings: Any) -> DataSettings:
    lines = (json.dumps({"text": text, "label": label}) for text, label in rows)
    (folder / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return DataSettings(train="train.jsonl", root=str(folder), **settings)


def test_each_row_is_held_out_once_and_never_trained_on_meanwhile(tmp_path: Path) -> None:
    folds = read_folds(data(tmp_path, MANY), 5)

    held = [each.text for fold in folds for each in fold.test.examples]  # type: ignore[union-attr]
    assert sorted(held) == sorted(text for text, _ in MANY)
    for fold in folds:
        parts = [{each.text for each in part.examples} for part in (fold.train, fold.dev)]
        assert fold.test is not None
        parts.append({each.text for each in fold.test.examples})
        assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
        assert 30 <= len(fold.test.examples) <= 100


def test_each_fold_cuts_its_own_dev_rows_as_the_recipe_says(tmp_path: Path) -> None:
    folds = read_folds(data(tmp_path, MANY, dev=DevShare(0.2)), 4)

    assert all(20 <= len(fold.dev.examples) <= 80 for fold in folds)
    assert len({fold.dev.digest for fold in folds}) == 4


def test_a_dev_file_of_its_own_serves_every_fold(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"text": "own", "label": "a"}', encoding="utf-8")

    folds = read_folds(data(tmp_path, MANY, dev="dev.jsonl"), 3)

    assert [[each.text for each in fold.dev.examples] for fold in folds] == [["own"]] * 3


def test_the_test_file_is_never_opened(tmp_path: Path) -> None:
    assert len(read_folds(data(tmp_path, MANY, test="not there.jsonl"), 2)) == 2


def test_too_few_rows_for_the_folds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 rows: too few for 5 folds"):
        read_folds(data(tmp_path, [("one", "a"), ("two", "b"), ("three", "a")]), 5)


def test_a_label_that_a_fold_has_alone_is_refused_by_name(tmp_path: Path) -> None:
    rows = [*MANY, ("a rare one", "rare"), ("a rare one", "rare")]

    with pytest.raises(DataError, match=r"leaves no row of 'rare' .* has 2 of it") as caught:
        read_folds(data(tmp_path, rows), 5)

    assert "data.exclude" in caught.value.hint


def test_excluding_by_a_column_that_no_row_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="exclude names the column 'labell'"):
        read_folds(data(tmp_path, MANY, exclude={"labell": ["a"]}), 2)
