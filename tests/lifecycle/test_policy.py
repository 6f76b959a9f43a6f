"""The policy of a rollout, from recipe to row."""

import json
from dataclasses import replace

import pytest

from tests.lifecycle.conftest import on_sqlite
from tests.lifecycle.test_rollout import PASS, add_gated
from textwright.errors import UsageError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.policy import (
    Policy,
    begin_at,
    read_policy,
    recipe_policy,
    write_policy,
)
from textwright.lifecycle.registry import (
    NewRun,
    NewVersion,
    add_version,
    find_version,
    start_run,
)
from textwright.recipe.rollout import RolloutSettings

DEFAULT = RolloutSettings()


@pytest.mark.parametrize("overridden", [None, 3])
def test_a_policy_is_read_as_it_was_written(overridden: int | None) -> None:
    policy = Policy(replace(DEFAULT, steps=(0.2, 0.4), guards=("slow",)), overridden)

    assert read_policy(json.loads(json.dumps(write_policy(policy)))) == policy


def test_a_setting_of_a_newer_program_is_left_out() -> None:
    table = write_policy(Policy(DEFAULT))
    table["settings"]["colour"] = "green"

    assert read_policy(table) == Policy(DEFAULT)
    assert read_policy({}) == Policy(DEFAULT)


@pytest.mark.parametrize(
    ("share", "steps"),
    [
        (0.001, (0.001, 0.01, 0.1, 0.5)),
        (0.1, (0.1, 0.5)),
        (0.3, (0.3, 0.5)),
        (0.9, (0.9,)),
    ],
)
def test_a_rollout_begins_at_a_share_and_goes_on_with_larger_ones(
    share: float, steps: tuple[float, ...]
) -> None:
    assert begin_at(DEFAULT, share).steps == steps


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        begin_at(DEFAULT, share)


@on_sqlite
@pytest.mark.parametrize(
    ("recipe", "steps"),
    [('name = "intents"', DEFAULT.steps), ("[rollout]\nsteps = [0.25]", (0.25,))],
)
def test_the_policy_is_that_of_the_recipe_the_version_came_from(
    sessions: Sessions, recipe: str, steps: tuple[float, ...]
) -> None:
    with sessions.begin() as session:
        run = start_run(session, "intents", NewRun(recipe, {}, 7, {}, {}), actor="ann")
        new = NewVersion("a" * 64, run.id, {}, True)
        version, _ = add_version(session, "intents", new, actor="ann")

        assert recipe_policy(session, version).steps == steps


@on_sqlite
def test_a_version_from_elsewhere_has_the_defaults(sessions: Sessions) -> None:
    with sessions.begin() as session:
        name = add_gated(session, "a", [PASS])

        assert recipe_policy(session, find_version(session, name)) == DEFAULT
