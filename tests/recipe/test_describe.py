"""Every setting of a recipe is shown: its value as TOML has it, and what it means."""

import tomllib
from typing import Any

import pytest

from textwright.recipe.describe import describe_recipe, toml_value
from textwright.recipe.file import check_recipe, override, recipe_table
from textwright.recipe.parts import ENCODERS


def recipe(**sections: Any) -> dict[str, Any]:
    return {"name": "intents", "data": {"train": "train.jsonl"}, **sections}


def encoder_of(kind: str) -> dict[str, str]:
    return {"kind": kind, **({"model": "folder"} if kind == "pretrained" else {})}


def shown(**sections: Any) -> dict[str, tuple[str, str]]:
    rows = list(describe_recipe(check_recipe(recipe(**sections))))
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: (value, meaning) for name, value, meaning in rows}


def flat(table: dict[str, Any], place: str = "") -> dict[str, Any]:
    """Give the leaves of nested tables by their dotted names."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{place}{key}"
        inner = isinstance(value, dict) and not name.endswith("exclude")
        found |= flat(value, f"{name}.") if inner else {name: value}
    return found


@pytest.mark.parametrize("kind", ENCODERS)
def test_each_setting_of_the_table_is_shown_once_and_no_other(kind: str) -> None:
    table = recipe_table(check_recipe(recipe(encoder=encoder_of(kind))))
    del table["gates"]

    assert set(shown(encoder=encoder_of(kind))) == set(flat(table))


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_value_is_what_toml_reads_back(kind: str) -> None:
    sections = {
        "encoder": encoder_of(kind),
        "data": {"train": "t.csv", "slices": ["a", "b"], "multi_label": True},
    }
    table = flat(recipe_table(check_recipe(recipe(**sections))))

    for name, (value, _) in shown(**sections).items():
        if name != "data.exclude":  # an inline table: written as Python does
            assert tomllib.loads(f"value = {value}")["value"] == table[name], name


def test_every_setting_shown_can_be_set_by_its_name() -> None:
    names = [name for name in shown(encoder={"kind": "bilstm"}) if not name.startswith("gates")]
    table = recipe_table(check_recipe(recipe(encoder={"kind": "bilstm"})))
    values = flat(table)

    for name in names:
        if name not in ("data.exclude", "data.dev.share"):
            again = override(
                recipe_table(check_recipe(table)), [f"{name}={toml_value(values[name])}"]
            )
            assert check_recipe(again) == check_recipe(table), name


def test_gates_are_numbered_and_named_by_their_rule() -> None:
    found = shown(gates=[{"rule": "at_least", "value": 0.9}, {"rule": "at_most", "metric": "size"}])

    assert found["gates[1].rule"] == ("'at_least'", "A metric of the test set must reach a value.")
    assert found["gates[1].value"][0] == "0.9"
    assert found["gates[2].metric"][0] == "'size'"
    assert found["gates[2].rule"][1].startswith("A metric of the test set must not exceed")


def test_the_kind_of_a_part_is_shown_with_what_it_is() -> None:
    found = shown(encoder={"kind": "bilstm"}, embedding={"kind": "one-hot"})

    assert found["encoder.kind"] == ("'bilstm'", "Stacked LSTMs read the text in both directions.")
    assert found["embedding.kind"][0] == "'one-hot'"
    assert not [name for name in found if name.startswith("embedding.dimensions")]


def test_what_is_searched_is_shown_setting_by_setting() -> None:
    searched = {
        "training.l2": {"low": 0.1, "high": 10.0},
        "encoder.word_ngrams": {"choices": [1, 2]},
    }

    found = shown(tune={"space": searched})

    assert found["tune.space.training.l2.high"] == ("10.0", "largest value; must be given")
    assert found["tune.space.encoder.word_ngrams.choices"][0] == "[1, 2]"
    assert found["tune.pruning"][0] == "'median'"
    assert not [name for name in shown() if name.startswith("tune")]


def test_sections_that_are_not_used_are_not_shown() -> None:
    sections = {name.split(".")[0] for name in shown(encoder={"kind": "bag"})}

    assert sections.isdisjoint({"tokenizer", "embedding", "decoder"})
    assert {"name", "task", "data", "encoder", "abstention", "training"} <= sections


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), ("a", "'a'"), (1, "1"), ([], "[]")]
)
def test_values_are_written_as_a_recipe_has_them(value: Any, text: str) -> None:
    assert toml_value(value) == text
