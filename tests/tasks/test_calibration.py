"""Temperature and threshold, chosen on dev rows only."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright import metrics
from textwright.recipe.parts import AbstentionSettings
from textwright.tasks.calibration import calibrate, choose_threshold, fit_temperature
from textwright.tasks.classify import probabilities
from textwright.text.labels import Labels

LABELS = Labels(("a", "b", "c"))
Logits = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def overconfident(rows: int, *, factor: float, seed: int = 0) -> tuple[Logits, Logits]:
    """Raw scores ``factor`` times too large for the labels drawn by them."""
    chance = np.random.default_rng(seed)
    honest = chance.normal(0, 1.5, (rows, 3)).astype(np.float32)
    drawn = [chance.choice(3, p=each) for each in probabilities(honest, LABELS)]
    return honest * np.float32(factor), np.eye(3, dtype=np.float32)[drawn]


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_undoes_a_known_overconfidence(factor: float) -> None:
    logits, targets = overconfident(20_000, factor=factor)

    assert fit_temperature(logits, targets, LABELS) == pytest.approx(factor, rel=0.05)


def test_calibration_lowers_the_calibration_error_and_changes_no_answer() -> None:
    logits, targets = overconfident(4_000, factor=5.0)
    halves = np.arange(4_000) % 2 == 0

    labels = calibrate(logits, targets, halves, LABELS, AbstentionSettings())

    def error(with_labels: Labels) -> float:
        scores = probabilities(logits, with_labels)
        right = scores.argmax(axis=1) == targets.argmax(axis=1)
        return metrics.calibration_error(scores.max(axis=1), right)

    assert error(labels) < 0.3 * error(LABELS)
    assert (probabilities(logits, labels).argmax(1) == logits.argmax(1)).all()
    assert labels.threshold == 0.0


def test_with_enough_rows_threshold_and_temperature_see_different_halves() -> None:
    logits, targets = overconfident(1_000, factor=2.0)
    halves = np.arange(1_000) < 500
    changed = logits.copy()
    changed[500:] *= 3  # only the half that the temperature must not see
    rule = AbstentionSettings(rule="coverage", coverage=0.8)

    first = calibrate(logits, targets, halves, LABELS, rule)
    second = calibrate(changed, targets, halves, LABELS, rule)

    assert first.temperature == second.temperature
    assert first.threshold != second.threshold


def test_rows_out_of_scope_do_not_move_the_temperature() -> None:
    logits, targets = overconfident(500, factor=2.0)
    strange = np.full((50, 3), 9, dtype=np.float32)
    with_strange = np.vstack([logits, strange])
    padded = np.vstack([targets, np.zeros((50, 3), dtype=np.float32)])
    none, all_rows = AbstentionSettings(rule="none"), np.ones(550, dtype=np.bool_)

    plain = calibrate(logits, targets, all_rows[:500], LABELS, none)

    assert calibrate(with_strange, padded, all_rows, LABELS, none) == plain


def scores(*confidence: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([[each, 1 - each] for each in confidence])


def in_scope(*flags: int) -> Logits:
    return np.array([[each, 0] for each in flags], dtype=np.float32)


@pytest.mark.parametrize(("coverage", "answered"), [(1.0, 4), (0.5, 2), (0.26, 2), (0.0, 0)])
def test_a_stated_coverage_is_met_exactly(coverage: float, answered: int) -> None:
    rows = scores(0.6, 0.7, 0.8, 0.9)

    threshold = choose_threshold(
        rows, in_scope(1, 1, 1, 1), AbstentionSettings(rule="coverage", coverage=coverage)
    )

    assert int((rows.max(axis=1) >= threshold).sum()) == answered


def test_rows_out_of_scope_set_the_threshold_between_the_two_kinds() -> None:
    threshold = choose_threshold(
        scores(0.95, 0.9, 0.85, 0.6, 0.55), in_scope(1, 1, 1, 0, 0), AbstentionSettings()
    )

    assert 0.6 < threshold < 0.85


def test_the_mixture_of_dev_does_not_move_the_threshold() -> None:
    inside, outside = [0.95, 0.9, 0.7, 0.6], [0.8, 0.55]

    few = choose_threshold(
        scores(*inside, *outside), in_scope(1, 1, 1, 1, 0, 0), AbstentionSettings()
    )
    many = choose_threshold(
        scores(*inside, *(outside * 10)), in_scope(1, 1, 1, 1, *[0] * 20), AbstentionSettings()
    )

    assert few == many


def test_without_rows_out_of_scope_auto_never_abstains() -> None:
    assert choose_threshold(scores(0.9, 0.6), in_scope(1, 1), AbstentionSettings()) == 0.0


def test_several_labels_without_any_are_no_reason_to_abstain() -> None:
    rows, targets = scores(0.9, 0.6), in_scope(1, 0)

    assert choose_threshold(rows, targets, AbstentionSettings(), multi=True) == 0.0


def test_no_dev_rows_leave_the_labels_as_they_are() -> None:
    nothing = np.zeros((0, 3), dtype=np.float32)

    assert (
        calibrate(nothing, nothing, np.zeros(0, np.bool_), LABELS, AbstentionSettings()) == LABELS
    )


def gain(cut: float, rows: np.ndarray[Any, Any], targets: Logits) -> float:
    """Share of in-scope rows answered rightly, plus that of the others abstained on."""
    inside, answered = targets.any(axis=1), rows.max(axis=1) >= cut
    right = answered & (rows.argmax(axis=1) == targets.argmax(axis=1))
    return float(right[inside].mean() + (~answered[~inside]).mean())


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 8))
def test_no_other_threshold_tells_the_two_kinds_apart_better(
    seed: int, known: int, strange: int
) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.dirichlet(np.ones(3), known + strange)
    targets = np.zeros((known + strange, 3), dtype=np.float32)
    targets[np.arange(known), chance.integers(0, 3, known)] = 1

    found = choose_threshold(rows, targets, AbstentionSettings(rule="out-of-scope"))

    tried = [gain(float(cut), rows, targets) for cut in [0, *rows.max(axis=1)]]
    assert gain(found, rows, targets) >= max(tried) - 1e-9


@given(st.lists(st.floats(0.5, 1), min_size=1, max_size=30, unique=True), st.floats(0, 1))
def test_any_stated_coverage_is_met_by_the_highest_threshold(
    confidence: list[float], coverage: float
) -> None:
    rows = np.array([[each, 1 - each] for each in confidence])
    rule = AbstentionSettings(rule="coverage", coverage=coverage)

    found = choose_threshold(rows, in_scope(*[1] * len(rows)), rule)

    answered = int((rows.max(axis=1) >= found).sum())
    assert answered >= coverage * len(rows) - 1e-6
    assert answered - 1 < coverage * len(rows)


def test_rows_out_of_scope_do_not_count_for_a_stated_coverage() -> None:
    rule = AbstentionSettings(rule="coverage", coverage=1.0)

    found = choose_threshold(scores(0.9, 0.8, 0.55), in_scope(1, 1, 0), rule)

    assert found == 0.8


@pytest.mark.parametrize("rule", ["auto", "out-of-scope", "coverage", "none"])
def test_without_a_row_in_scope_a_model_never_abstains(rule: str) -> None:
    found = choose_threshold(scores(0.9, 0.8), in_scope(0, 0), AbstentionSettings(rule=rule))

    assert found == 0.0
