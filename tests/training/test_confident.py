"""Likely wrong labels: the same as cleanlab finds, and those that were planted."""

import warnings

import numpy as np
import pytest

from textwright.training.confident import (
    LabelledRow,
    assign_folds,
    correct_decisions,
    correct_labels,
    judge_labels,
    mean_confidence,
)

PLACES = ("paris", "london", "berlin", "madrid", "rome", "oslo", "vienna", "lisbon")
DISHES = ("soup", "bread", "cheese", "salad", "rice", "fish", "cake", "tea")
KEYS = ("money", "card", "pin", "code", "bank", "loan", "fee", "cash")
TOPICS = {"travel": PLACES, "food": DISHES, "bank": KEYS}


def draw_probabilities(
    rows: int, labels: int, *, seed: int, sharpness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels, a tenth of them wrong, and what an imperfect model says of the true ones.

    It believes more in some labels than in others, so that thresholds differ.
    """
    chance = np.random.default_rng(seed)
    true = chance.integers(labels, size=rows)
    given = np.where(chance.random(rows) < 0.1, chance.integers(labels, size=rows), true)
    given[:labels] = np.arange(labels)  # each occurs
    logits = chance.normal(size=(rows, labels)) + sharpness * np.eye(labels)[true]
    logits += np.linspace(0, 2, labels)
    scores = np.exp(logits)
    return given, scores / scores.sum(axis=1, keepdims=True)


def make_rows(*, each: int = 40) -> list[LabelledRow]:
    """Make rows whose words tell their label."""
    chance = np.random.default_rng(7)
    return [
        LabelledRow(f"{' '.join(chance.choice(words, 4))} number {number}", (label,))
        for label, words in TOPICS.items()
        for number in range(each)
    ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("labels", "sharpness"), [(2, 1.0), (3, 2.0), (12, 3.0), (40, 0.5)])
def test_the_issues_are_those_of_cleanlab(seed: int, labels: int, sharpness: float) -> None:
    cleanlab = pytest.importorskip("cleanlab.filter")
    given, scores = draw_probabilities(800, labels, seed=seed, sharpness=sharpness)

    theirs = cleanlab.find_label_issues(given, scores, filter_by="confident_learning", n_jobs=1)

    ours = correct_labels(given, scores) != given
    assert ours.tolist() == theirs.tolist()
    assert ours.any()


@pytest.mark.parametrize("seed", range(4))
def test_the_issues_of_several_labels_are_those_of_cleanlab(seed: int) -> None:
    cleanlab = pytest.importorskip("cleanlab.multilabel_classification.filter")
    chance = np.random.default_rng(seed)
    targets = chance.random((500, 5)) < 0.3
    scores = 1 / (1 + np.exp(-(4 * targets - 2 + chance.normal(scale=1.5, size=targets.shape))))
    names = [np.flatnonzero(row).tolist() for row in targets]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = cleanlab.find_multilabel_issues_per_class(
            names, scores, filter_by="confident_learning", n_jobs=1
        )

    ours = correct_decisions(targets, scores) != targets
    assert ours.tolist() == theirs.tolist()
    assert ours.any()


def test_a_row_counts_for_a_class_from_the_mean_of_those_that_carry_it() -> None:
    given = np.array([0, 0, 1, 1, 1])
    scores = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.85, 0.15]])

    assert mean_confidence(given, scores) == pytest.approx([0.8, (0.8 + 0.6 + 0.15) / 3])
    assert correct_labels(given, scores).tolist() == [0, 0, 1, 1, 0]


def test_a_probability_that_rounding_left_below_its_threshold_reaches_it() -> None:
    given = np.array([0, 0, 1, 1])
    scores = np.array([[0.9, 0.1], [0.2 + 5e-7, 0.8 - 5e-7], [0.2, 0.8], [0.2, 0.8]])

    assert correct_labels(given, scores).tolist() == [0, 1, 1, 1]


def test_a_row_that_is_sure_of_nothing_is_not_suspected() -> None:
    given = np.array([0, 0, 1, 1, 2, 2])
    scores = np.array(
        [[0.9, 0.1, 0], [0.9, 0, 0.1], [0, 1, 0], [0.4, 0.35, 0.25], [0, 0, 1], [0, 0.1, 0.9]]
    )

    assert correct_labels(given, scores).tolist() == [0, 0, 1, 1, 2, 2]


def test_planted_errors_are_found_and_mended() -> None:
    rows = make_rows()
    planted = {3: "bank", 50: "travel", 100: "food"}
    for place, label in planted.items():
        rows[place] = LabelledRow(rows[place].text, (label,))

    found = judge_labels(rows, multi=False, folds=4)

    assert {each.row: each.suggested for each in found.issues} == {
        3: ("travel",),
        50: ("food",),
        100: ("bank",),
    }
    assert all(each.probability < 0.5 for each in found.issues)
    assert (found.rows, found.rare) == (120, {})
    assert found.agreed == pytest.approx(117 / 120)


def test_of_several_labels_each_is_a_yes_or_no() -> None:
    rows = [
        LabelledRow(f"{one.text} {other.text}", (*one.labels, *other.labels))
        for one, other in zip(make_rows()[:80], make_rows()[40:], strict=True)
    ]
    rows += [LabelledRow(f"nothing of the kind {number}", ()) for number in range(30)]
    rows[3] = LabelledRow(rows[3].text, ("food",))  # travel is left out
    rows[100] = LabelledRow(rows[100].text, ("bank", "only here"))

    found = judge_labels(rows, multi=True, folds=4)

    assert {each.row: each.suggested for each in found.issues} == {
        3: ("food", "travel"),
        100: ("only here",),
    }
    assert found.rare == {"only here": 1}
    assert found.rows == 110


def test_rows_of_the_same_text_share_a_fold_and_classes_are_spread() -> None:
    rows = [*make_rows(), *make_rows()]

    folds = assign_folds(rows, 4)

    assert folds[:120].tolist() == folds[120:].tolist()
    assert [np.bincount(folds[start : start + 40]).tolist() for start in (0, 40, 80)] == [
        [10, 10, 10, 10]
    ] * 3


def test_the_folds_do_not_depend_on_the_order_of_the_rows() -> None:
    rows = make_rows()

    assert assign_folds(rows[::-1], 5).tolist() == assign_folds(rows, 5).tolist()[::-1]


def test_a_label_on_few_texts_is_not_judged() -> None:
    rows = [*make_rows(), *[LabelledRow("a rare one", ("rare",))] * 9]

    found = judge_labels(rows, multi=False, folds=4)

    assert found.rare == {"rare": 1}
    assert found.rows == 120


def test_without_two_labels_nothing_is_judged() -> None:
    rows = make_rows()[:40]

    assert judge_labels(rows, multi=False, folds=4).rows == 0
    assert judge_labels([], multi=False, folds=4).issues == ()
