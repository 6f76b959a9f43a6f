"""Recipes: read, checked whole, and written back."""

from pathlib import Path
from typing import Any

import pytest

from textwright.errors import RecipeError, UnknownNameError
from textwright.recipe.data import DevShare
from textwright.recipe.file import (
    check_recipe,
    override,
    read_recipe,
    read_toml,
    recipe_table,
    recipe_text,
)
from textwright.recipe.gates import AtLeast, AtMost
from textwright.recipe.parts import BagSettings, BiLSTMSettings, LearnedSettings
from textwright.recipe.training import LinearTrainingSettings, NetworkTrainingSettings

TEN_LINES = """
name = "intents"
task = "classify"
[data]
train = "train.jsonl"
test = "test.jsonl"
[encoder]
kind = "bilstm"
[[gates]]
rule = "at_least"
value = 0.9
"""


def recipe(**sections: Any) -> dict[str, Any]:
    return {"name": "intents", "data": {"train": "train.jsonl"}, **sections}


def test_a_recipe_of_ten_lines_is_enough(tmp_path: Path) -> None:
    (tmp_path / "intents.toml").write_text(TEN_LINES)

    read = read_recipe(tmp_path / "intents.toml")

    assert read.encoder == BiLSTMSettings()
    assert read.embedding == LearnedSettings()
    assert read.training == NetworkTrainingSettings()
    assert read.gates == (AtLeast("accuracy", 0.9),)
    assert read.data.root == str(tmp_path)


def test_a_data_root_is_relative_to_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(
        'name = "a"\n[data]\nroot = "../data"\ntrain = "t.jsonl"\n', encoding="utf-8"
    )

    assert read_recipe(tmp_path / "r.toml").data.root == str(tmp_path / ".." / "data")


def test_bag_needs_no_parts_of_a_network() -> None:
    read = check_recipe(recipe(encoder={"kind": "bag"}))

    assert isinstance(read.encoder, BagSettings)
    assert isinstance(read.training, LinearTrainingSettings)
    assert (read.tokenizer, read.embedding, read.decoder) == (None, None, None)


@pytest.mark.parametrize("kind", ["bag", "bilstm", "transformer"])
def test_a_recipe_written_out_reads_back_equal(kind: str) -> None:
    before = check_recipe(
        recipe(
            encoder={"kind": kind},
            data={"train": "t.csv", "slices": ["domain"], "exclude": {"label": ["x"]}},
            gates=[{"rule": "at_most", "metric": "calibration_error", "value": 0.1}],
        )
    )

    assert check_recipe(recipe_table(before)) == before
    assert before.gates == (AtMost("calibration_error", 0.1),)


def test_a_recipe_as_text_is_toml_with_every_setting(tmp_path: Path) -> None:
    read = check_recipe(recipe(encoder={"kind": "bilstm"}))

    (tmp_path / "r.toml").write_text(recipe_text(read))

    assert check_recipe(read_toml(tmp_path / "r.toml")) == read
    assert "label_smoothing = 0.0" in recipe_text(read)


def test_dev_is_a_file_or_a_share() -> None:
    named = check_recipe(recipe(data={"train": "t.csv", "dev": "dev.csv"}))
    cut = check_recipe(recipe(data={"train": "t.csv", "dev": {"share": 0.2}}))

    assert (named.data.dev, cut.data.dev) == ("dev.csv", DevShare(0.2))


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"encodr": {}}, "Did you mean 'encoder'?"),
        ({"encoder": {"kidn": "bilstm"}}, "Did you mean 'kind'?"),
        ({"encoder": {"kind": "bilstm", "hiden": 3}}, "Did you mean 'hidden'?"),
        ({"encoder": {"kind": "bilstm"}, "decoder": {"pooling": "maxx"}}, "Did you mean 'max'?"),
        ({"encoder": {"kind": "bilstm", "hidden": "wide"}}, "It must be a whole number."),
        ({"encoder": {"kind": "bilstm", "hidden": True}}, "It must be a whole number."),
        ({"encoder": {"kind": "bilstm", "hidden": 0}}, "It must be at least 1 and at most 4096."),
        ({"encoder": {"kind": "bilstm", "dropout": float("nan")}}, "finite number"),
        ({"encoder": {"kind": "transformer", "hidden": 100}}, "Take 104, a multiple of 8"),
        ({"encoder": {"kind": "transformer", "heads": 0}}, "It must be at least 1"),
        (
            {
                "encoder": {"kind": "pretrained", "model": "m"},
                "tokenizer": {"max_tokens": 16, "overlap": 7},
            },
            "Take at most 6",
        ),
        ({"encoder": {"kind": "bag"}, "embedding": {}}, "is not used by the encoder 'bag'"),
        ({"encoder": {"kind": "bag"}, "training": {"batch_size": 4}}, "training.batch_size"),
        ({"encoder": "bilstm"}, "holds 'bilstm'"),
        ({"data": {}}, "names no training file"),
        ({"data": {"train": ["a"]}}, "It must be a string."),
        ({"data": {"train": "a", "slices": "domain"}}, "It must be a list."),
        ({"name": "My Model"}, "The model name is 'My Model'"),
        ({"name": "../up"}, "The model name is"),
        ({"gates": [{"metric": "accuracy"}]}, "gates[1] has no rule"),
        ({"gates": [{"rule": "at_least", "valu": 1}]}, "Did you mean 'value'?"),
        ({"gates": {"rule": "at_least"}}, "Write each gate as [[gates]]"),
        (
            {
                "data": {"train": "a", "multi_label": True},
                "abstention": {"rule": "out-of-scope"},
            },
            "needs one label a text",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(sections: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check_recipe(recipe(**sections))

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("sections", "nearest"),
    [
        ({"encoder": {"kind": "bilstn"}}, "bilstm"),
        ({"encoder": {"kind": "bilstm"}, "embedding": {"kind": "learnt"}}, "learned"),
        ({"task": "clasify"}, "classify"),
        ({"gates": [{"rule": "atleast"}]}, "at_least"),
    ],
)
def test_a_mistyped_kind_is_answered_with_the_nearest(
    sections: dict[str, Any], nearest: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean '{nearest}'"):
        check_recipe(recipe(**sections))


def test_set_overrides_numbers_lists_and_plain_words() -> None:
    table = override(
        recipe(),
        ["encoder.kind=bilstm", "encoder.hidden=256", 'data.slices=["a"]', "training.seed = 3"],
    )

    read = check_recipe(table)

    assert isinstance(read.encoder, BiLSTMSettings)
    assert (read.encoder.hidden, read.data.slices, read.training.seed) == (256, ("a",), 3)


@pytest.mark.parametrize("text", ["encoder.hidden", "name.deeper=3"])
def test_a_malformed_override_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="--set"):
        override(recipe(), [text])


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="There is no recipe"):
        read_recipe(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b'name = "a"\nname = "b"'])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.toml").write_bytes(content)

    with pytest.raises(RecipeError, match=r"r\.toml"):
        read_recipe(tmp_path / "r.toml")
