"""Reading one settings table: types, ranges, choices, and what each refusal says."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textwright.errors import RecipeError
from textwright.recipe.check import read_settings, read_value, unknown_key
from textwright.recipe.data import DataSettings, DevShare
from textwright.recipe.settings import setting


@dataclass(frozen=True)
class Oven:
    """Settings made up for these tests."""

    heat: int = setting(180, "degrees", at_least=50, at_most=250)
    hours: float = setting(1.5, "hours", at_least=0)
    depth: float = setting(-1.0, "below zero", at_most=-0.5)
    mode: str = setting("fan", "how", choices=("fan", "grill", "steam"))
    open: bool = setting(False, "door")
    racks: tuple[int, ...] = setting((1, 2), "which")
    timers: dict[str, list[str]] = field(default_factory=dict, metadata={"meaning": "names"})


@pytest.mark.parametrize("heat", [50, 51, 249, 250])
def test_both_ends_of_a_range_are_inside_it(heat: int) -> None:
    assert read_settings(Oven, {"heat": heat}, "oven").heat == heat


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("heat", 49, "It must be at least 50 and at most 250."),
        ("heat", 251, "It must be at least 50 and at most 250."),
        ("hours", -0.001, "It must be at least 0."),
        ("depth", 0.0, "It must be at most -0.5."),
    ],
)
def test_one_step_outside_a_range_is_refused_with_the_range(
    key: str, value: float, wanted: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        read_settings(Oven, {key: value}, "oven")

    assert caught.value.what == f"oven.{key} is {value!r}, which is out of range."
    assert caught.value.hint == wanted


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("heat", 180.0, "a whole number"),
        ("heat", True, "a whole number"),
        ("heat", "180", "a whole number"),
        ("hours", "1", "a number"),
        ("hours", True, "a number"),
        ("open", 1, "true or false"),
        ("open", "yes", "true or false"),
        ("mode", 3, "a string"),
        ("racks", 1, "a list"),
        ("racks", {"a": 1}, "a list"),
        ("timers", ["a"], "a table"),
        ("timers", {"a": "b"}, "a list"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_type_it_must_be(
    key: str, value: Any, wanted: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        read_settings(Oven, {key: value}, "oven")

    assert caught.value.what.startswith(f"oven.{key}")
    assert caught.value.hint == f"It must be {wanted}."


def test_one_wrong_item_of_a_list_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"oven\.racks is 'three'"):
        read_settings(Oven, {"racks": [1, 2, "three"]}, "oven")


def test_a_whole_number_stands_for_a_float_and_becomes_one() -> None:
    found = read_settings(Oven, {"hours": 2}, "oven").hours

    assert (found, type(found)) == (2.0, float)


def test_a_list_becomes_a_tuple_and_a_table_keeps_lists() -> None:
    found = read_settings(Oven, {"racks": [3], "timers": {"tea": ["4 min"]}}, "oven")

    assert found.racks == (3,)
    assert found.timers == {"tea": ["4 min"]}


def test_a_number_beyond_every_float_is_refused_by_its_length() -> None:
    with pytest.raises(RecipeError, match=r"oven\.hours is a number of 400 digits"):
        read_settings(Oven, {"hours": int("9" * 400)}, "oven")


def test_a_near_choice_is_offered_and_without_one_all_are_listed() -> None:
    with pytest.raises(RecipeError, match=r"Did you mean 'grill'\?"):
        read_settings(Oven, {"mode": "gril"}, "oven")
    with pytest.raises(RecipeError, match="Choose one of: fan, grill, steam"):
        read_settings(Oven, {"mode": "zzz"}, "oven")


def test_a_near_key_is_offered_and_without_one_all_are_listed() -> None:
    assert unknown_key("oven.heet", "heet", ["heat", "hours"]).hint == "Did you mean 'heat'?"
    assert unknown_key("oven.q", "q", ["heat", "hours"]).hint == "Its keys are: heat, hours."
    assert "oven.heet" in unknown_key("oven.heet", "heet", ["heat", "hours"]).what


@pytest.mark.parametrize("table", [3, "oven", [1], None, True])
def test_what_is_no_table_is_refused_by_its_section(table: Any) -> None:
    with pytest.raises(RecipeError, match=r"\[oven\] holds"):
        read_settings(Oven, table, "oven")


def test_an_empty_table_gives_the_defaults() -> None:
    assert read_settings(Oven, {}, "oven") == Oven()


def test_a_union_takes_the_member_that_the_value_looks_like() -> None:
    read = read_settings(DataSettings, {"train": "a", "dev": {"share": 0.25}}, "data")

    assert read.dev == DevShare(0.25)
    assert read_settings(DataSettings, {"dev": "d.csv"}, "data").dev == "d.csv"


@pytest.mark.parametrize(
    ("dev", "said"),
    [
        ({"shar": 0.1}, "There is no setting data.dev.shar"),
        ({"share": 0.6}, "data.dev.share is 0.6"),
        ({"share": "much"}, "data.dev.share is 'much'"),
        (0.1, "data.dev is 0.1"),
        (["a"], "data.dev is ['a']"),
    ],
)
def test_a_fault_inside_a_union_is_named_with_its_whole_place(dev: Any, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_settings(DataSettings, {"train": "a", "dev": dev}, "data")

    assert said in caught.value.what


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def attempt(table: dict[str, Any]) -> DataSettings | RecipeError:
    try:
        return read_settings(DataSettings, table, "data")
    except RecipeError as error:
        return error


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*DataSettings.__annotations__, "other"]), PLAIN))
def test_any_table_is_read_whole_or_refused_in_two_lines(table: dict[str, Any]) -> None:
    read = attempt(table)

    if isinstance(read, RecipeError):
        assert "data" in read.what
        assert read.hint
        return
    assert set(table) <= set(DataSettings.__annotations__)
    for key in set(table) & {"train", "test", "text", "label", "multi_label"}:
        assert getattr(read, key) == table[key]


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_number_without_end_is_refused(value: float) -> None:
    with pytest.raises(RecipeError, match="finite number"):
        read_value(value, float, "training.rate")


@given(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([int, float])
)
def test_a_number_is_kept_as_it_is_or_refused(value: float, kind: type) -> None:
    if kind is int and isinstance(value, float):
        with pytest.raises(RecipeError):
            read_value(value, kind, "here")
    else:
        assert read_value(value, kind, "here") == kind(value)


def test_a_setting_of_another_task_is_refused_and_says_whose_it_is() -> None:
    with pytest.raises(RecipeError, match=r"'classify' has no setting data\.text_a") as refused:
        read_settings(DataSettings, {"text_a": "a"}, "data", task="classify")

    assert refused.value.hint == "It belongs to: match, embed."
    assert read_settings(DataSettings, {"text_a": "a"}, "data", task="match").text_a == "a"
