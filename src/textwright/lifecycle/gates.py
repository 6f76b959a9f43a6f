"""Gates: rules over the evidence of a version, each a pure function that gives a verdict.

To add a gate: write its settings in ``recipe/gates.py``, its function here, and its line in the
table at the end.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from textwright.lifecycle.measured import Evidence, find_metric, find_number, mapping_at
from textwright.paired import Counts, exact_interval, holm, p_value, rows_to_settle
from textwright.recipe.gates import (
    Abstention,
    AtLeast,
    AtMost,
    Calibration,
    Copied,
    GateSettings,
    Latency,
    NoLeak,
    NotWorseThan,
    Robust,
    Size,
    SlicesNotWorse,
)

Outcome = Literal["pass", "fail", "unknown"]
Numbers = Mapping[str, float | None]
SHOWN = 3  # slices named in a reason


@dataclass(frozen=True)
class Verdict:
    """What a gate says of a version: only ``pass`` lets it through.

    gate:    the rule with its values, as in ``accuracy at least 0.9``.
    numbers: what was compared; None where there is no such number. Where a verdict holds only
             against one production version, ``production`` is its number, or None for none.
    """

    gate: str
    outcome: Outcome
    numbers: Numbers
    reason: str


def judge(gates: Sequence[GateSettings], evidence: Evidence) -> list[Verdict]:
    """Judge every gate of a recipe over a version's evidence, in the recipe's order."""
    return [RULES[gate.rule](gate, evidence) for gate in gates]


def is_outdated(numbers: Numbers, production: int | None) -> bool:
    """Tell whether a verdict was given against another version than is in production now."""
    return "production" in numbers and numbers["production"] != production


def at_least(gate: AtLeast, evidence: Evidence) -> Verdict:
    """Pass when a metric of the test set reaches the value."""
    name = f"{name_metric(gate)} at least {gate.value:g}"
    found = find_metric(gate.metric, evidence, gate.slice)
    return compare(name, found, gate.value, lambda value: value >= gate.value)


def at_most(gate: AtMost, evidence: Evidence) -> Verdict:
    """Pass when a metric of the test set does not exceed the value."""
    name = f"{name_metric(gate)} at most {gate.value:g}"
    return compare_most(name, find_metric(gate.metric, evidence, gate.slice), gate.value)


def name_metric(gate: AtLeast | AtMost | NotWorseThan) -> str:
    """Name a gate's metric, and the slice that it is of."""
    return f"{gate.metric} of {gate.slice}" if gate.slice else gate.metric


def calibration(gate: Calibration, evidence: Evidence) -> Verdict:
    """Pass when scores say how often answers are right, measured on enough rows."""
    name = f"calibration error at most {gate.value:g}"
    rows = find_metric("in_scope_rows", evidence)
    if isinstance(rows, str) or rows < gate.rows:
        reason = rows if isinstance(rows, str) else f"{rows:g} in-scope rows; it takes {gate.rows}."
        return unknown(name, {"value": None, "limit": gate.value}, reason)
    return compare_most(name, find_metric("calibration_error", evidence), gate.value)


def robust(gate: Robust, evidence: Evidence) -> Verdict:
    """Pass when no change of writing costs more accuracy than the value."""
    name = f"robust under {', '.join(gate.forms)}: loss at most {gate.value:g}"
    drops = {form: find_number(evidence, "robustness", "loss", form) for form in gate.forms}
    missing = [form for form, drop in drops.items() if isinstance(drop, str)]
    if missing or not drops:
        reason = f"What {', '.join(missing) or 'no form'} does was not measured."
        return unknown(name, {"value": None, "limit": gate.value}, reason)
    known = {form: float(drop) for form, drop in drops.items()}
    worst = max(known, key=known.__getitem__)
    verdict = compare_most(name, known[worst], gate.value)
    told = ", ".join(f"{form} {drop:+.4f}" for form, drop in known.items())
    return Verdict(name, verdict.outcome, {**verdict.numbers, **known}, f"Loss under {told}.")


