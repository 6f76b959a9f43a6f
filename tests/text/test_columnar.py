"""Parquet and Arrow files: the rows of JSONL, class numbers by their names."""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from textwright.errors import DataError, MissingExtraError
from textwright.recipe.data import DataSettings
from textwright.text.columnar import BATCH, class_names, name_class, read_arrow, read_parquet
from textwright.text.examples import Dataset
from textwright.text.readers import read_dataset

ROWS: list[dict[str, Any]] = [
    {"text": "where is my card", "label": "lost", "share": 0.1, "tags": ["a"], "by": None},
    {"text": "我的卡丢了", "label": "lost", "share": 2.0, "tags": [], "by": "x"},
]
FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["lost", "found"], "_type": "ClassLabel"},
    "tags": {"feature": {"names": ["a", "b"], "_type": "ClassLabel"}, "_type": "List"},
    "old": [{"names": ["c"], "_type": "ClassLabel"}],
}


def write(path: Path, table: pa.Table) -> Path:
    if path.suffix == ".parquet":
        parquet.write_table(table, path)
        return path
    form = pa.ipc.new_file if path.stem == "whole" else pa.ipc.new_stream
    with pa.OSFile(str(path), "wb") as file, form(file, table.schema) as writer:
        writer.write_table(table)
    return path


def read(path: Path, **settings: Any) -> Dataset:
    data = DataSettings(train=path.name, root=str(path.parent), **settings)
    return read_dataset(data, path.name, keep_empty=True)


def classes(labels: list[int], tags: list[list[int]]) -> pa.Table:
    """Make rows with class numbers, their names in the schema as `datasets` writes them."""
    texts = [f"text {number}" for number in range(len(labels))]
    noted = json.dumps({"info": {"features": FEATURES}})
    table = pa.table({"text": texts, "label": labels, "tags": tags, "old": [[0]] * len(labels)})
    return table.replace_schema_metadata({"huggingface": noted})


@pytest.mark.parametrize("name", ["d.parquet", "stream.arrow", "whole.arrow"])
def test_the_same_rows_are_the_same_data_set_as_in_jsonl(tmp_path: Path, name: str) -> None:
    lines = "\n".join(json.dumps(row) for row in ROWS)
    (tmp_path / "d.jsonl").write_text(lines, encoding="utf-8")

    found = read(write(tmp_path / name, pa.Table.from_pylist(ROWS)))

    assert found.digest == read(tmp_path / "d.jsonl").digest
    assert found.columns == ("by", "label", "share", "tags", "text")
    assert [each.text for each in found.examples] == [row["text"] for row in ROWS]


@pytest.mark.parametrize("name", ["d.parquet", "stream.arrow", "whole.arrow"])
def test_rows_are_numbered_over_all_batches(tmp_path: Path, name: str) -> None:
    table = pa.table({"text": [str(number) for number in range(BATCH + 5)]})
    reader = read_parquet if name.endswith("parquet") else read_arrow

    found = list(reader(write(tmp_path / name, table)))

    assert [number for number, _ in found] == list(range(1, BATCH + 6))
    assert found[-1][1] == {"text": str(BATCH + 4)}


@pytest.mark.parametrize("name", ["d.parquet", "stream.arrow"])
def test_class_numbers_become_their_names(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, classes([0, 1], [[0], [1, 0]]))

    assert [each.labels for each in read(path).examples] == [("lost",), ("found",)]
    several = read(path, label="tags", multi_label=True)
    assert [each.labels for each in several.examples] == [("a",), ("a", "b")]
    assert read(path, label="old", multi_label=True).examples[0].labels == ("c",)


def test_a_class_that_is_not_known_is_named_with_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "d.parquet", classes([0, -1], [[0], [0]]))

    with pytest.raises(DataError, match="row 2: the label is None"):
        read(path)


def test_names_are_found_in_every_form_of_a_feature() -> None:
    assert class_names({}) == {}
    assert class_names({b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()}) == {
        "label": ["lost", "found"],
        "tags": ["a", "b"],
        "old": ["c"],
    }
    assert [name_class(each, ["x", "y"]) for each in (0, 1, 2, -1, None, [1, -1])] == [
        "x", "y", None, None, None, ["y", None],
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["d.parquet", "d.arrow"])
@pytest.mark.parametrize("content", [b"", b"no table at all", b"ARROW1\0\0 and no more", b"PAR1"])
def test_a_spoiled_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=f"{name} cannot be read") as caught:
        read(tmp_path / name)

    assert "Copy the file again" in caught.value.hint


@pytest.mark.parametrize("name", ["d.parquet", "stream.arrow", "whole.arrow"])
def test_a_truncated_file_is_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, pa.table({"text": ["a" * 50] * 9, "label": ["b"] * 9}))
    path.write_bytes(path.read_bytes()[:-400])

    with pytest.raises(DataError, match=f"{name} cannot be read"):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("none.parquet", "none.arrow"):
        with pytest.raises(DataError, match=f"There is no file .*{name}"):
            read(tmp_path / name)


def test_a_gzipped_one_is_of_no_known_format(tmp_path: Path) -> None:
    (tmp_path / "d.parquet.gz").touch()

    with pytest.raises(DataError, match="no known format"):
        read(tmp_path / "d.parquet.gz")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])

    with pytest.raises(DataError, match="2 columns called 'text'"):
        read(write(tmp_path / "d.arrow", table))


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    for name in ("d.parquet", "d.arrow"):
        with pytest.raises(MissingExtraError, match=rf"(?s){name}.*textwright\[parquet\]"):
            read(tmp_path / name)
