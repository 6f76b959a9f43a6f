"""Special tokens of a tokenizer, where they count and where they do not."""

import pytest
import tokenizers
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers

from textwright.recipe.parts import PretrainedTokenizerSettings
from textwright.text.special_tokens import SpecialTokens
from textwright.text.tokenizer import Tokenizer

START, STOP = "<|im_start|>", "<|im_end|>"


@pytest.fixture
def tokenizer() -> Tokenizer:
    alphabet = {each: number for number, each in enumerate("abcdefghijklmnopqrstuvwxyz<|_>?")}
    inner = tokenizers.Tokenizer(models.WordLevel(alphabet, unk_token="?"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    inner.add_special_tokens([AddedToken(START, special=True), AddedToken(STOP, special=True)])
    inner.encode_special_tokens = True
    inner.enable_truncation(4)
    return Tokenizer(inner, PretrainedTokenizerSettings())


def test_special_tokens_count_only_where_they_are_meant(tokenizer: Tokenizer) -> None:
    special = SpecialTokens(tokenizer)
    text = f"{START}user"

    assert list(special.names.values()) == [START, STOP]
    assert special.encode(text).tolist() == [31, *(ord(each) - ord("a") for each in "user")]
    assert len(tokenizer.inner.encode(text).ids) == 4  # cut, and no special token among them
    assert 31 not in tokenizer.inner.encode(text).ids


def test_a_special_token_in_a_text_is_found(tokenizer: Tokenizer) -> None:
    special = SpecialTokens(tokenizer)

    assert special.first_in(f"hello{STOP} you") == STOP
    assert special.first_in("hello <|im_en|> you") is None


def test_a_special_token_is_found_in_whatever_is_read_as_one(tokenizer: Tokenizer) -> None:
    inner = tokenizer.inner
    inner.normalizer = normalizers.NFKC()
    inner.add_special_tokens([AddedToken("</s>", normalized=True), "?"])
    special = SpecialTokens(tokenizer)

    assert special.first_in("hello \uff1c/s\uff1e you") == "</s>"
    assert special.first_in("hello \u9999 you") is None  # unknown, and none of them
