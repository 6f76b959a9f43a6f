"""What checkpoints say of their special tokens and of chats, in the files that there are."""

import json
from pathlib import Path

import pytest

from textwright.errors import DataError
from textwright.networks.checkpoint_edges import find_chat_template, find_edges
from textwright.text.edges import Edges


def write(folder: Path, name: str, **table: object) -> None:
    (folder / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")


def test_what_generation_says_goes_before_what_the_network_says(tmp_path: Path) -> None:
    write(tmp_path, "config", bos_token_id=5, eos_token_id=6)
    write(tmp_path, "generation_config", bos_token_id=None, eos_token_id=[7, 8])

    assert find_edges(tmp_path) == Edges(5, (7, 8))


def test_what_is_always_written_first_is_no_choice(tmp_path: Path) -> None:
    write(tmp_path, "config", decoder_start_token_id=2, eos_token_id=2)
    write(tmp_path, "generation_config", forced_bos_token_id=0)

    assert find_edges(tmp_path) == Edges(0, (2,), before=(2,))


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ({"decoder_start_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}, 0),
        ({"bos_token_id": 1, "eos_token_id": 2}, 1),
        ({"eos_token_id": [3, 2]}, 3),
    ],
)
def test_a_text_begins_with_the_first_token_that_is_said(
    tmp_path: Path, said: dict[str, object], start: int
) -> None:
    write(tmp_path, "config", **said)

    assert find_edges(tmp_path).start == start


def test_a_checkpoint_that_says_of_no_start_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "config", pad_token_id=0)

    with pytest.raises(DataError, match="which token a text begins with"):
        find_edges(tmp_path)


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[]")

    with pytest.raises(DataError, match=r"config\.json is no table"):
        find_edges(tmp_path)


def test_a_chat_template_is_found_wherever_it_stands(tmp_path: Path) -> None:
    assert find_chat_template(tmp_path) is None

    several = [{"name": "tools", "template": "t"}, {"name": "default", "template": "listed"}]
    write(tmp_path, "tokenizer_config", chat_template=several)
    assert find_chat_template(tmp_path) == "listed"

    write(tmp_path, "tokenizer_config", chat_template="inside")
    assert find_chat_template(tmp_path) == "inside"

    (tmp_path / "chat_template.jinja").write_text("beside", encoding="utf-8")
    assert find_chat_template(tmp_path) == "beside"
