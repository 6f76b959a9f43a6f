"""Gates: rules over the evidence of a version, each a pure function that gives a verdict.

To add a gate: write its settings in ``recipe/gates.py``, its function here, and its line in the
table at the end.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Real
from typing import Any, Literal

from textwright.recipe.gates import AtLeast, AtMost, GateSettings

Outcome = Literal["pass", "fail", "unknown"]
Evidence = Mapping[str, object]  # content by kind; "scores" maps each metric to its value


@dataclass(frozen=True)
class Verdict:
    """What a gate says of a version: only ``pass`` lets it through.

    gate:    the rule with its values, as in ``accuracy at least 0.9``.
    numbers: what was compared; None where there is no such number.
    """

    gate: str
    outcome: Outcome
    numbers: Mapping[str, float | None]
    reason: str


def judge(gates: Sequence[GateSettings], evidence: Evidence) -> list[Verdict]:
    """Judge every gate of a recipe over a version's evidence, in the recipe's order."""
    return [RULES[gate.rule](gate, evidence) for gate in gates]


def at_least(gate: AtLeast, evidence: Evidence) -> Verdict:
    """Pass when a metric of the test set reaches the value."""
    name = f"{gate.metric} at least {gate.value:g}"
    found = find_metric(gate.metric, evidence)
    return compare(name, found, gate.value, lambda value: value >= gate.value)


def at_most(gate: AtMost, evidence: Evidence) -> Verdict:
    """Pass when a metric of the test set does not exceed the value."""
    name = f"{gate.metric} at most {gate.value:g}"
    found = find_metric(gate.metric, evidence)
    return compare(name, found, gate.value, lambda value: value <= gate.value)


def compare(name: str, found: float | str, limit: float, holds: Callable[[float], bool]) -> Verdict:
    """Give the verdict over one value.

    found: the value, or the reason why there is none; then the outcome is unknown.
    """
    value = None if isinstance(found, str) else found
    numbers = {"value": value, "limit": limit if math.isfinite(limit) else None}
    if isinstance(found, str):
        return Verdict(name, "unknown", numbers, found)
    if math.isnan(limit):
        return Verdict(name, "unknown", numbers, "The gate's own value is not a number.")
    outcome: Outcome = "pass" if holds(found) else "fail"
    return Verdict(name, outcome, numbers, f"It is {found:g}.")


def find_metric(metric: str, evidence: Evidence) -> float | str:
    """Value of a metric of the test set, or the reason why it has none."""
    scores = evidence.get("scores")
    if not isinstance(scores, Mapping) or not scores:
        return "Nothing was measured on a test set."
    if metric not in scores:
        near = get_close_matches(metric, map(str, scores), n=1)
        tail = f"; did you mean {near[0]!r}?" if near else "."
        return f"The run has no metric {metric!r}{tail}"
    value = scores[metric]
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        return f"The metric {metric!r} is undefined on this test set."
    return float(value)


RULES: dict[str, Callable[[Any, Evidence], Verdict]] = {
    AtLeast.rule: at_least,
    AtMost.rule: at_most,
}
