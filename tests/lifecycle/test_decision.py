"""The decision table: every line of it, and every situation there is."""

from dataclasses import fields, replace
from itertools import product
from typing import Any, get_args, get_type_hints

import pytest

from textwright.lifecycle.decision import TABLE, Situation, decide

CALM = Situation(
    state="canary",
    gates="pass",
    guards="continue",
    ready=True,
    last=False,
    late=False,
    at_limit="hold",
    paused=False,
)


def every_situation() -> list[Situation]:
    """Give each value of each field with each of the others."""
    hints = get_type_hints(Situation)
    values = [get_args(hints[each.name]) or (False, True) for each in fields(Situation)]
    return [Situation(*each) for each in product(*values)]


EVERY = every_situation()
UNDER_WAY = [each for each in EVERY if each.state in ("shadow", "canary")]


@pytest.mark.parametrize(
    ("changed", "action", "because"),
    [
        ({"state": "idle"}, "nothing", "no rollout"),
        ({"state": "promoted"}, "nothing", "no rollout"),
        ({"state": "rolled_back"}, "nothing", "no rollout"),
        ({"guards": "bad"}, "roll_back", "a guard proved"),
        ({"gates": "fail"}, "roll_back", "a gate fails"),
        ({"late": True, "at_limit": "roll_back"}, "roll_back", "time limit"),
        ({"late": True}, "hold", "time limit"),
        ({"paused": True}, "hold", "an operator"),
        ({"guards": "no_data"}, "hold", "no data"),
        ({"gates": "unknown"}, "hold", "a gate is unknown"),
        ({"ready": False}, "wait", "not over"),
        ({"last": True}, "finish", "every step"),
        ({}, "advance", "the step is over"),
        ({"state": "shadow"}, "advance", "the step is over"),
        ({"state": "shadow", "last": True}, "advance", "the step is over"),
        ({"gates": "overridden"}, "advance", "the step is over"),
        ({"at_limit": "roll_back"}, "advance", "the step is over"),
    ],
)
def test_each_line_of_the_table(changed: dict[str, Any], action: str, because: str) -> None:
    rule = decide(replace(CALM, **changed))

    assert rule.action == action
    assert because in rule.because


def test_every_situation_is_decided_and_every_line_is_needed() -> None:
    assert len(EVERY) == 5 * 4 * 3 * 2**5
    assert {id(decide(each)) for each in EVERY} == {id(rule) for rule in TABLE}


def test_without_a_rollout_nothing_is_ever_done() -> None:
    others = [each for each in EVERY if each not in UNDER_WAY]

    assert {decide(each).action for each in others} == {"nothing"}
    assert "nothing" not in {decide(each).action for each in UNDER_WAY}


def test_proof_of_harm_always_rolls_back() -> None:
    harmed = [each for each in UNDER_WAY if "bad" in each.guards or each.gates == "fail"]

    assert {decide(each).action for each in harmed} == {"roll_back"}


def test_nothing_else_rolls_back_but_a_time_limit_that_says_so() -> None:
    rolled = [each for each in UNDER_WAY if decide(each).action == "roll_back"]

    assert all(
        each.guards == "bad" or each.gates == "fail" or (each.late and each.at_limit == "roll_back")
        for each in rolled
    )


def test_the_share_grows_only_when_all_is_well() -> None:
    grown = [each for each in EVERY if decide(each).action in ("advance", "finish")]

    assert grown
    assert all(
        each.ready
        and not each.late
        and not each.paused
        and each.guards == "continue"
        and each.gates in ("pass", "overridden")
        for each in grown
    )
    assert all(decide(each).action in ("advance", "finish") for each in UNDER_WAY if each in grown)


def test_production_is_reached_from_the_last_step_of_a_canary_alone() -> None:
    finished = [each for each in EVERY if decide(each).action == "finish"]

    assert finished
    assert all(each.state == "canary" and each.last for each in finished)
    assert not any(each.late for each in finished)


def test_all_that_is_left_waits_or_holds() -> None:
    for each in UNDER_WAY:
        action = decide(each).action
        calm = each.guards == "continue" and each.gates in ("pass", "overridden")
        stopped = each.late or each.paused or not calm
        if action == "wait":
            assert not stopped
            assert not each.ready
        if action == "hold":
            assert stopped
