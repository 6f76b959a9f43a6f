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


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"rule": "abstention"}, "a text without an answer"),
        ({"rule": "not_worse_than", "metric": "macro_f1"}, "'macro_f1' against production"),
    ],
)
def test_what_several_labels_do_not_measure_is_refused(gate: dict[str, Any], said: str) -> None:
    given = recipe("classify", **gate)
    assert check_recipe(given).gates

    given["data"]["multi_label"] = True
    with pytest.raises(RecipeError, match=rf"{said}, and data.multi_label is set.*\n.*at_least"):
        check_recipe(given)


@pytest.mark.parametrize("rule", ["not_worse_than", "at_least", "calibration", "no_leak"])
def test_several_labels_have_the_other_gates(rule: str) -> None:
    given = recipe("classify", rule=rule)
    given["data"]["multi_label"] = True

    assert check_recipe(given).gates == (GATES[rule](),)
