"""A corpus and a recipe make the same words of a text."""

import gzip
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from textwright.recipe.parts import TokenizerSettings
from textwright.recipe.vectors import CorpusSettings
from textwright.text.tokenizer import split_texts, train_tokenizer
from textwright.vectors.blocks import Block
from textwright.vectors.corpus import spell_block
from textwright.vectors.lexicon import SENTENCE_END, Lexicon
from textwright.vectors.spelling import make_alphabet, make_speller

HARD = [
    "Where's my card?! It costs $3.50 (or ~£4).",
    "a_b-c\tTAB\x0bpage\x0cbell\x07 nul\x00 DEL\x7f end\r",
    "naïve café DON’T “quoted” … № ½ ﬁne",
    "İstanbul ΟΔΟΣ Straße ǅ",
    "我的卡丢了，where is it？ＡＢＣ１２３",
    "e\u0301 A\u030a \u1e9b\u0323 \uac00\u1100\u1161",
    "nbsp\u00a0thin\u2009zero\u200bwidth\u3000wide soft\u00adhyphen",
    "emoji 👩‍👩‍👧 🇨🇳 x\ufe0f",
    "\u0301 alone first",
    "ＩＴ’Ｓ ㍿ ㎏ ﷺ",
    "繁體字 簡体字 𠀀𪚥 かな カナ 한국어",
]


def corpus_words(lines: Sequence[str], settings: CorpusSettings) -> list[list[str]]:
    """Give each line's words as a corpus of these settings has them."""
    text = "".join(line + "\n" for line in lines).encode()
    block = Block(path=Path("text"), line=1, text=text, share=1.0)
    spelled, _ = spell_block(block, make_speller(settings), settings)
    lexicon = Lexicon()
    numbers = lexicon.number(spelled, make_alphabet(settings), learn=True).tolist()
    words, sentences = lexicon.words(), [[]]  # type: ignore[var-annotated]
    for number in numbers:
        if number == SENTENCE_END:
            sentences.append([])
        else:
            sentences[-1].append(words[number])
    return sentences[:-1]


def recipe_words(lines: Sequence[str], kind: str, *, lowercase: bool) -> list[list[str]]:
    """Give each line's words as a recipe's tokenizer of that kind has them."""
    inner = train_tokenizer(["a b"], TokenizerSettings(kind=kind, lowercase=lowercase)).inner
    return [words for words in split_texts(inner, lines, kind) if words]


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("kind", ["words", "characters", "jieba"])
def test_a_corpus_has_the_words_of_a_recipe(kind: str, lowercase: bool) -> None:
    ours = corpus_words(HARD, CorpusSettings(tokenizer=kind, lowercase=lowercase))
    theirs = recipe_words(HARD, kind, lowercase=lowercase)

    assert len(ours) == len(HARD)
    assert ours == [" ".join(words).split(" ") for words in theirs]


@pytest.mark.parametrize("kind", ["words", "characters"])
def test_every_character_there_is_is_spelled_as_in_a_recipe(kind: str) -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    inhabited = [
        char for char in every if char != "\n" and (char < "\U00020000" or char > "\U000e0000")
    ]
    chosen = inhabited[:0x3400] + inhabited[0x3400::37]
    lines = ["x".join(chosen[at : at + 300]) for at in range(0, len(chosen), 300)]

    assert corpus_words(lines, CorpusSettings(tokenizer=kind)) == recipe_words(
        lines, kind, lowercase=True
    )


@pytest.mark.parametrize("kind", ["words", "characters"])
def test_real_texts_give_the_words_of_a_recipe(shared_data: Path, kind: str) -> None:
    lines: list[str] = []
    for name in ("imdb", "chnsenticorp"):
        with gzip.open(shared_data / name / "test.jsonl.gz", "rt", encoding="utf-8") as file:
            lines += [line.rstrip("\n") for line in islice(file, 60)]

    assert corpus_words(lines, CorpusSettings(tokenizer=kind)) == recipe_words(
        lines, kind, lowercase=True
    )


def test_text_already_split_is_left_as_it_is() -> None:
    kept = corpus_words(
        ["New York_City, don't\t!", "Ärger ２"], CorpusSettings(tokenizer="spaces", lowercase=False)
    )
    folded = corpus_words(
        ["New York_City, don't\t!", "Ärger ２"], CorpusSettings(tokenizer="spaces")
    )

    assert kept == [["New", "York_City,", "don't", "!"], ["Ärger", "２"]]
    assert folded == [["new", "york_city,", "don't", "!"], ["ärger", "２"]]
