"""Gates, as pure functions: value, limit, outcome."""

import math
from typing import Any

import pytest

from textwright.lifecycle.gates import RULES, Verdict, judge
from textwright.recipe.gates import (
    GATES,
    Abstention,
    AtLeast,
    AtMost,
    Calibration,
    Copied,
    GateSettings,
    Latency,
    NoLeak,
    Robust,
    Size,
)


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
    gates: list[GateSettings] = [AtMost(metric="b", value=0.5), AtLeast(metric="a", value=0.9)]

    assert judge(gates, {"scores": {"a": 0.95, "b": 0.25}}) == [
        Verdict("b at most 0.5", "pass", {"value": 0.25, "limit": 0.5}, "It is 0.25."),
        Verdict("a at least 0.9", "pass", {"value": 0.95, "limit": 0.9}, "It is 0.95."),
    ]


def test_every_gate_that_a_recipe_may_ask_for_has_its_rule() -> None:
    assert RULES.keys() == GATES.keys()


def ask(gate: GateSettings, evidence: dict[str, Any]) -> Verdict:
    (verdict,) = judge([gate], evidence)
    return verdict


def test_calibration_is_judged_from_so_many_rows_on() -> None:
    def found(error: float, rows: int) -> str:
        scores = {"calibration_error": error, "in_scope_rows": rows}
        return ask(Calibration(value=0.05, rows=100), {"scores": scores}).outcome

    assert found(0.05, 100) == "pass"
    assert found(math.nextafter(0.05, 1), 100) == "fail"
    assert found(0.0, 99) == "unknown"
    assert ask(Calibration(), {"scores": {"calibration_error": 0.0}}).outcome == "unknown"
    assert ask(Calibration(), {"scores": {"in_scope_rows": 200}}).outcome == "unknown"


def test_the_worst_change_of_writing_decides() -> None:
    def found(**loss: float) -> Verdict:
        return ask(Robust(value=0.05), {"robustness": {"loss": loss}})

    assert found(typos=0.05, case=0.0, width=-0.01).outcome == "pass"
    assert found(typos=0.0, case=math.nextafter(0.05, 1), width=0.0).outcome == "fail"
    assert found(typos=0.01, case=0.02, width=0.06).numbers["value"] == 0.06
    assert "case +0.0200" in found(typos=0.01, case=0.02, width=0.06).reason


@pytest.mark.parametrize("loss", [{}, {"typos": 0.0, "case": 0.0}, {"typos": 0.0, "width": None}])
def test_a_change_of_writing_that_was_not_measured_is_unknown(loss: dict[str, float]) -> None:
    assert ask(Robust(), {"robustness": {"loss": loss}}).outcome == "unknown"
    assert ask(Robust(forms=("typos",)), {"robustness": {"loss": {"typos": 0.0}}}).outcome == "pass"
    assert ask(Robust(forms=()), {"robustness": {"loss": loss}}).outcome == "unknown"


def test_latency_is_the_99th_percentile_in_ms() -> None:
    gate = Latency(value=20.0)

    assert ask(gate, {"latency": {"p99_ms": 20.0}}).outcome == "pass"
    assert ask(gate, {"latency": {"p99_ms": math.nextafter(20.0, 21)}}).outcome == "fail"
    assert ask(gate, {"latency": {"p50_ms": 1.0}}).outcome == "unknown"
    assert ask(gate, {"latency": {"p99_ms": math.nan}}).outcome == "unknown"
    assert "was not measured" in ask(gate, {}).reason


def test_size_is_that_of_the_network_alone() -> None:
    gate = Size(value=1_000)

    assert (
        ask(gate, {"size": {"model.onnx": 1_000, "weights.safetensors": 9_000}}).outcome == "pass"
    )
    assert ask(gate, {"size": {"model.onnx": 1_001}}).outcome == "fail"
    assert ask(gate, {"size": {"weights.safetensors": 1}}).outcome == "unknown"
    assert ask(gate, {"size": {"model.onnx": 1_234}}).reason == "It has 1,234."


