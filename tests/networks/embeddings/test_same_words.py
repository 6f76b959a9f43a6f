"""A tokenizer held against that of a corpus."""

import pytest

from textwright.errors import RecipeError
from textwright.networks.embeddings.same_words import check_same_words
from textwright.recipe.parts import TokenizerSettings
from textwright.recipe.vectors import CorpusSettings


@pytest.mark.parametrize("kind", ["words", "jieba", "characters"])
def test_the_same_tokenizer_is_taken(kind: str) -> None:
    check_same_words(TokenizerSettings(kind), CorpusSettings(kind), "file")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (TokenizerSettings("characters"), 'kind = "words"'),
        (TokenizerSettings(lowercase=False), "lowercase = true"),
    ],
)
def test_another_one_is_refused_with_the_line_to_write(given: TokenizerSettings, line: str) -> None:
    with pytest.raises(RecipeError, match=f"Write {line} in"):
        check_same_words(given, CorpusSettings("words"), "file")