def latency(gate: Latency, evidence: Evidence) -> Verdict:
    """Pass when 99 of 100 texts are answered within the value."""
    name = f"p99 latency at most {gate.value:g} ms"
    return compare_most(name, find_number(evidence, "latency", "p99_ms"), gate.value)


def size(gate: Size, evidence: Evidence) -> Verdict:
    """Pass when the exported network has no more bytes than the value."""
    name = f"model.onnx at most {gate.value:,} bytes"
    verdict = compare_most(name, find_number(evidence, "size", "model.onnx"), gate.value)
    if verdict.numbers["value"] is None:
        return verdict
    return Verdict(
        name, verdict.outcome, verdict.numbers, f"It has {verdict.numbers['value']:,.0f}."
    )


def no_leak(gate: NoLeak, evidence: Evidence) -> Verdict:
    """Pass when no larger share of the test rows stands in the training file than the value."""
    name = f"share of test rows in training at most {gate.value:g}"
    leaked = find_number(evidence, "report", "leaked_rows")
    rows = find_number(evidence, "report", "test", "rows")
    if isinstance(leaked, str) or isinstance(rows, str) or rows < 1:
        reason = "The test rows were not looked up in the training file."
        return unknown(name, {"value": None, "limit": gate.value}, reason)
    clean = find_number(evidence, "report", "without_leaks", "accuracy")
    kept = None if isinstance(clean, str) else clean
    verdict = compare_most(name, leaked / rows, gate.value)
    reason = f"{leaked:,.0f} of {rows:,.0f} do"
    reason += f"; without them the accuracy is {kept:.4f}." if kept is not None else "."
    numbers = {**verdict.numbers, "leaked": leaked, "rows": rows, "accuracy_without": kept}
    return Verdict(name, verdict.outcome, numbers, reason)


def copied(gate: Copied, evidence: Evidence) -> Verdict:
    """Pass when no text that was written holds a longer span of the training targets."""
    name = f"longest span copied from training at most {gate.value} words"
    return compare_most(name, find_number(evidence, "report", "copied", "longest"), gate.value)


def abstention(gate: Abstention, evidence: Evidence) -> Verdict:
    """Pass when enough texts are answered, and those rightly enough."""
    asked = {"coverage": gate.coverage, "selective_accuracy": gate.selective_accuracy}
    name = " and ".join(f"{metric} at least {value:g}" for metric, value in asked.items())
    parts = [at_least(AtLeast(metric, value), evidence) for metric, value in asked.items()]
    numbers = {metric: part.numbers["value"] for metric, part in zip(asked, parts, strict=True)}
    outcomes = [part.outcome for part in parts]
    outcome: Outcome = "pass" if outcomes == ["pass", "pass"] else "unknown"
    if "fail" in outcomes:
        outcome = "fail"
    told = (f"{part.gate}: {part.outcome}. {part.reason}" for part in parts)
    return Verdict(name, outcome, numbers, " ".join(told))


def not_worse_than(gate: NotWorseThan, evidence: Evidence) -> Verdict:
    """Pass when a loss of the margin or more against production is ruled out at level alpha.

    Fails when a loss of less than the margin is ruled out at that level, else it is unknown.
    """
    name = f"{name_metric(gate)} not worse than production by {gate.margin:g}"
    found = find_comparison(name, evidence)
    if isinstance(found, Verdict):
        return found
    inside = ("parts", gate.slice) if gate.slice else ()
    measured = mapping_at(found, *inside, "metrics", gate.metric)
    numbers = {"production": find_production(evidence), "margin": gate.margin, "alpha": gate.alpha}
    if measured is None:
        reason = f"{gate.metric!r} was not measured against production, or is undefined there."
        return unknown(name, numbers, reason)
    if not all(math.isfinite(each) for each in (gate.margin, gate.alpha)):
        return unknown(name, numbers, "The gate's own value is not a number.")
    gap = read_gap(measured, gate)
    if gap is None:
        return unknown(name, numbers, f"{gate.metric!r} has no rows, or no limits at this alpha.")
    numbers |= {"value": gap.value, "low": gap.low, "high": gap.high, "rows": gap.rows}
    outcome: Outcome = "unknown"
    if gap.low > -gate.margin:
        outcome = "pass"
    elif gap.high < -gate.margin:
        outcome = "fail"
    return Verdict(name, outcome, *tell_gap(gap, gate, numbers, settled=outcome != "unknown"))


