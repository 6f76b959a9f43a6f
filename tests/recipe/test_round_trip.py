"""Any recipe that can be written reads back as itself, from tables, text and overrides."""

import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textwright.errors import RecipeError
from textwright.recipe.data import HUB, DataSettings
from textwright.recipe.file import (
    check_recipe,
    override,
    read_recipe,
    read_toml_value,
    recipe_table,
    recipe_text,
)
from textwright.recipe.parts import (
    EMBEDDINGS,
    ENCODERS,
    ClassifySettings,
    PretrainedTokenizerSettings,
    TokenizerSettings,
)
from textwright.recipe.settings import has_setting
from textwright.recipe.training import (
    AdapterSettings,
    FewShotSettings,
    FineTuningSettings,
    HeadTrainingSettings,
    LinearTrainingSettings,
    NetworkTrainingSettings,
)

SHARED = {  # values that suit each other and the defaults
    "hidden": (8, 24, 4096),
    "heads": (1, 2, 4),
    "max_tokens": (8, 256, 2**40),
    "overlap": (0, 1, 2),
}
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
    lambda text: not text.startswith(HUB)  # what names the hub is checked more closely
)


def values_of(declared: Field[Any], kind: Any) -> st.SearchStrategy[Any]:
    """Draw values that a setting's declaration allows."""
    choices = declared.metadata.get("choices")
    low, high = declared.metadata.get("at_least"), declared.metadata.get("at_most")
    if choices:
        return st.sampled_from(choices)
    if declared.name == "buckets":
        return st.integers(10, 24).map(lambda power: 2**power)
    if declared.name in SHARED:  # one of them is drawn, or both
        return st.sampled_from(SHARED[declared.name])
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(low, 2**62 if high is None else high)
    if kind is float:
        return st.floats(low, 1e9 if high is None else high)
    assert kind is str
    return TEXTS


def tables_of(kind: type) -> st.SearchStrategy[dict[str, Any]]:
    """Draw tables of some of a section's settings."""
    hints = get_type_hints(kind)
    plain = [
        each
        for each in fields(kind)
        if hints[each.name] in (bool, int, float, str) and has_setting(each, "classify")
    ]
    drawn = {each.name: values_of(each, hints[each.name]) for each in plain}
    return st.fixed_dictionaries({}, optional=drawn)


def named(kind: str, table: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, **table}


@st.composite
def pretrained_sections(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the sections of a recipe over a pretrained encoder."""
    encoder = draw(tables_of(ENCODERS["pretrained"])) | {"model": draw(TEXTS.filter(bool))}
    if encoder.get("export") == "int8":
        encoder["weights"] = "copy"
    way: type = HeadTrainingSettings
    training: dict[str, Any] = {}
    if encoder.get("train", "frozen") != "frozen":
        encoder["weights"] = "copy"
        tuned = FineTuningSettings if encoder["train"] == "full" else AdapterSettings
        way = draw(st.sampled_from([tuned, FewShotSettings]))
        training["few_shot"] = way is FewShotSettings
    return {
        "encoder": named("pretrained", encoder),
        "training": draw(tables_of(way)) | training,
        "tokenizer": draw(tables_of(PretrainedTokenizerSettings)),
        "decoder": draw(tables_of(ClassifySettings)),
    }


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the tables of a recipe that is in order."""
    data = draw(tables_of(DataSettings))
    data |= {"train": draw(TEXTS.filter(bool)), "slices": draw(st.lists(TEXTS, max_size=3))}
    data["dev"] = draw(TEXTS | st.fixed_dictionaries({"share": st.floats(0, 0.5)}))
    data["exclude"] = draw(st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2))
    kind = draw(st.sampled_from(sorted(ENCODERS)))
    table = {"name": draw(NAMES), "data": data}
    table["encoder"] = named(kind, draw(tables_of(ENCODERS[kind])))
    if kind == "bag":
        return table | {"training": draw(tables_of(LinearTrainingSettings))}
    if kind == "pretrained":
        data["multi_label"] = False
        return table | draw(pretrained_sections())
    inner = draw(st.sampled_from(sorted(EMBEDDINGS)))
    embedding = named(inner, draw(tables_of(EMBEDDINGS[inner])))
    if inner == "elmo" or embedding.get("file"):
        embedding["file"] = draw(TEXTS.filter(bool))
    if inner == "vectors" and embedding.get("file"):
        embedding |= {"train": "", "dimensions": 0, "epochs": 0}
    elif inner == "vectors":
        embedding |= {"train": draw(st.sampled_from(["skip-gram", "cbow"]))}
    return table | {
        "training": draw(tables_of(NetworkTrainingSettings)),
        "tokenizer": draw(tables_of(TokenizerSettings)),
        "embedding": embedding,
        "decoder": draw(tables_of(ClassifySettings)),
    }


