"""Data sets of the hub: never fetched without leave; with it, by `datasets` itself.

A folder called OWNER/NAME in the working folder stands for the hub: `datasets` looks there first.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from textwright.errors import MissingExtraError, RecipeError
from textwright.recipe.data import DataSettings, HubSplit, find_hub_split
from textwright.recipe.file import check_recipe
from textwright.text.hub import read_hub
from textwright.text.readers import read_dataset

READ = """
from textwright.recipe.data import HubSplit
from textwright.errors import TextwrightError
from textwright.text.hub import read_hub
import sys
try:
    print(list(read_hub(HubSplit(*[each or None for each in sys.argv[1:]]))))
except TextwrightError as error:
    print(type(error).__name__, error.what, error.hint)
"""


def fetched(folder: Path, *name: str) -> str:
    """Read a split in a process of its own, with a cache of its own and without a network."""
    home = {"HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", READ, *name],
        cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "", **home},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("file", "hub"),
    [
        ("dataset:imdb:train", HubSplit("imdb", None, "train")),
        ("dataset:clinc/clinc_oos:plus:test", HubSplit("clinc/clinc_oos", "plus", "test")),
        ("train.jsonl", None),
        ("datasets/train", None),
    ],
)
def test_a_name_on_the_hub_is_told_from_a_file(file: str, hub: HubSplit | None) -> None:
    found = find_hub_split(DataSettings(download=True), file)

    assert found == hub
    assert found is None or str(found) == file


@pytest.mark.parametrize(
    "file", ["dataset:", "dataset:imdb", "dataset:a/b/c:train", "dataset:../x:train", "dataset::a"]
)
def test_a_name_that_is_none_is_refused_with_the_form(file: str) -> None:
    with pytest.raises(RecipeError, match="names no data set") as caught:
        find_hub_split(DataSettings(download=True), file)

    assert "dataset:OWNER/NAME:SPLIT" in caught.value.hint


@pytest.mark.parametrize("part", ["train", "dev", "test"])
def test_without_download_a_recipe_is_refused_before_anything_is_read(part: str) -> None:
    data: dict[str, Any] = {"train": "t.csv", part: "dataset:clinc/clinc_oos:plus:train"}

    with pytest.raises(RecipeError, match=r"data\.download is not set: nothing") as caught:
        check_recipe({"name": "intents", "data": data})

    by_hand = "load_dataset('clinc/clinc_oos', 'plus', split='train').save_to_disk('FOLDER')"
    assert by_hand in caught.value.hint
    assert check_recipe({"name": "intents", "data": {**data, "download": True}}).data.download


def test_without_download_nothing_is_fetched_whoever_asks() -> None:
    with pytest.raises(RecipeError, match=r"data\.download is not set"):
        read_dataset(DataSettings(), "dataset:imdb:train", keep_empty=True)


def test_without_datasets_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(MissingExtraError, match=r"textwright\[hf\]"):
        list(read_hub(HubSplit("imdb", None, "train")))


@pytest.mark.slow
def test_a_split_is_read_by_datasets_and_what_is_not_there_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "team" / "intents"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text("text,label\na,x\nb,y\n", encoding="utf-8")
    (folder / "test.csv").write_text("text,label\nc,x\n", encoding="utf-8")

    assert fetched(tmp_path, "team/intents", "", "test") == "[(1, {'text': 'c', 'label': 'x'})]\n"
    assert fetched(tmp_path, "team/intents", "", "train").count("'text'") == 2
    unknown = fetched(tmp_path, "team/intents", "", "dev")
    assert "DataError" in unknown
    assert "dataset:team/intents:dev cannot be had" in unknown
    assert "save_to_disk" in unknown
    assert "plus" in fetched(tmp_path, "team/intents", "plus", "test")
    assert "dataset:nobody/nothing:train cannot be had" in fetched(
        tmp_path, "nobody/nothing", "", "train"
    )