@dataclass(frozen=True)
class Gap:
    """Candidate less production, with one-sided limits, each at level alpha.

    needed: rows that would settle an unsettled verdict; None where it cannot be said.
    """

    value: float
    low: float
    high: float
    rows: int
    needed: int | None = None


def read_gap(measured: Mapping[str, Any], gate: NotWorseThan) -> Gap | None:
    """Read a difference from its evidence: exact from counts, else from bootstrap limits."""
    rows = int(measured["rows"])
    if rows < 1:
        return None
    if "won" in measured:
        counts = Counts(int(measured["won"]), int(measured["lost"]), rows)
        found = exact_interval(counts, alpha=gate.alpha)
        gap = Gap(found.value, found.low, found.high, rows)
        if gap.low > -gate.margin or gap.high < -gate.margin:
            return gap
        needed = rows_to_settle(counts, gate.margin, alpha=gate.alpha)
        return Gap(gap.value, gap.low, gap.high, rows, needed)
    levels = [each for each in measured["low"] if float(each) <= gate.alpha]
    if not levels:
        return None
    level = max(levels, key=float)
    value, low, high = (
        float(each) for each in (measured["value"], measured["low"][level], measured["high"][level])
    )
    distance = value + gate.margin
    reach = max(value - low, high - value)
    needed = math.ceil(rows * (reach / distance) ** 2) if distance else None
    return Gap(value, low, high, rows, needed)


def tell_gap(
    gap: Gap, gate: NotWorseThan, numbers: Mapping[str, float | None], *, settled: bool
) -> tuple[Numbers, str]:
    """Say what the difference is and, where it settles nothing, how many rows would."""
    sure = f"{1 - gate.alpha:.1%}".replace(".0%", "%").replace("%", " %")
    told = (
        f"It differs by {gap.value:+.4f} from version {numbers['production']:g} on {gap.rows:,} "
        f"rows: above {gap.low:+.4f}, and below {gap.high:+.4f}, each with {sure} confidence."
    )
    if settled:
        return numbers, told
    tail = " No number of rows would settle it." if gap.needed is None else ""
    if gap.needed is not None:
        tail = f" About {gap.needed:,} rows would settle it, were they to differ as these do."
    return {**numbers, "needed": gap.needed}, told + tail


def slices_not_worse(gate: SlicesNotWorse, evidence: Evidence) -> Verdict:
    """Fail when a slice lost more than the margin, significantly (Holm over slices).

    Slices of fewer rows than the gate asks for are listed; without any other it is unknown.
    """
    by = gate.column or "any slice"
    name = f"accuracy by {by} not worse than production by {gate.margin:g}"
    found = find_comparison(name, evidence)
    if isinstance(found, Verdict):
        return found
    numbers = {"production": find_production(evidence), "margin": gate.margin, "alpha": gate.alpha}
    slices = read_slices(found, gate.column)
    judged = {each: counts for each, counts in slices.items() if counts.rows >= gate.rows}
    small = [f"{each} ({slices[each].rows})" for each in slices if each not in judged]
    listed = f" Too few rows to judge: {', '.join(small)}." if small else ""
    numbers |= {"slices": len(judged), "smaller": len(small)}
    if not judged:
        return unknown(name, numbers, f"No slice has {gate.rows} rows or more.{listed}")
    adjusted = holm([p_value(each.swapped, gate.margin) for each in judged.values()])
    chances = sorted(zip(adjusted, judged, strict=True))
    lost = [each for each in chances if each[0] <= gate.alpha]
    numbers |= {"p": chances[0][0], "worst": min(each.difference for each in judged.values())}
    if not lost:
        reason = f"None of {len(judged)} lost significantly.{listed}"
        return Verdict(name, "pass", numbers, reason)
    told = ", ".join(tell_loss(each, judged[each], p) for p, each in lost[:SHOWN])
    return Verdict(name, "fail", numbers, f"{len(lost)} of {len(judged)} lost: {told}.{listed}")


