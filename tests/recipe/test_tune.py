"""`[tune]`: what may be searched, and how each mistake in it is answered before anything runs."""

import tomllib
from typing import Any

import pytest

from textwright.errors import RecipeError, UnknownNameError
from textwright.recipe.file import check_recipe, recipe_text, set_values
from textwright.recipe.parts import EMBEDDINGS, ENCODERS
from textwright.recipe.recipe import Recipe
from textwright.recipe.tune import Choice, Range, default_space


def recipe(space: Any = None, kind: str = "bilstm", **tune: Any) -> Recipe:
    section = tune if space is None else {"space": space, **tune}
    table = {"name": "intents", "data": {"train": "t.csv"}, "encoder": {"kind": kind}}
    return check_recipe({**table, "tune": section})


def space_of(found: Recipe) -> dict[str, Any]:
    assert found.tune is not None
    return dict(found.tune.space)


RATE = {"low": 1e-4, "high": 1e-2, "log": True}


def test_a_name_may_be_quoted_or_dotted() -> None:
    dotted = recipe({"training": {"learning_rate": RATE}, "encoder": {"hidden": {"choices": [8]}}})
    quoted = recipe({"training.learning_rate": RATE, "encoder.hidden": {"choices": [8]}})

    assert dotted == quoted
    assert space_of(dotted) == {
        "training.learning_rate": Range(1e-4, 1e-2, log=True),
        "encoder.hidden": Choice((8,)),
    }


def test_a_range_of_whole_numbers_has_whole_limits_and_a_range_of_numbers_has_not() -> None:
    found = space_of(
        recipe(
            {
                "encoder.hidden": {"low": 8, "high": 64},
                "encoder.dropout": {"low": 0, "high": 0.5},
                "training.weight_decay": {"low": 0, "high": 1},
            }
        )
    )

    assert {name: [type(each) for each in one.limits] for name, one in found.items()} == {
        "encoder.hidden": [int, int],
        "encoder.dropout": [float, float],
        "training.weight_decay": [float, float],
    }


def test_what_is_searched_reads_back_from_the_text_of_the_recipe() -> None:
    found = recipe(
        {"training.learning_rate": RATE, "decoder.pooling": {"choices": ["mean", "max"]}},
        metric="macro_f1",
        pruning="halving",
    )

    assert check_recipe(tomllib.loads(recipe_text(found))) == found


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"training.learning_rat": RATE}, "Did you mean 'training.learning_rate'?"),
        ({"trainin.learning_rate": RATE}, "Did you mean 'training.learning_rate'?"),
        ({"encoder.kind": {"choices": ["bag"]}}, "No setting to tune is called 'encoder.kind'"),
        ({"data.text": {"choices": ["a"]}}, "No setting to tune is called 'data.text'"),
        ({"encoder.word_ngrams": {"low": 1, "high": 2}}, "called 'encoder.word_ngrams'"),
        ({"encoder.dropout": {"low": 0.1, "high": 1.5}}, r"encoder\.dropout is 1\.5.*out of range"),
        ({"encoder.layers": {"low": 0, "high": 3}}, r"layers is 0.*out of range"),
        ({"encoder.layers": {"low": 1.5, "high": 3}}, "a whole number"),
        ({"encoder.layers": {"choices": [1, "two"]}}, "a whole number"),
        ({"decoder.pooling": {"low": 1, "high": 2}}, "a string"),
        ({"decoder.pooling": {"choices": ["mean", "mox"]}}, "Did you mean 'max'?"),
        ({"encoder.bidirectional": {"choices": [1]}}, "true or false"),
        ({"encoder.hidden": {"choices": []}}, "a list of numbers"),
        ({"encoder.hidden": {"choices": 8}}, "a list of numbers"),
        ({"encoder.hidden": {"choices": [[8]]}}, "a list of numbers"),
        ({"encoder.hidden": {"choices": [8], "log": True}}, "has choices and log"),
        ({"encoder.hidden": {"low": 8}}, "has no high"),
        ({"encoder.hidden": {"high": 8}}, "has no low"),
        ({"encoder.hidden": {"low": 8, "hihg": 9, "high": 9}}, "Did you mean 'high'?"),
        ({"encoder.hidden": {"low": 8, "high": 8}}, "low must be below high"),
        ({"encoder.dropout": {"low": 0, "high": 0.5, "log": True}}, "Start above 0"),
        ({"encoder.hidden": {"low": "8", "high": 9}}, "a number"),
        ({"encoder.hidden": 8}, "choices = "),
        ({"encoder": 8}, "No setting to tune is called 'encoder'"),
        ("encoder.hidden", "Write each as"),
    ],
)
def test_a_space_that_cannot_be_is_refused_with_what_to_do(space: Any, said: str) -> None:
    with pytest.raises((RecipeError, UnknownNameError), match=f"(?s){said}"):
        recipe(space)


