"""A language model as a folder."""

import json
from pathlib import Path

import pytest
import torch

from textwright.errors import DataError
from textwright.networks.elmo import TABLE, WEIGHTS, Elmo, open_elmo, save_elmo
from textwright.recipe.vectors import CorpusSettings, ElmoSettings

SETTINGS = ElmoSettings(CorpusSettings(tokenizer="jieba"), hidden=4, layers=2, max_word_bytes=8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_elmo(Elmo(SETTINGS), {"words": 7}, tmp_path)
    return tmp_path


def test_it_opens_with_the_settings_and_weights_it_was_saved_with(tmp_path: Path) -> None:
    model = Elmo(SETTINGS)
    save_elmo(model, {"words": 7}, tmp_path)

    again = open_elmo(tmp_path)

    assert again.settings == SETTINGS
    assert not again.training
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
    assert json.loads((tmp_path / TABLE).read_text())["measured"] == {"words": 7}
    assert sorted(each.name for each in tmp_path.iterdir()) == [TABLE, WEIGHTS]


def test_equal_models_give_equal_bytes(tmp_path: Path) -> None:
    model = Elmo(SETTINGS)
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save_elmo(model, {"words": 7}, tmp_path / name)
        contents.append([(tmp_path / name / each).read_bytes() for each in (TABLE, WEIGHTS)])

    assert contents[0] == contents[1]


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no language model in"):
        open_elmo(tmp_path / "nothing")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', '{"format": "x"}'])
def test_a_table_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / TABLE).write_text(content)

    with pytest.raises(DataError, match="holds no language model"):
        open_elmo(folder)


def test_weights_of_other_settings_or_cut_short_are_refused(folder: Path) -> None:
    save_elmo(Elmo(ElmoSettings(hidden=5, layers=2)), {}, folder)
    table = json.loads((folder / TABLE).read_text())
    table["settings"]["hidden"] = 4
    (folder / TABLE).write_text(json.dumps(table))
    with pytest.raises(DataError, match="is damaged"):
        open_elmo(folder)

    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-5])
    with pytest.raises(DataError, match="is damaged"):
        open_elmo(folder)


def test_a_setting_out_of_range_is_refused(folder: Path) -> None:
    table = json.loads((folder / TABLE).read_text())
    table["settings"]["hidden"] = 0
    (folder / TABLE).write_text(json.dumps(table))

    with pytest.raises(DataError, match=r"settings\.hidden is 0"):
        open_elmo(folder)


def test_a_newer_format_asks_for_a_newer_program(folder: Path) -> None:
    table = json.loads((folder / TABLE).read_text())
    (folder / TABLE).write_text(json.dumps(table | {"format": 2}))

    with pytest.raises(DataError, match="is of format 2"):
        open_elmo(folder)