def leaks(leaked: int | None, rows: int, clean: float | None = None) -> dict[str, Any]:
    without = {} if clean is None else {"without_leaks": {"accuracy": clean}}
    return {"report": {"leaked_rows": leaked, "test": {"rows": rows}, **without}}


def test_leaks_are_a_share_of_the_test_rows() -> None:
    gate = NoLeak(value=0.02)

    assert ask(gate, leaks(2, 100)).outcome == "pass"
    assert ask(gate, leaks(3, 100)).outcome == "fail"
    assert ask(NoLeak(), leaks(0, 100)).outcome == "pass"
    assert ask(NoLeak(), leaks(0, 1)).outcome == "pass"
    assert ask(NoLeak(), leaks(1, 1_000_000)).outcome == "fail"
    assert (
        ask(gate, leaks(3, 100, 0.91)).reason == "3 of 100 do; without them the accuracy is 0.9100."
    )


@pytest.mark.parametrize("found", [{}, leaks(None, 100), leaks(0, 0), {"report": {}}])
def test_leaks_nobody_looked_for_are_unknown(found: dict[str, Any]) -> None:
    assert ask(NoLeak(value=1.0), found).outcome == "unknown"


@pytest.mark.parametrize(("longest", "outcome"), [(0, "pass"), (12, "pass"), (13, "fail")])
def test_what_is_written_may_hold_no_longer_span_of_training(longest: int, outcome: str) -> None:
    verdict = ask(Copied(value=12), {"report": {"copied": {"longest": longest}}})

    assert verdict.outcome == outcome
    assert verdict.gate == "longest span copied from training at most 12 words"
    assert verdict.numbers == {"value": longest, "limit": 12}


def sliced(**tasks: dict[str, float]) -> dict[str, Any]:
    slices = {"task": tasks}
    return {"scores": {"accuracy": 0.1}, "report": {"test": {"slices": slices}}}


@pytest.mark.parametrize(("value", "outcome"), [(0.7, "pass"), (0.69, "fail")])
def test_a_metric_of_a_slice_is_judged_by_itself(value: float, outcome: str) -> None:
    found = sliced(feeling={"rows": 9, "accuracy": value}, subject={"rows": 9, "rouge1": 30.0})

    verdict = ask(AtLeast(value=0.7, slice="task=feeling"), found)

    assert verdict.gate == "accuracy of task=feeling at least 0.7"
    assert verdict.outcome == outcome
    assert ask(AtMost("rouge1", 30.0, "task=subject"), found).outcome == "pass"
    assert ask(AtMost("rouge1", 29.9, "task=subject"), found).outcome == "fail"


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("task=feelings", "has no slice 'task=feelings'"),
        ("language=zh", "has no slice 'language=zh'"),
        ("task", "has no slice 'task'"),
        ("task=subject", "The run has no metric 'accuracy'"),
    ],
)
def test_a_slice_that_is_not_there_is_unknown(part: str, reason: str) -> None:
    verdict = ask(AtLeast(slice=part), sliced(subject={"rows": 9, "rouge1": 30.0}))

    assert verdict.outcome == "unknown"
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("coverage", "accuracy", "outcome"),
    [
        (0.9, 0.95, "pass"),
        (math.nextafter(0.9, 0), 0.95, "fail"),
        (0.9, math.nextafter(0.95, 0), "fail"),
        (0.9, None, "unknown"),
        (None, 0.95, "unknown"),
        (0.8, None, "fail"),
    ],
)
def test_enough_must_be_answered_and_rightly_enough(
    coverage: float | None, accuracy: float | None, outcome: str
) -> None:
    scores = {"coverage": coverage, "selective_accuracy": accuracy}

    verdict = ask(Abstention(coverage=0.9, selective_accuracy=0.95), {"scores": scores})

    assert verdict.outcome == outcome
    assert verdict.numbers == scores


@pytest.mark.parametrize("gate", [each() for each in GATES.values()], ids=lambda each: each.rule)
def test_no_gate_passes_on_no_evidence(gate: GateSettings) -> None:
    assert ask(gate, {}).outcome == "unknown"
    assert ask(gate, {"scores": {}, "report": {}, "comparison": {}}).outcome == "unknown"
    assert ask(gate, {}).reason
