"""Gates that hold a candidate against production, at each boundary and just beside it."""

import math
from typing import Any

import pytest

from textwright.lifecycle.gates import Verdict, is_outdated, judge
from textwright.paired import Counts, exact_interval, p_value
from textwright.recipe.gates import NotWorseThan, SlicesNotWorse

COUNTS = Counts(12, 20, 600)
LIMITS = exact_interval(COUNTS, alpha=0.05)


def counted(counts: Counts) -> dict[str, float]:
    return {"won": counts.won, "lost": counts.lost, "rows": counts.rows}


def evidence(**metrics: Any) -> dict[str, Any]:
    return {"version": 4, "production": 3, "comparison": {"production": 3, "metrics": metrics}}


def ask(gate: NotWorseThan | SlicesNotWorse, found: dict[str, Any]) -> Verdict:
    (verdict,) = judge([gate], found)
    return verdict


def sliced(**values: Counts) -> dict[str, Any]:
    slices = {"language": {name: counted(each) for name, each in values.items()}}
    return {"production": 3, "comparison": {"production": 3, "slices": slices}}


@pytest.mark.parametrize(
    ("margin", "outcome"),
    [
        (-LIMITS.low + 1e-9, "pass"),
        (-LIMITS.low, "unknown"),
        (-LIMITS.low - 1e-9, "unknown"),
        (-LIMITS.high + 1e-9, "unknown"),
    ],
)
def test_a_loss_of_the_margin_must_be_ruled_out_to_pass(margin: float, outcome: str) -> None:
    verdict = ask(NotWorseThan(margin=margin), evidence(accuracy=counted(COUNTS)))

    assert verdict.outcome == outcome
    assert verdict.numbers["low"] == LIMITS.low
    assert verdict.numbers["production"] == 3


def test_a_version_that_lost_too_much_fails_just_where_its_upper_limit_lies() -> None:
    counts = Counts(10, 60, 600)
    high = exact_interval(counts, alpha=0.05).high
    assert high < 0

    for margin, outcome in ((-high - 1e-9, "fail"), (-high, "unknown"), (-high + 1e-9, "unknown")):
        found = ask(NotWorseThan(margin=margin), evidence(accuracy=counted(counts)))
        assert found.outcome == outcome


def test_a_smaller_alpha_asks_for_more() -> None:
    margin = -LIMITS.low + 1e-6
    found = evidence(accuracy=counted(COUNTS))

    assert ask(NotWorseThan(margin=margin), found).outcome == "pass"
    assert ask(NotWorseThan(margin=margin, alpha=0.04), found).outcome == "unknown"


def test_a_slice_is_held_against_production_by_itself() -> None:
    found = evidence(accuracy=counted(Counts(0, 60, 600)))
    found["comparison"]["parts"] = {"task=a": {"metrics": {"accuracy": counted(COUNTS)}}}
    gates = [NotWorseThan(margin=0.05, slice=each) for each in ("", "task=a", "task=b")]

    verdicts = [ask(gate, found) for gate in gates]

    assert [each.outcome for each in verdicts] == ["fail", "pass", "unknown"]
    assert verdicts[1].gate == "accuracy of task=a not worse than production by 0.05"


def test_an_unsettled_verdict_says_how_many_rows_would_settle_it() -> None:
    verdict = ask(NotWorseThan(margin=0.02), evidence(accuracy=counted(Counts(20, 22, 300))))

    assert verdict.outcome == "unknown"
    assert verdict.numbers["needed"] is not None
    assert verdict.numbers["needed"] > 300
    assert "rows would settle it" in verdict.reason
    assert "from version 3 on 300 rows" in verdict.reason
    assert "95 % confidence" in verdict.reason


def test_a_limit_just_at_the_margin_leaves_a_verdict_that_more_rows_would_settle() -> None:
    worse = Counts(10, 60, 600)
    high = exact_interval(worse, alpha=0.05).high

    for counts, margin in ((COUNTS, -LIMITS.low), (worse, -high)):
        verdict = ask(NotWorseThan(margin=margin), evidence(accuracy=counted(counts)))
        assert verdict.outcome == "unknown"
        assert verdict.numbers["needed"] is not None