@settings(max_examples=60, deadline=None)
@given(recipes())
def test_any_recipe_reads_back_equal_from_its_tables_and_from_its_text(
    table: dict[str, Any],
) -> None:
    read = check_recipe(table)

    assert check_recipe(recipe_table(read)) == read
    assert check_recipe(tomllib.loads(recipe_text(read))) == read


@settings(max_examples=30, deadline=None)
@given(recipes())
def test_what_a_recipe_says_is_what_is_read_and_the_rest_is_the_default(
    table: dict[str, Any],
) -> None:
    read = check_recipe(table)

    for section in ("training", "encoder", "decoder", "tokenizer"):
        given_values = table.get(section, {})
        settings_read = getattr(read, section)
        for each in fields(settings_read) if settings_read is not None else ():
            default = each.default if each.default is not MISSING else None
            assert getattr(settings_read, each.name) == given_values.get(each.name, default)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(-(2**62), 2**62) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_number_set_on_the_command_line_is_that_number(value: float) -> None:
    text = str(value).lower() if isinstance(value, bool) else repr(value)

    found = read_toml_value(text)

    assert (found, type(found)) == (value, type(value))


def attempt(text: str) -> dict[str, Any] | RecipeError:
    try:
        return override({"name": "a", "encoder": {"kind": "bag"}}, [text])
    except RecipeError as error:
        return error


@given(st.text(max_size=30))
def test_any_override_sets_something_or_is_refused_in_two_lines(text: str) -> None:
    done = attempt(text)

    if isinstance(done, RecipeError):
        assert "--set" in done.what
    else:
        assert "=" in text
        assert done != {"name": "a", "encoder": {"kind": "bag"}} or text.startswith("name")


def test_the_last_of_two_overrides_wins() -> None:
    assert override({}, ["a.b=1", "a.b=2"]) == {"a": {"b": 2}}


def test_a_value_may_hold_an_equals_sign_and_blanks_stand_around_it() -> None:
    assert override({}, [" data.label = a=b "]) == {"data": {"label": "a=b"}}
    assert override({}, ["data.text="]) == {"data": {"text": ""}}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60))
def test_any_bytes_as_a_recipe_are_refused_in_two_lines(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.toml").write_bytes(content)

    with pytest.raises(RecipeError) as caught:
        read_recipe(tmp_path / "r.toml")

    assert caught.value.hint


@pytest.mark.parametrize(
    "content", ["name = " + "[" * 5_000, "name = " + "1" * 5_000], ids=["nested", "long number"]
)
def test_toml_that_exhausts_its_reader_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.toml").write_text(content, encoding="utf-8")

    with pytest.raises(RecipeError, match="is no TOML"):
        read_recipe(tmp_path / "r.toml")
    assert read_toml_value(content.removeprefix("name = ")) == content.removeprefix("name = ")


@pytest.mark.parametrize("rule", [["at_least"], {"a": 1}, 3, True])
def test_a_rule_that_is_no_name_is_refused(rule: Any) -> None:
    with pytest.raises(Exception, match="No gate is called"):
        check_recipe({"name": "a", "data": {"train": "t"}, "gates": [{"rule": rule}]})


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_the_record_cannot_hold_is_refused(seed: int) -> None:
    for kind in ENCODERS:
        encoder = {"kind": kind, **({"model": "folder"} if kind == "pretrained" else {})}
        with pytest.raises(RecipeError, match=r"training\.seed"):
            check_recipe(
                {
                    "name": "a",
                    "data": {"train": "t"},
                    "encoder": encoder,
                    "training": {"seed": seed},
                }
            )


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "-a", "_a", "a/b", "a.b", "ä", "a" * 65, "a\n", 3, None, ["a"]]
)
def test_a_name_that_cannot_stand_in_a_path_or_an_address_is_refused(name: Any) -> None:
    with pytest.raises(RecipeError, match="The model name is"):
        check_recipe({"name": name, "data": {"train": "t"}})


@pytest.mark.parametrize("name", ["a", "0", "a-_9", "a" * 64])
def test_a_name_of_64_characters_or_less_is_taken(name: str) -> None:
    assert check_recipe({"name": name, "data": {"train": "t"}}).name == name


def test_an_absolute_root_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('name = "a"\n[data]\ntrain = "t.csv"\n', encoding="utf-8")

    assert read_recipe(tmp_path / "r.toml", ["data.root=/data"]).data.root == "/data"
    assert read_recipe(tmp_path / "r.toml", ["data.root="]).data.root == str(tmp_path)


@pytest.mark.parametrize("section", ["tokenizer", "embedding", "decoder"])
def test_each_section_that_bag_does_not_use_is_refused_by_name(section: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check_recipe({"name": "a", "data": {"train": "t"}, section: {}})

    assert caught.value.what == f"[{section}] is not used by the encoder 'bag'."
    assert f"Take [{section}] out" in caught.value.hint
