"""Data files: what is read, and how a fault in one is named."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from textwright.errors import DataError
from textwright.recipe.data import DataSettings
from textwright.text.examples import Dataset
from textwright.text.readers import read_dataset

ROWS = [{"text": "where is my card", "label": "lost"}, {"text": "我的卡丢了", "label": "lost"}]


def write(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(path: Path, *, keep_empty: bool = False, **settings: Any) -> Dataset:
    data = DataSettings(train=path.name, root=str(path.parent), **settings)
    return read_dataset(data, path.name, keep_empty=keep_empty)


FORMS = {
    "d.jsonl": "\n".join(json.dumps(row) for row in ROWS),
    "d.jsonl.gz": "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n\n",
    "d.csv": 'text,label\r\nwhere is my card,lost\r\n"我的卡丢了",lost\r\n',
    "d.csv.gz": "\ufefftext,label\nwhere is my card,lost\n我的卡丢了,lost\n",
    "d.tsv": "text\tlabel\nwhere is my card\tlost\n我的卡丢了\tlost\n",
    "d.tsv.gz": "label\ttext\nlost\twhere is my card\nlost\t我的卡丢了\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_every_format_gives_the_same_examples(tmp_path: Path, name: str) -> None:
    found = read(write(tmp_path / name, FORMS[name]))

    assert [(each.text, each.labels) for each in found.examples] == [
        ("where is my card", ("lost",)),
        ("我的卡丢了", ("lost",)),
    ]
    assert found.columns == ("label", "text")


def test_the_same_rows_in_another_order_or_format_are_the_same_data_set(tmp_path: Path) -> None:
    first = read(write(tmp_path / "a.jsonl", FORMS["d.jsonl"]))
    turned = "\n".join(json.dumps(row) for row in reversed(ROWS))

    assert read(write(tmp_path / "b.jsonl", turned)).digest == first.digest
    assert read(write(tmp_path / "c.csv", FORMS["d.csv"])).digest == first.digest


def test_one_changed_column_is_another_data_set(tmp_path: Path) -> None:
    first = read(write(tmp_path / "a.jsonl", '{"text": "a", "label": "b", "by": "x"}'))
    other = read(write(tmp_path / "b.jsonl", '{"text": "a", "label": "b", "by": "y"}'))

    assert first.digest != other.digest


def test_a_quoted_cell_holds_separators_and_line_ends(tmp_path: Path) -> None:
    found = read(write(tmp_path / "d.csv", 'text,label\n"one, two\nthree ""four""",a\n'))

    assert found.examples[0].text == 'one, two\nthree "four"'


def test_rows_out_of_scope_have_no_label_and_excluded_ones_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label\na,x\nb,oos\nc,test\n")

    found = read(path, out_of_scope="oos", exclude={"label": ["test"]})

    assert [each.labels for each in found.examples] == [("x",), ()]
    assert found.dropped == {"excluded": 1}


def test_empty_texts_are_dropped_and_counted_or_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label\na,x\n,x\n  ,x\n")

    assert read(path).dropped == {"empty text": 2}
    assert len(read(path, keep_empty=True).examples) == 3


def test_slices_are_kept_with_the_example(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "text,label,domain\na,x,banking\n")

    assert read(path, slices=("domain",)).examples[0].slices == {"domain": "banking"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.jsonl", '{"text": "a", "label": ["x", "y"]}'),
        ("d.csv", "text,label\na,x| y\n"),
    ],
)
def test_several_labels_are_a_list_or_a_cell(tmp_path: Path, name: str, content: str) -> None:
    assert read(write(tmp_path / name, content), multi_label=True).examples[0].labels == ("x", "y")


def test_a_number_as_label_is_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", '{"text": "a", "label": 1}')

    assert read(path).examples[0].labels == ("1",)


def test_a_zero_byte_in_a_name_is_said_so() -> None:
    with pytest.raises(DataError, match="zero byte"):
        read(Path("d\0.jsonl"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("d.xml", "<a/>", "of no known format"),
        ("d.jsonl", '{"text": "a", "label": "b"}\n{oops', "row 2 is no JSON"),
        ("d.jsonl", "[1]", "row 1 is list, not an object"),
        ("d.jsonl", "[" * 100_000, "row 1 is no JSON"),
        ("d.jsonl", '{"txt": "a", "label": "b"}', "Did you mean 'txt'?"),
        ("d.jsonl", '{"text": "a"}', "has no column 'label'"),
        ("d.jsonl", '{"text": null, "label": "b"}', "row 1: the text is None"),
        ("d.jsonl", '{"text": "a", "label": null}', "row 1: the label is None"),
        ("d.jsonl", '{"text": "a", "label": ["b"]}', "set data.multi_label"),
        ("d.jsonl", "", "has no row to use"),
        ("d.csv", "text,label\na,b\nc\n", "row 2 has 1 cells, the header 2"),
        ("d.csv", 'text,label\n"a,b\n', "is malformed after row 0"),
        ("d.csv", b"text,label\na,b\n\xd6\xd0,c\n", "is not UTF-8: byte 0xd6"),
        ("d.csv", b"", "has no row to use"),
    ],
)
def test_a_fault_is_named_with_its_row(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(write(tmp_path / name, content))

    assert said in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read(tmp_path / "none.jsonl")


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl.gz", (FORMS["d.jsonl"] + "\n") * 50)
    path.write_bytes(path.read_bytes()[:-12])

    with pytest.raises(DataError, match="cannot be read"):
        read(path)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").mkdir()

    with pytest.raises(DataError, match="a folder without a data file"):
        read(tmp_path / "d.jsonl")
