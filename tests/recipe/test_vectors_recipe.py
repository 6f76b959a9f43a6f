"""The recipe of word vectors: checked whole, and written so that nothing is missing."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from textwright.errors import RecipeError, UnknownNameError
from textwright.recipe.vectors import ElmoSettings, GloveSettings, Word2VecSettings
from textwright.recipe.vectors_recipe import METHODS, make_vectors_recipe

FILES = [Path("a.txt"), Path("b.txt.gz")]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_recipe_that_names_all_its_settings(method: str) -> None:
    made = make_vectors_recipe(FILES, method, {"epochs": 3, "min_count": 2}, name="words")

    table = tomllib.loads(made.text())
    assert (table["name"], table["method"]) == ("words", method)
    assert table["data"] == {"files": ["a.txt", "b.txt.gz"], "column": "text"}
    assert table["corpus"]["min_count"] == 2
    assert table["training"]["epochs"] == 3
    assert "corpus" not in table["training"]
    assert isinstance(made.training, METHODS[method])


def test_what_was_not_said_is_the_default_of_the_method() -> None:
    made = [make_vectors_recipe(FILES, each, {}).training for each in METHODS]

    defaults = [
        Word2VecSettings(method="skip-gram"),
        Word2VecSettings(method="cbow"),
        GloveSettings(),
        ElmoSettings(),
    ]
    assert made == defaults


def test_elmo_keeps_its_own_defaults_of_reading() -> None:
    made = make_vectors_recipe(FILES, "elmo", {"tokenizer": "jieba"})

    assert isinstance(made.training, ElmoSettings)
    assert made.corpus == made.training.corpus
    assert (made.corpus.tokenizer, made.corpus.min_count) == ("jieba", 1)
    assert (made.task, make_vectors_recipe(FILES, "cbow", {}).task) == ("elmo", "vectors")


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("glove", {"negatives": 5}, "There is no setting glove.negatives"),
        ("skip-gram", {"dimension": 5}, "Did you mean 'dimensions'"),
        ("cbow", {"epochs": 0}, "cbow.epochs is 0, which is out of range"),
        ("cbow", {"tokenizer": "word"}, "Did you mean 'words'"),
        ("skip-gram", {"errors": "ignore"}, "corpus.errors is 'ignore'"),
        ("skip-gram", {"ngrams": {"minimum": 6, "maximum": 3}}, "ngrams.minimum is 6"),
        ("elmo", {"min_count": 0}, "corpus.min_count is 0"),
    ],
)
def test_a_setting_that_cannot_be_is_named(method: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        make_vectors_recipe(FILES, method, given)


def test_a_mistyped_method_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'skip-gram'"):
        make_vectors_recipe(FILES, "skipgram", {})


def test_a_name_that_no_model_may_have_is_refused() -> None:
    with pytest.raises(RecipeError, match="The model name is 'My Words'"):
        make_vectors_recipe(FILES, "cbow", {}, name="My Words")
