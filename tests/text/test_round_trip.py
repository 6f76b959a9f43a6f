"""Rows written in any format read back as they were, whatever stands in them."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textwright.errors import DataError
from textwright.recipe.data import DataSettings, DevShare
from textwright.text.examples import Dataset, Example, make_dataset
from textwright.text.readers import read_dataset, read_rows
from textwright.text.splits import cut_dev, find_leaks, hash_share, read_splits

CHARACTERS = st.characters(exclude_categories=["Cs"])
CELL = st.text(CHARACTERS, max_size=20)
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n"), max_size=20)
LABEL = st.text(CHARACTERS, min_size=1, max_size=6)
ANY_FOLDER = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(path: Path, text: str) -> Path:
    content = text.encode("utf-8")
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


@ANY_FOLDER
@given(
    rows=st.lists(st.fixed_dictionaries({"text": CELL, "label": LABEL, "by": CELL}), min_size=1),
    escaped=st.booleans(),
    packed=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_jsonl_reads_back_any_text(
    tmp_path: Path, rows: list[dict[str, str]], escaped: bool, packed: bool, end: str
) -> None:
    text = "".join(json.dumps(row, ensure_ascii=escaped) + end for row in rows)

    path = write(tmp_path / ("d.jsonl.gz" if packed else "d.jsonl"), text)

    assert list(read_rows(path)) == list(enumerate(rows, start=1))


@ANY_FOLDER
@given(
    rows=st.lists(st.fixed_dictionaries({"text": CELL, "label": LABEL}), min_size=1),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_csv_reads_back_any_text(
    tmp_path: Path, rows: list[dict[str, str]], quoting: Any, mark: str
) -> None:
    path = tmp_path / "d.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(mark)
        writer = csv.DictWriter(file, ["text", "label"], quoting=quoting)
        writer.writeheader()
        writer.writerows(rows)

    assert list(read_rows(path)) == list(enumerate(rows, start=1))


@ANY_FOLDER
@given(st.data())
def test_tsv_reads_back_any_line_and_takes_quotes_as_they_are(
    tmp_path: Path, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.fixed_dictionaries({"text": LINE, "label": LINE}), min_size=1))
    text = "text\tlabel\n" + "".join(f"{row['text']}\t{row['label']}\n" for row in rows)

    path = write(tmp_path / "d.tsv", text)

    assert list(read_rows(path)) == list(enumerate(rows, start=1))


@ANY_FOLDER
@given(content=st.binary(max_size=80), name=st.sampled_from(["d.jsonl", "d.csv", "d.tsv"]))
def test_any_bytes_are_rows_or_one_refusal_that_names_the_file(
    tmp_path: Path, content: bytes, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    try:
        rows = list(read_rows(tmp_path / name))
    except DataError as error:
        rows = []
        refusal = str(error)
    else:
        refusal = name

    assert name in refusal
    assert [number for number, _ in rows] == sorted({number for number, _ in rows})


@ANY_FOLDER
@given(content=st.binary(max_size=60))
def test_any_bytes_as_an_archive_are_rows_or_a_refusal(tmp_path: Path, content: bytes) -> None:
    packed = gzip.compress(b'{"text": "a", "label": "b"}\n' * 3, 1)
    (tmp_path / "d.jsonl.gz").write_bytes(packed[:14] + content)

    with pytest.raises(DataError, match=r"d\.jsonl\.gz"):
        list(read_rows(tmp_path / "d.jsonl.gz"))


def test_rows_are_numbered_by_their_line_blank_ones_too(tmp_path: Path) -> None:
    jsonl = write(tmp_path / "d.jsonl", '\n{"a": 1}\n  \n{"a": 2}\n')
    table = write(tmp_path / "d.csv", "a\n\n1\n\n2\n")

    assert [number for number, _ in read_rows(jsonl)] == [2, 4]
    assert [number for number, _ in read_rows(table)] == [2, 4]


def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label\n" + "a" * 1_000_000 + ",b\n")

    assert len(next(read_rows(path))[1]["text"]) == 1_000_000


@pytest.mark.parametrize(
    ("row", "half"),
    [
        ('{"text": "cut \\ud83d", "label": "a"}', r"\\ud83d"),
        ('{"text": "ok", "label": "\\ude00"}', r"\\ude00"),
        ('{"text": "ok", "label": "a", "more": ["\\udbff"]}', r"\\udbff"),
    ],
)
def test_half_a_character_is_refused_with_its_row(tmp_path: Path, row: str, half: str) -> None:
    path = write(tmp_path / "d.jsonl", '{"text": "a", "label": "b"}\n' + row)

    with pytest.raises(DataError, match=rf"row 2 holds half a character: {half}"):
        list(read_rows(path))


def test_both_halves_of_a_character_are_one(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", '{"text": "\\ud83d\\ude00", "label": "\\u6211"}')

    assert next(read_rows(path))[1] == {"text": "\U0001f600", "label": "我"}


@pytest.mark.parametrize(("name", "comma"), [("d.csv", ","), ("d.tsv", "\t")])
def test_a_column_named_twice_is_refused(tmp_path: Path, name: str, comma: str) -> None:
    path = write(tmp_path / name, comma.join(["text", "label", "text"]) + "\n")

    with pytest.raises(DataError, match="2 columns called 'text'"):
        list(read_rows(path))


def data(folder: Path, **values: Any) -> DataSettings:
    return DataSettings(train="train.jsonl", root=str(folder), **values)


def write_labels(folder: Path, name: str, *labels: Any) -> None:
    rows = [{"text": f"text {number}", "label": each} for number, each in enumerate(labels)]
    write(folder / name, "\n".join(map(json.dumps, rows)))


def test_excluding_by_a_column_of_no_file_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write_labels(tmp_path, "train.jsonl", *["a", "b"] * 30)

    with pytest.raises(DataError, match="no file has it") as caught:
        read_splits(data(tmp_path, exclude={"lable": ["a"]}))

    assert "Did you mean 'label'?" in str(caught.value)


def test_excluding_by_a_column_that_one_file_has_is_no_mistake(tmp_path: Path) -> None:
    write_labels(tmp_path, "train.jsonl", *["a", "b"] * 30)
    write(tmp_path / "test.jsonl", '{"text": "x", "label": "a", "draft": "no"}')

    found = read_splits(data(tmp_path, test="test.jsonl", exclude={"draft": ["yes"]}))

    assert found.test is not None
    assert len(found.test.examples) == 1


def test_excluded_values_are_compared_as_text_and_all_are_dropped(tmp_path: Path) -> None:
    write_labels(tmp_path, "train.jsonl", 1, "1", 2, True, "x")

    found = read_dataset(
        data(tmp_path, exclude={"label": ["1", "True"]}), "train.jsonl", keep_empty=False
    )

    assert [each.labels for each in found.examples] == [("2",), ("x",)]
    assert found.dropped == {"excluded": 3}


def test_a_missing_column_names_the_row_it_is_missing_from(tmp_path: Path) -> None:
    write(
        tmp_path / "train.jsonl",
        '{"text": "a", "label": "b", "by": "x"}\n{"text": "a", "label": "b"}',
    )

    with pytest.raises(DataError, match="row 2 has no column 'by'"):
        read_dataset(data(tmp_path, slices=("by",)), "train.jsonl", keep_empty=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("b|a|b", ("a", "b")),
        (" a | ", ("a",)),
        ("", ()),
        ([], ()),
        (["b", 3, "oos", ""], ("3", "b")),
        ("oos|a", ("a",)),
    ],
)
def test_several_labels_are_sorted_once_each_without_blanks(
    tmp_path: Path, value: Any, expected: tuple[str, ...]
) -> None:
    write_labels(tmp_path, "train.jsonl", value)

    settings = data(tmp_path, multi_label=True, out_of_scope="oos")
    found = read_dataset(settings, "train.jsonl", keep_empty=False)

    assert found.examples[0].labels == expected


@pytest.mark.parametrize("value", [None, 3, {"a": 1}, True])
def test_several_labels_that_are_no_list_are_refused(tmp_path: Path, value: Any) -> None:
    write_labels(tmp_path, "train.jsonl", value)

    with pytest.raises(DataError, match="row 1: the labels are"):
        read_dataset(data(tmp_path, multi_label=True), "train.jsonl", keep_empty=False)


@given(st.text(max_size=30))
def test_every_text_has_its_place_between_0_and_1(text: str) -> None:
    assert 0 <= hash_share(text) < 1


@given(st.lists(st.text(max_size=4), min_size=60, max_size=120), st.floats(0.2, 0.5))
def test_cutting_keeps_every_row_on_the_side_of_its_text(texts: list[str], share: float) -> None:
    examples = tuple(Example(each, ("a",), digest="00") for each in (*texts, "a", "b", "c", "d"))
    sides = {hash_share(each.text) < share for each in examples}
    if len(sides) == 1:
        with pytest.raises(DataError, match="no dev set can be cut"):
            cut_dev(read_whole(examples), DevShare(share))
        return

    train, dev = cut_dev(read_whole(examples), DevShare(share))

    assert len(train.examples) + len(dev.examples) == len(examples)
    assert all(hash_share(each.text) < share for each in dev.examples)
    assert all(hash_share(each.text) >= share for each in train.examples)


def read_whole(examples: tuple[Example, ...]) -> Dataset:
    return make_dataset("train.jsonl", examples, ("text",), {"empty text": 2})


def test_what_was_dropped_is_counted_once_after_the_cut() -> None:
    examples = tuple(Example(f"text {number}", ("a",), digest="00") for number in range(50))

    train, dev = cut_dev(read_whole(examples), DevShare(0.3))

    assert (train.dropped, dev.dropped) == ({"empty text": 2}, {})


def test_a_share_of_nothing_keeps_every_row() -> None:
    train, dev = cut_dev(read_whole((Example("a", ("a",), digest="00"),)), DevShare(0))

    assert (len(train.examples), len(dev.examples)) == (1, 0)


def test_test_rows_in_a_dev_file_of_its_own_are_no_leak(tmp_path: Path) -> None:
    write_labels(tmp_path, "train.jsonl", "a", "b")
    write(tmp_path / "dev.jsonl", '{"text": "seen in dev", "label": "a"}')
    write(
        tmp_path / "test.jsonl",
        '{"text": "seen in dev", "label": "a"}\n{"text": "text 1 ", "label": "a"}',
    )

    found = read_splits(data(tmp_path, dev="dev.jsonl", test="test.jsonl"))

    assert find_leaks(found) == [False, True]
