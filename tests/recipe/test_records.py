"""The settings of what is kept of answers."""

from typing import Any

import pytest

from textwright.errors import RecipeError
from textwright.recipe.file import check_recipe, recipe_table
from textwright.recipe.records import RecordSettings

RECIPE: dict[str, Any] = {"name": "intents", "data": {"train": "train.jsonl"}}


def test_no_text_is_kept_unless_a_recipe_says_so() -> None:
    assert check_recipe(RECIPE).records == RecordSettings(share=1.0, keep="hash", days=90)


def test_a_recipe_keeps_its_policy_when_it_is_written_and_read() -> None:
    recipe = check_recipe({**RECIPE, "records": {"share": 0.1, "keep": "text", "days": 7}})

    assert recipe.records == RecordSettings(0.1, "text", 7)
    assert check_recipe(recipe_table(recipe)) == recipe


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("share", -0.1),
        ("share", 1.1),
        ("share", float("nan")),
        ("share", "all"),
        ("keep", "texts"),
        ("keep", ""),
        ("days", -1),
        ("days", 1.5),
        ("days", 10**9),
    ],
)
def test_a_policy_out_of_range_is_named(key: str, value: object) -> None:
    with pytest.raises(RecipeError, match=rf"records\.{key}"):
        check_recipe({**RECIPE, "records": {key: value}})


def test_a_mistyped_key_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'share'"):
        check_recipe({**RECIPE, "records": {"shares": 0.5}})


@pytest.mark.parametrize(
    ("recipe", "hint"),
    [
        ({"rollout": {"guards": ["errors"]}}, "Name the guard 'wrong'"),
        ({"task": "generate"}, r'records\.keep = "text"'),
        ({"task": "language", "records": {"keep": "nothing"}}, r'records\.keep = "text"'),
        ({"task": "embed"}, "neither right nor wrong"),
        ({"records": {"share": 0}}, r"records\.share above 0"),
    ],
)
def test_a_rollout_that_waits_for_feedback_nobody_can_hear_is_refused(
    recipe: dict[str, Any], hint: str
) -> None:
    assert check_recipe({**RECIPE, **recipe}).rollout.feedback == 0

    with pytest.raises(RecipeError, match=hint):
        check_recipe({**RECIPE, **recipe, "rollout": {**recipe.get("rollout", {}), "feedback": 20}})


@pytest.mark.parametrize("recipe", [{}, {"task": "generate", "records": {"keep": "text"}}])
def test_a_rollout_may_wait_for_feedback_that_can_be_heard(recipe: dict[str, Any]) -> None:
    assert check_recipe({**RECIPE, **recipe, "rollout": {"feedback": 20}}).rollout.feedback == 20