def test_a_difference_of_just_the_margin_is_settled_by_no_number_of_rows() -> None:
    verdict = ask(NotWorseThan(margin=0.05), evidence(accuracy=counted(Counts(0, 5, 100))))

    assert verdict.outcome == "unknown"
    assert verdict.numbers["needed"] is None
    assert "No number of rows" in verdict.reason


def resampled(low: float, high: float) -> dict[str, Any]:
    return {
        "value": (low + high) / 2,
        "rows": 500,
        "low": {"0.01": low - 0.01, "0.05": low, "0.1": low + 0.001},
        "high": {"0.01": high + 0.01, "0.05": high, "0.1": high - 0.001},
    }


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.02 + 1e-9, 0.01, "pass"),
        (-0.02, 0.01, "unknown"),
        (-0.03, -0.02, "unknown"),
        (-0.03, -0.02 - 1e-9, "fail"),
    ],
)
def test_other_metrics_are_judged_by_their_resampled_limits(
    low: float, high: float, outcome: str
) -> None:
    gate = NotWorseThan(metric="macro_f1", margin=0.02)

    assert ask(gate, evidence(macro_f1=resampled(low, high))).outcome == outcome


def test_of_the_resampled_levels_the_next_stricter_one_counts() -> None:
    found = evidence(macro_f1=resampled(-0.015, 0.01))

    def low(alpha: float) -> float | None:
        return ask(NotWorseThan("macro_f1", 0.02, alpha), found).numbers["low"]

    assert low(0.05) == low(0.07) == -0.015
    assert low(0.049) == -0.025
    assert low(0.1) == pytest.approx(-0.014)
    assert ask(NotWorseThan("macro_f1", 0.02, 0.001), found).outcome == "unknown"


def test_the_rows_that_would_settle_a_resampled_verdict_grow_with_the_square() -> None:
    verdict = ask(NotWorseThan("macro_f1", 0.01), evidence(macro_f1=resampled(-0.04, 0.04)))

    assert verdict.numbers["needed"] == pytest.approx(500 * (0.04 / 0.01) ** 2, abs=1)


@pytest.mark.parametrize("gate", [NotWorseThan(), SlicesNotWorse()])
def test_without_production_there_is_nothing_to_compare(gate: NotWorseThan) -> None:
    verdict = ask(gate, {"version": 1, "production": None})

    assert verdict.outcome == "pass"
    assert verdict.numbers == {"production": None}
    assert "Nothing to compare" in verdict.reason


@pytest.mark.parametrize("gate", [NotWorseThan(), SlicesNotWorse()])
def test_what_is_in_production_itself_is_not_compared(gate: NotWorseThan) -> None:
    verdict = ask(gate, {"version": 3, "production": 3})

    assert verdict.outcome == "pass"
    assert verdict.numbers == {"production": 3}


@pytest.mark.parametrize("gate", [NotWorseThan(), SlicesNotWorse()])
@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({}, "not known"),
        ({"production": 3}, "was not measured against version 3"),
        ({"production": 3, "comparison": {"production": None}}, "not measured against version 3"),
        ({"production": 3, "comparison": {"production": 2}}, "against version 2, production is"),
        ({"production": 3, "comparison": {"production": 3}}, ""),
        ({"production": 3, "comparison": {"production": 3, "metrics": {}, "slices": {}}}, ""),
        ({"production": 3, "comparison": "?"}, "was not measured"),
    ],
)
def test_what_was_not_measured_against_todays_production_is_unknown(
    gate: NotWorseThan, found: dict[str, Any], reason: str
) -> None:
    verdict = ask(gate, found)

    assert verdict.outcome == "unknown"
    assert reason in verdict.reason


