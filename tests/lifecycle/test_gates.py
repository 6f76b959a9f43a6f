"""Gates, as pure functions: value, limit, outcome."""

import math

import pytest

from textwright.lifecycle.gates import RULES, Verdict, judge
from textwright.recipe.gates import GATES, AtLeast, AtMost


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.91, "pass"), (0.9, "pass"), (math.nextafter(0.9, 0), "fail"), (0, "fail")],
)
def test_at_least_passes_from_its_value_on(value: float, outcome: str) -> None:
    verdicts = judge([AtLeast(metric="accuracy", value=0.9)], {"scores": {"accuracy": value}})

    assert [verdict.outcome for verdict in verdicts] == [outcome]
    assert verdicts[0].numbers == {"value": value, "limit": 0.9}


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.04, "pass"), (0.05, "pass"), (math.nextafter(0.05, 1), "fail"), (1, "fail")],
)
def test_at_most_passes_up_to_its_value(value: float, outcome: str) -> None:
    gate = AtMost(metric="calibration_error", value=0.05)

    verdicts = judge([gate], {"scores": {"calibration_error": value}})

    assert [verdict.outcome for verdict in verdicts] == [outcome]


@pytest.mark.parametrize("rule", [AtLeast, AtMost])
@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ({}, "Nothing was measured on a test set."),
        ({"scores": {}}, "Nothing was measured on a test set."),
        ({"scores": {"acuracy": 1.0}}, "did you mean 'acuracy'?"),
        ({"scores": {"x": 1.0}}, "The run has no metric 'accuracy'."),
        ({"scores": {"accuracy": None}}, "undefined"),
        ({"scores": {"accuracy": math.nan}}, "undefined"),
        ({"scores": {"accuracy": math.inf}}, "undefined"),
        ({"scores": {"accuracy": True}}, "undefined"),
        ({"scores": {"accuracy": "0.95"}}, "undefined"),
    ],
)
def test_what_was_not_measured_is_unknown_and_never_passes(
    rule: type[AtLeast] | type[AtMost], evidence: dict[str, object], reason: str
) -> None:
    (verdict,) = judge([rule(metric="accuracy", value=0.9)], evidence)

    assert verdict.outcome == "unknown"
    assert verdict.numbers == {"value": None, "limit": 0.9}
    assert reason in verdict.reason


def test_a_gate_whose_own_value_is_not_a_number_is_unknown() -> None:
    (verdict,) = judge([AtLeast(metric="f1", value=math.nan)], {"scores": {"f1": 1.0}})

    assert verdict.outcome == "unknown"


def test_verdicts_come_in_the_order_of_the_recipe_and_say_what_was_asked() -> None:
    gates: list[AtLeast | AtMost] = [AtMost(metric="b", value=0.5), AtLeast(metric="a", value=0.9)]

    assert judge(gates, {"scores": {"a": 0.95, "b": 0.25}}) == [
        Verdict("b at most 0.5", "pass", {"value": 0.25, "limit": 0.5}, "It is 0.25."),
        Verdict("a at least 0.9", "pass", {"value": 0.95, "limit": 0.9}, "It is 0.95."),
    ]


def test_every_gate_that_a_recipe_may_ask_for_has_its_rule() -> None:
    assert RULES.keys() == GATES.keys()
