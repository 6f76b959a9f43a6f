"""How deployments stand."""

from datetime import timedelta

from tests.lifecycle.conftest import on_sqlite
from tests.lifecycle.test_judge import BAD, GOOD, begin
from tests.lifecycle.test_rollout import three
from tests.lifecycle.test_rollout_steps import running
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.registry import add_model
from textwright.lifecycle.rollout import Cause, pause
from textwright.lifecycle.standing import Standing, list_standings

__all__ = ["running", "three"]


@on_sqlite
def test_a_rollout_is_told_with_its_guards_and_the_time_left(running: Sessions) -> None:
    clock = begin(running, limit_minutes=30)
    clock.count(0, 2, GOOD)
    clock.look(4)

    with running() as session:
        found = list_standings(session, now=clock.began + timedelta(minutes=10, seconds=30))[0]

    assert (found.model, found.state, found.stable, found.candidate) == ("intents", "canary", 1, 2)
    assert (found.share, found.step, found.steps, found.held) == (0.1, 1, 2, False)
    assert (found.minutes_left, found.looked) == (19, "wait: the step is not over")
    errors = found.guards[0]
    assert (errors.guard, errors.verdict, errors.stable, errors.candidate) == (
        "errors",
        "continue",
        270,
        90,
    )
    assert (errors.stable_share, errors.candidate_share, errors.proof) == (0.0, 0.0, 0.0)
    assert found.guards[1].stable_share == 1 / 90


@on_sqlite
def test_proof_grows_with_harm_and_no_units_have_no_share(running: Sessions) -> None:
    clock = begin(running)
    with running() as session:
        before = list_standings(session, now=clock.began)[0].guards[0]
    clock.count(0, 0, {**BAD, ("errors", 2): (30, 2)})
    clock.look(2)
    with running() as session:
        after = list_standings(session, now=clock.began)[0].guards[0]

    assert (before.verdict, before.stable_share, before.proof) == ("no_data", None, 0.0)
    assert 0.1 < after.proof < 1.0


@on_sqlite
def test_a_held_rollout_past_its_limit_has_no_time_left(running: Sessions) -> None:
    clock = begin(running, limit_minutes=5)
    with running.begin() as session:
        pause(session, "intents", Cause("ann", ""), paused=True)

    with running() as session:
        found = list_standings(session, now=clock.at(60))[0]
    assert (found.held, found.minutes_left) == (True, 0)


@on_sqlite
def test_models_without_a_rollout_are_told_too_by_name(running: Sessions) -> None:
    with running.begin() as session:
        add_model(session, "a-model", actor="ann")

    with running() as session:
        now = begin(running, shadow=True).began
        found = list_standings(session, now=now)

    assert found[0] == Standing("a-model", "idle", None, None, 0.0, 0, 0, False, "", None, (), 0)
    assert (found[1].state, found[1].share, found[1].step) == ("shadow", 0.0, 0)