def test_no_rows_to_compare_by_are_unknown() -> None:
    found = evidence(accuracy=counted(Counts(0, 0, 0)))

    assert ask(NotWorseThan(margin=1.0), found).outcome == "unknown"
    one = evidence(accuracy=counted(Counts(1, 0, 1)))
    assert ask(NotWorseThan(margin=0.99), one).outcome == "pass"


def test_a_gate_whose_own_values_are_none_is_unknown() -> None:
    found = evidence(accuracy=counted(COUNTS))

    assert ask(NotWorseThan(margin=math.nan), found).outcome == "unknown"
    assert ask(NotWorseThan(margin=math.inf), found).outcome == "unknown"


@pytest.mark.parametrize(
    ("numbers", "production", "outdated"),
    [
        ({"production": 3}, 3, False),
        ({"production": 3}, 4, True),
        ({"production": 3}, None, True),
        ({"production": None}, None, False),
        ({"production": None}, 1, True),
        ({"value": 0.9}, 4, False),
    ],
)
def test_a_verdict_against_another_production_is_outdated(
    numbers: dict[str, float | None], production: int | None, outdated: bool
) -> None:
    assert is_outdated(numbers, production) is outdated


def test_slices_that_lost_nothing_significant_pass() -> None:
    verdict = ask(SlicesNotWorse(), sliced(en=Counts(9, 8, 300), zh=Counts(6, 9, 300)))

    assert verdict.outcome == "pass"
    assert verdict.numbers["slices"] == 2
    assert verdict.numbers["worst"] == pytest.approx(-0.01)


def test_one_slice_that_lost_fails_and_is_named() -> None:
    verdict = ask(SlicesNotWorse(), sliced(en=Counts(30, 8, 300), zh=Counts(2, 30, 300)))

    assert verdict.outcome == "fail"
    assert "language=zh -0.0933 on 300 rows" in verdict.reason
    assert "en" not in verdict.reason.replace("language=zh", "")[:20]


def test_the_level_counts_up_to_its_own_value() -> None:
    counts = Counts(2, 12, 300)
    p = p_value(counts.swapped, 0.0)

    assert ask(SlicesNotWorse(alpha=p), sliced(zh=counts)).outcome == "fail"
    assert ask(SlicesNotWorse(alpha=math.nextafter(p, 0)), sliced(zh=counts)).outcome == "pass"


def test_the_more_slices_there_are_the_more_it_takes() -> None:
    lost = Counts(2, 11, 300)
    others = {f"l{each}": Counts(5, 5, 300) for each in range(9)}

    assert ask(SlicesNotWorse(), sliced(zh=lost)).outcome == "fail"
    assert ask(SlicesNotWorse(), sliced(zh=lost, **others)).outcome == "pass"


def test_a_loss_within_the_margin_is_none() -> None:
    found = sliced(zh=Counts(0, 12, 300))

    assert ask(SlicesNotWorse(), found).outcome == "fail"
    assert ask(SlicesNotWorse(margin=0.03), found).outcome == "pass"


def test_slices_are_judged_from_so_many_rows_on_and_smaller_ones_listed() -> None:
    found = sliced(en=Counts(5, 5, 30), zh=Counts(0, 29, 29))

    verdict = ask(SlicesNotWorse(rows=30), found)
    assert verdict.outcome == "pass"
    assert verdict.numbers["slices"] == verdict.numbers["smaller"] == 1
    assert "language=zh (29)" in verdict.reason
    assert ask(SlicesNotWorse(rows=29), found).outcome == "fail"
    assert ask(SlicesNotWorse(rows=31), found).outcome == "unknown"


def test_one_column_may_be_judged_alone() -> None:
    found = sliced(zh=Counts(0, 40, 300))
    found["comparison"]["slices"]["domain"] = {"bank": counted(Counts(5, 5, 300))}

    assert ask(SlicesNotWorse(), found).outcome == "fail"
    assert ask(SlicesNotWorse(column="domain"), found).outcome == "pass"
    assert ask(SlicesNotWorse(column="region"), found).outcome == "unknown"
