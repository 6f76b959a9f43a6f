"""Rows named by file and number."""

from pathlib import Path

import pytest

from tests.conftest import write_rows
from textwright.errors import DataError
from textwright.recipe.data import DataSettings, DevShare, RowForm
from textwright.text.named_rows import has_column, read_files, read_recipe_rows
from textwright.text.splits import read_splits

LOOSE = RowForm(loose=True)


def test_the_rows_of_a_recipe_carry_their_split_file_and_number(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [("one", "a"), ("", "b"), ("two", "out"), ("x", "c")])
    write_rows(tmp_path / "dev.jsonl", [("three", "a")])
    write_rows(tmp_path / "test.jsonl", [("four", "b")])
    settings = DataSettings(
        "train.jsonl",
        "dev.jsonl",
        "test.jsonl",
        root=str(tmp_path),
        out_of_scope="out",
        exclude={"label": ["c"]},
    )

    rows = read_recipe_rows(settings, RowForm())

    assert [(row.split, row.name, row.example.text, row.example.labels) for row in rows] == [
        ("train", "train.jsonl:1", "one", ("a",)),
        ("train", "train.jsonl:2", "", ("b",)),
        ("train", "train.jsonl:3", "two", ()),
        ("dev", "dev.jsonl:1", "three", ("a",)),
        ("test", "test.jsonl:1", "four", ("b",)),
    ]


def test_a_dev_set_cut_from_the_training_file_is_told_from_it(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", [(f"text {number}", "a") for number in range(60)])
    settings = DataSettings("train.jsonl", DevShare(0.3), root=str(tmp_path))
    splits = read_splits(settings)

    rows = read_recipe_rows(settings, RowForm())

    assert [row.number for row in rows] == list(range(1, 61))
    for name, part in (("train", splits.train), ("dev", splits.dev)):
        assert [row.example for row in rows if row.split == name] == list(part.examples)


def test_files_by_themselves_are_splits_and_may_lack_labels(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    file.write_text("body\nfirst\n\nsecond\n", encoding="utf-8")

    rows = read_files([file], DataSettings(text="body"), LOOSE)

    assert [(row.split, row.name, row.example.text) for row in rows] == [
        (str(file), f"{file}:1", "first"),
        (str(file), f"{file}:3", "second"),
    ]
    (tmp_path / "plain.txt").write_text("a line\n\n", encoding="utf-8")
    lines = read_files([tmp_path / "plain.txt"], DataSettings(), LOOSE)
    assert [row.example.text for row in lines] == ["a line", ""]
    assert has_column(file, "body")
    assert not has_column(file, "label")


def test_plain_text_is_named_in_the_pieces_that_are_trained_on(tmp_path: Path) -> None:
    lines = "".join(f"line {number} of a long book\n" for number in range(1_000))
    (tmp_path / "book.txt").write_text(lines, encoding="utf-8")
    settings = DataSettings("book.txt[:80%]", DevShare(0), "book.txt[80%:]", root=str(tmp_path))
    form = RowForm(label="none")
    splits = read_splits(settings, form)
    assert splits.test is not None

    rows = read_recipe_rows(settings, form)

    trained = [*splits.train.examples, *splits.test.examples]
    assert [row.example for row in rows] == trained
    assert len(trained) == 12
    assert (rows[0].name, rows[-1].name) == ("book.txt[:80%]:1", "book.txt[80%:]:12")


def test_a_file_without_a_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("text,label\n", encoding="utf-8")

    with pytest.raises(DataError, match="has no row"):
        read_files([tmp_path / "empty.csv"], DataSettings(), RowForm())
