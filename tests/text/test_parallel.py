"""Two files of plain lines, read as one."""

import gzip
import json
from pathlib import Path

import pytest

from textwright.errors import DataError
from textwright.recipe.data import DataSettings, RowForm
from textwright.text.readers import read_dataset, read_rows

FORM = RowForm(label="text")


def write(folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / f"train.{name}").write_text(content, encoding="utf-8")


def test_lines_meet_by_their_number(tmp_path: Path) -> None:
    write(tmp_path, de="ein Hund\neine Katze\n", en="a dog\na cat\n")

    assert list(read_rows(tmp_path / "train.{de,en}")) == [
        (1, {"de": "ein Hund", "en": "a dog"}),
        (2, {"de": "eine Katze", "en": "a cat"}),
    ]


def test_packed_files_are_read_whatever_they_are_called(tmp_path: Path) -> None:
    for name, text in (("de", "ein Hund\n"), ("en", "a dog\n")):
        (tmp_path / f"test_2016.{name}.gz").write_bytes(gzip.compress(text.encode()))

    ((_, row),) = read_rows(tmp_path / "test_2016.{de,en}.gz")

    assert row == {"de": "ein Hund", "en": "a dog"}


@pytest.mark.parametrize(("de", "en", "longer"), [("a\nb\n", "x\n", "de"), ("a\n", "x\ny\n", "en")])
def test_a_file_that_is_longer_is_refused(tmp_path: Path, de: str, en: str, longer: str) -> None:
    write(tmp_path, de=de, en=en)

    with pytest.raises(DataError, match=rf"train\.{longer} has more lines"):
        list(read_rows(tmp_path / "train.{de,en}"))


def test_a_missing_file_and_one_named_twice_are_refused(tmp_path: Path) -> None:
    write(tmp_path, de="a\n")

    with pytest.raises(DataError, match=r"There is no file .*train\.en"):
        list(read_rows(tmp_path / "train.{de,en}"))
    with pytest.raises(DataError, match="names one file twice"):
        list(read_rows(tmp_path / "train.{de,de}"))


def test_columns_may_be_turned_round(tmp_path: Path) -> None:
    write(tmp_path, de="ein Hund\n", en="a dog\n")
    settings = DataSettings(root=str(tmp_path), text="en", target="de")

    (example,) = read_dataset(settings, "train.{de,en}", keep_empty=True, form=FORM).examples

    assert (example.text, example.labels) == ("a dog", ("ein Hund",))


def test_rows_with_nothing_to_read_or_to_write_are_dropped_from_training(tmp_path: Path) -> None:
    write(tmp_path, de="ein Hund\n \nKatze\n", en="a dog\nx\n \n")
    settings = DataSettings(root=str(tmp_path), text="de", target="en")

    kept = read_dataset(settings, "train.{de,en}", keep_empty=False, form=FORM)
    whole = read_dataset(settings, "train.{de,en}", keep_empty=True, form=FORM)

    assert (len(kept.examples), kept.dropped) == (1, {"empty text": 2})
    assert len(whole.examples) == 3


REFERENCED = [
    {"text": "ein Hund", "target": "a dog", "also": ["the dog", "one dog"]},
    {"text": "Katze", "target": "cat", "also": []},
]


def test_a_row_may_have_further_right_texts(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(each) for each in REFERENCED)
    (tmp_path / "rows.jsonl").write_text(lines, encoding="utf-8")
    settings = DataSettings(root=str(tmp_path), references="also")

    found = read_dataset(settings, "rows.jsonl", keep_empty=True, form=FORM).examples

    assert [each.labels for each in found] == [("a dog", "the dog", "one dog"), ("cat",)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "a", "target": 3, "also": []}, "the text is 3"),
        ({"text": "a", "target": "b", "also": "c"}, "the references are 'c'"),
        ({"text": "a", "target": "b", "also": [1]}, r"the references are '\[1\]'"),
        ({"text": "a", "target": "b"}, "no column 'also'"),
        ({"text": "a", "targets": "b", "also": []}, "no column 'target'"),
    ],
)
def test_rows_without_a_text_to_write_are_refused(
    tmp_path: Path, row: dict[str, object], said: str
) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    settings = DataSettings(root=str(tmp_path), references="also")

    with pytest.raises(DataError, match=said):
        read_dataset(settings, "rows.jsonl", keep_empty=True, form=FORM)
