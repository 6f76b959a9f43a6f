"""Gates that no version of a task could pass."""

from typing import Any

import pytest

from textwright.errors import RecipeError
from textwright.recipe.file import check_recipe
from textwright.recipe.gates import GATES, MEASURED


def recipe(task: str, *slices: str, **gate: Any) -> dict[str, Any]:
    data = {"train": "a.jsonl", "slices": list(slices)}
    return {"name": "x", "task": task, "data": data, "gates": [gate]}


@pytest.mark.parametrize(
    ("task", "rule", "said"),
    [
        ("language", "robust", "It belongs to: classify, match, embed, generate, text-to-text"),
        ("language", "copied", "It belongs to: generate, text-to-text"),
        ("language", "slices_not_worse", "It belongs to: classify, match, generate"),
        ("classify", "copied", "It belongs to: generate"),
        ("match", "calibration", "It belongs to: classify"),
        ("generate", "abstention", "It belongs to: classify"),
    ],
)
def test_a_gate_of_what_a_task_does_not_measure_is_refused(task: str, rule: str, said: str) -> None:
    with pytest.raises(RecipeError, match=rf"{task!r} has no gate {rule!r}.*\n.*{said}"):
        check_recipe(recipe(task, rule=rule))


@pytest.mark.parametrize("rule", sorted(GATES.keys() - MEASURED.keys()))
def test_every_task_has_the_other_gates(rule: str) -> None:
    for task in ("classify", "match", "embed", "generate", "language"):
        assert check_recipe(recipe(task, rule=rule)).gates == (GATES[rule](),)


@pytest.mark.parametrize("rule", ["robust", "calibration", "abstention", "slices_not_worse"])
def test_a_classifier_has_its_own(rule: str) -> None:
    assert check_recipe(recipe("classify", "language", rule=rule)).gates == (GATES[rule](),)


@pytest.mark.parametrize(
    ("slices", "column", "said"),
    [
        ((), "", r"asks for slices\.\n.*data\.slices"),
        ((), "language", r"asks for slices by 'language'\.\n.*data\.slices"),
        (("domain", "region"), "language", "one of: domain, region"),
    ],
)
def test_slices_that_are_not_reported_are_refused(
    slices: tuple[str, ...], column: str, said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        check_recipe(recipe("classify", *slices, rule="slices_not_worse", column=column))