def test_what_the_rows_mean_is_not_searched() -> None:
    table = {"name": "a", "task": "match", "data": {"train": "t"}}
    space = {"decoder.labels": {"choices": ["graded"]}}

    with pytest.raises(UnknownNameError, match=r"called 'decoder\.labels'"):
        check_recipe({**table, "tune": {"space": space}})


def test_a_value_that_only_the_whole_recipe_refuses_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"tune\.space\.encoder\.buckets: .* no power of two"):
        recipe({"encoder.buckets": {"choices": [4096, 5000]}}, "bag")


@pytest.mark.parametrize(
    ("tune", "said"),
    [
        ({"metric": "acuracy"}, "Did you mean 'accuracy'?"),
        ({"pruning": "mean"}, "Did you mean 'median'?"),
        ({"trials": 3}, "no setting tune.trials"),
    ],
)
def test_other_settings_are_checked_as_everywhere(tune: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said.replace("?", r"\?")):
        recipe(**tune)


def test_a_section_that_is_no_table_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"\[tune\] holds 'much'"):
        check_recipe({"name": "intents", "data": {"train": "t.csv"}, "tune": "much"})


@pytest.mark.parametrize("task", ["classify", "match", "embed"])
@pytest.mark.parametrize("embedding", [name for name in EMBEDDINGS if name != "elmo"])
@pytest.mark.parametrize("kind", [name for name in ENCODERS if name != "pretrained"])
def test_every_kind_has_a_space_that_suits_it(kind: str, embedding: str, task: str) -> None:
    table: dict[str, Any] = {"name": "a", "data": {"train": "t"}, "encoder": {"kind": kind}}
    table["task"] = "classify" if kind == "bag" else task
    if "embedding" in ENCODERS[kind].uses:
        table["embedding"] = {"kind": embedding}
    if embedding == "vectors" and "embedding" in table:
        table["embedding"]["train"] = "cbow"
    written = check_recipe(table)

    space = default_space(written.tuned_sections, written.task)

    assert len(space) >= 3
    assert check_recipe({**table, "tune": {"space": {}}}).tune is not None
    for name, searched in space.items():
        for value in searched.limits:
            set_values(written, {name: value})


def test_the_step_size_is_searched_around_the_recipes_own() -> None:
    written = set_values(recipe(), {"training.learning_rate": 4.0})

    space = default_space(written.tuned_sections, "classify")

    assert space["training.learning_rate"] == Range(1.0, 10.0, log=True)
    still = set_values(written, {"training.learning_rate": 0.0})
    assert "training.learning_rate" not in default_space(still.tuned_sections, "classify")


def test_setting_values_changes_them_and_nothing_else() -> None:
    written = recipe({"training.learning_rate": RATE})

    found = set_values(written, {"training.learning_rate": 0.001, "encoder.hidden": 16})

    assert found.tune is None
    back = {"training.learning_rate": 0.002, "encoder.hidden": 128}
    assert set_values(found, back) == set_values(written, {})


def test_a_range_holds_what_lies_in_it_and_a_choice_what_it_names() -> None:
    assert 1 in Range(1, 3)
    assert 4 not in Range(1, 3)
    assert "mean" in Choice(("mean", "max"))
    assert "last" not in Choice(("mean", "max"))
