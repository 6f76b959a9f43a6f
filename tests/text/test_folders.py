"""Folders as data: plain files, numbered parts, and what `datasets` saves."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from textwright.errors import DataError
from textwright.recipe.data import DataSettings
from textwright.text.readers import read_dataset, read_rows
from textwright.text.splits import read_splits


def row(text: str) -> dict[str, str]:
    return {"text": text, "label": "a"}


def csv(path: Path, *texts: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text,label\n" + "".join(f"{each},a\n" for each in texts), encoding="utf-8")


def shard(path: Path, *texts: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist([row(each) for each in texts]), path)


def saved(folder: Path, *parts: list[str]) -> None:
    """Write a folder as `Dataset.save_to_disk` does, with a file of its cache beside."""
    folder.mkdir(parents=True)
    names = [f"data-{n:05}-of-{len(parts):05}.arrow" for n in range(len(parts))]
    for name, texts in zip([*names, "cache-1.arrow"], [*parts, ["stale"]], strict=True):
        table = pa.Table.from_pylist([row(each) for each in texts])
        with (
            pa.OSFile(str(folder / name), "wb") as file,
            pa.ipc.new_stream(file, table.schema) as out,
        ):
            out.write_table(table)
    state = {"_data_files": [{"filename": name} for name in names]}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")


def texts(path: Path) -> list[str]:
    return [each["text"] for _, each in read_rows(path)]


def refused(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        list(read_rows(path))
    return caught.value


def test_a_folder_of_files_is_one_data_set_numbered_through(tmp_path: Path) -> None:
    csv(tmp_path / "d" / "one.csv", "a", "b")
    csv(tmp_path / "d" / "two.csv", "c")
    shard(tmp_path / "d" / "zero.parquet", "d")
    (tmp_path / "d" / "README.md").touch()
    (tmp_path / "d" / "inner.csv").mkdir()

    assert list(read_rows(tmp_path / "d")) == [
        (number, row(text)) for number, text in enumerate("abcd", start=1)
    ]


def test_a_split_is_named_by_folder_and_split(tmp_path: Path) -> None:
    csv(tmp_path / "train.csv", "a")
    (tmp_path / "test.jsonl.gz").write_bytes(gzip.compress(json.dumps(row("b")).encode()))
    shard(tmp_path / "dev-00000-of-00002.parquet", "c")
    shard(tmp_path / "dev-00001-of-00002.parquet", "d")
    saved(tmp_path / "more", ["e"])

    found = {name: texts(tmp_path / name) for name in ("train", "test", "dev", "more")}

    assert found == {"train": ["a"], "test": ["b"], "dev": ["c", "d"], "more": ["e"]}


def test_a_recipe_names_splits_relative_to_its_root(tmp_path: Path) -> None:
    for split, text in (("train", "a"), ("validation", "b"), ("test", "c")):
        saved(tmp_path / "intents" / split, [text])
    parts = {"train": "intents/train", "dev": "intents/validation", "test": "intents/test"}

    splits = read_splits(DataSettings(**parts, root=str(tmp_path)))  # type: ignore[arg-type]

    assert [each.text for each in splits.train.examples] == ["a"]
    assert [each.text for each in splits.dev.examples] == ["b"]
    assert splits.test is not None
    assert splits.test.examples[0].text == "c"
    assert splits.train.source == "intents/train"


def test_a_saved_folder_is_read_as_it_says_without_its_cache(tmp_path: Path) -> None:
    saved(tmp_path / "d", ["a", "b"], ["c"])

    assert texts(tmp_path / "d") == ["a", "b", "c"]


@pytest.mark.parametrize("splits", [["train", "validation", "test"], ["test", "other"]])
def test_a_folder_of_several_splits_asks_for_one(tmp_path: Path, splits: list[str]) -> None:
    (tmp_path / "many").mkdir()
    note = json.dumps({"splits": splits})
    (tmp_path / "many" / "dataset_dict.json").write_text(note, encoding="utf-8")
    for split in splits:
        csv(tmp_path / "plain" / f"{split}.csv", split)

    for name in ("many", "plain"):
        error = refused(tmp_path / name)
        assert f"holds the splits {', '.join(sorted(splits))}." in error.what
        assert f'"/{"train" if "train" in splits else "other"}"' in error.hint


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "notes.txt").touch()

    assert "without a data file" in refused(tmp_path / "d").what
    assert list(read_rows(tmp_path / "d", lines=True)) == []


def test_two_files_of_one_name_are_not_read_as_two_parts(tmp_path: Path) -> None:
    csv(tmp_path / "d" / "all.csv", "a")
    shard(tmp_path / "d" / "all.parquet", "a")

    for name in ("d", "d/all"):
        error = refused(tmp_path / name)
        assert "d/all could be all.csv or all.parquet" in error.what


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"_data_files": 3}', "nothing"])
def test_a_note_that_datasets_did_not_write_is_refused(tmp_path: Path, content: str) -> None:
    saved(tmp_path / "d", ["a"])
    (tmp_path / "d" / "state.json").write_text(content, encoding="utf-8")

    assert "not as `datasets` writes it" in refused(tmp_path / "d").what


def test_a_note_leads_to_no_file_outside_its_folder(tmp_path: Path) -> None:
    saved(tmp_path / "d", ["a"])
    state = json.dumps({"_data_files": [{"filename": "../other/data.arrow"}]})
    (tmp_path / "d" / "state.json").write_text(state, encoding="utf-8")

    assert refused(tmp_path / "d").what == f"There is no file {tmp_path / 'd' / 'data.arrow'}."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none/train", "no known format"),
        ("trian", "no known format"),
        ("none.csv", "There is no file"),
        ("n" * 300 + ".csv", "cannot be read"),
        ("train.csv/train", "no known format"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, name: str, said: str) -> None:
    csv(tmp_path / "train.csv", "a")

    assert said in refused(tmp_path / name).what


def test_the_same_rows_in_a_folder_are_the_same_data_set(tmp_path: Path) -> None:
    csv(tmp_path / "one.csv", "a", "b")
    saved(tmp_path / "d", ["b"], ["a"])
    settings: dict[str, Any] = {"train": "one.csv", "root": str(tmp_path)}

    one, other = (
        read_dataset(DataSettings(**settings), name, keep_empty=True) for name in ("one.csv", "d")
    )

    assert one.digest == other.digest


SAVE = """
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
kinds = Features({"text": Value("string"), "label": ClassLabel(names=["lost", "found"])})
rows = Dataset.from_dict({"text": ["x", "y", "z"], "label": [0, 1, 1]}, features=kinds)
rows.save_to_disk("one", num_shards=2)
DatasetDict(train=rows, test=rows.select([2, 0])).save_to_disk("many")
rows.to_parquet("many/dev.parquet")
"""


@pytest.mark.slow
def test_what_datasets_saves_is_read_with_its_class_names(tmp_path: Path) -> None:
    known = {"PYTHONPATH": ":".join(sys.path), "HF_HOME": str(tmp_path / "cache"), "PATH": ""}
    subprocess.run(
        [sys.executable, "-c", SAVE], cwd=tmp_path, env=known, check=True, capture_output=True
    )

    whole = [("x", "lost"), ("y", "found"), ("z", "found")]
    found = {
        name: [(each["text"], each["label"]) for _, each in read_rows(tmp_path / name)]
        for name in ("one", "many/train", "many/test", "many/dev")
    }
    assert found == {
        "one": whole,
        "many/train": whole,
        "many/test": [whole[2], whole[0]],
        "many/dev": whole,
    }
    assert "holds the splits test, train" in refused(tmp_path / "many").what
