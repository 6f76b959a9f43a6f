"""The settings of a rollout."""

from dataclasses import replace
from typing import Any

import pytest

from textwright.errors import RecipeError, UnknownNameError
from textwright.recipe.file import check_recipe, recipe_table
from textwright.recipe.rollout import GUARDS, WRITTEN, RolloutSettings, check_rollout

RECIPE: dict[str, Any] = {"name": "intents", "data": {"train": "train.jsonl"}}


def test_a_recipe_without_a_rollout_has_the_defaults() -> None:
    assert check_recipe(RECIPE).rollout == RolloutSettings()


def test_a_recipe_keeps_its_rollout_when_it_is_written_and_read() -> None:
    rollout = {"steps": [0.2, 0.6], "guards": ["errors", "wrong"], "at_limit": "roll_back"}

    recipe = check_recipe({**RECIPE, "rollout": rollout})

    assert recipe.rollout.steps == (0.2, 0.6)
    assert recipe.rollout.guards == ("errors", "wrong")
    assert check_recipe(recipe_table(recipe)) == recipe


@pytest.mark.parametrize(
    "steps", [(), (0.0, 0.5), (0.5, 1.0), (0.5, 0.1), (0.1, 0.1), (-0.1,), (float("nan"),)]
)
def test_steps_that_do_not_grow_between_0_and_1_are_refused(steps: tuple[float, ...]) -> None:
    with pytest.raises(RecipeError, match=r"rollout\.steps"):
        check_rollout(replace(RolloutSettings(), steps=steps))


@pytest.mark.parametrize("guards", [(), ("errors", "errors")])
def test_no_guard_and_one_named_twice_are_refused(guards: tuple[str, ...]) -> None:
    with pytest.raises(RecipeError, match=r"rollout\.guards"):
        check_rollout(replace(RolloutSettings(), guards=guards))


def test_an_unknown_guard_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'errors'"):
        check_rollout(replace(RolloutSettings(), guards=("error",)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alpha", 0.6),
        ("minutes", 0),
        ("units", 0),
        ("at_limit", "promote"),
        ("disagreement", 0.0),
        ("error_tolerance", -0.1),
        ("limit_minutes", 0),
        ("per_caller", 0),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(RecipeError, match=f"rollout.{key}"):
        check_recipe({**RECIPE, "rollout": {key: value}})


WRITER: dict[str, Any] = {**RECIPE, "task": "language", "data": {"train": "train.txt"}}


@pytest.mark.parametrize("task", ["language", "generate"])
def test_where_texts_are_written_three_more_guards_are_usual(task: str) -> None:
    recipe = check_recipe({**WRITER, "task": task})

    assert recipe.rollout.guards == (*GUARDS, *WRITTEN)
    assert check_recipe(recipe_table(recipe)) == recipe
    few = check_recipe({**WRITER, "task": task, "rollout": {"guards": ["errors", "cut"]}})
    assert few.rollout.guards == ("errors", "cut")


@pytest.mark.parametrize("guard", WRITTEN)
def test_a_guard_of_texts_is_refused_where_none_are_written(guard: str) -> None:
    with pytest.raises(RecipeError, match="for texts that are written; the task is 'classify'"):
        check_recipe({**RECIPE, "rollout": {"guards": [guard]}})
    with pytest.raises(RecipeError, match=f"rollout.{guard}_tolerance"):
        check_recipe({**RECIPE, "rollout": {f"{guard}_tolerance": 0.1}})
    assert f"{guard}_tolerance" not in recipe_table(check_recipe(RECIPE))["rollout"]
    assert f"{guard}_tolerance" in recipe_table(check_recipe(WRITER))["rollout"]


def test_what_is_no_table_of_a_rollout_is_refused() -> None:
    with pytest.raises(RecipeError, match="rollout"):
        check_recipe({**WRITER, "rollout": 3})