def tell_loss(name: str, counts: Counts, p: float) -> str:
    """Say what a slice lost."""
    return f"{name} {counts.difference:+.4f} on {counts.rows:,} rows (p {p:.2g} after Holm)"


def read_slices(comparison: Mapping[str, Any], column: str) -> dict[str, Counts]:
    """Give the counts of each slice, named as in ``language=zh``."""
    columns = mapping_at(comparison, "slices") or {}
    return {
        f"{each}={value}": Counts(int(one["won"]), int(one["lost"]), int(one["rows"]))
        for each, values in columns.items()
        if column in ("", each)
        for value, one in values.items()
    }


def find_comparison(name: str, evidence: Evidence) -> Mapping[str, Any] | Verdict:
    """Give what was measured against today's production, or the verdict where nothing was."""
    if "production" not in evidence:
        return unknown(name, {}, "What is in production is not known.")
    production = find_production(evidence)
    numbers = {"production": production}
    if production is None:
        return Verdict(name, "pass", numbers, "Nothing to compare: no version is in production.")
    if evidence.get("version") == production:
        return Verdict(name, "pass", numbers, "Nothing to compare: it is in production itself.")
    found = mapping_at(evidence, "comparison")
    if found is None or found.get("production") is None:
        reason = f"It was not measured against version {production}, which is in production."
        return unknown(name, numbers, f"{reason} Gate it again.")
    if found["production"] != production:
        reason = f"It was measured against version {found['production']}, production is"
        return unknown(name, numbers, f"{reason} version {production} now. Gate it again.")
    if "error" in found:
        return unknown(name, numbers, f"It could not be measured: {found['error']}")
    return found


def find_production(evidence: Evidence) -> int | None:
    """Give the number of the version in production now; None for none."""
    found = evidence.get("production")
    return found if isinstance(found, int) else None


def compare_most(name: str, found: float | str, limit: float) -> Verdict:
    """Give the verdict over a value that must not exceed a limit."""
    return compare(name, found, limit, lambda value: value <= limit)


def compare(name: str, found: float | str, limit: float, holds: Callable[[float], bool]) -> Verdict:
    """Give the verdict over one value.

    found: the value, or the reason why there is none; then the outcome is unknown.
    """
    value = None if isinstance(found, str) else found
    numbers = {"value": value, "limit": limit if math.isfinite(limit) else None}
    if isinstance(found, str):
        return unknown(name, numbers, found)
    if math.isnan(limit):
        return unknown(name, numbers, "The gate's own value is not a number.")
    outcome: Outcome = "pass" if holds(found) else "fail"
    return Verdict(name, outcome, numbers, f"It is {found:g}.")


def unknown(name: str, numbers: Numbers, reason: str) -> Verdict:
    """Give the verdict where there is nothing to judge by."""
    return Verdict(name, "unknown", numbers, reason)


RULES: dict[str, Callable[[Any, Evidence], Verdict]] = {
    AtLeast.rule: at_least,
    AtMost.rule: at_most,
    NotWorseThan.rule: not_worse_than,
    SlicesNotWorse.rule: slices_not_worse,
    Calibration.rule: calibration,
    Robust.rule: robust,
    Latency.rule: latency,
    Size.rule: size,
    NoLeak.rule: no_leak,
    Copied.rule: copied,
    Abstention.rule: abstention,
}
