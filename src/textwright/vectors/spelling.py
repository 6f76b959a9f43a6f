"""Text into words split by blanks: the same words as a recipe's tokenizer of that kind makes.

Lines of ASCII are left as they are, for an ``Alphabet`` tells compiled code all about them. Other
lines are spelled here, character by character, as the tokenizer itself spells each of them.
"""

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from tokenizers import normalizers

from textwright.recipe.parts import TokenizerSettings
from textwright.recipe.vectors import CorpusSettings
from textwright.text.tokenizer import cut_chinese, text_normalizer, text_splitter
from textwright.vectors.lexicon import BLANK, BREAK, LETTER, MARK, NOTHING, Alphabet

Spell = Callable[[str], str]

WORDS_REMEMBERED = 100_000


class Characters(dict[int, str]):
    """How a tokenizer spells each character: empty, a blank, a letter, or a word of its own.

    Filled as characters are met, by the tokenizer's own steps, none of which looks at neighbours
    (its first, NFKC, does: it comes before).
    """

    def __init__(self, kind: str, *, lowercase: bool) -> None:
        super().__init__({ord("\n"): "\n"})
        settings = TokenizerSettings(kind=kind, lowercase=lowercase)
        self.normalizer = text_normalizer(settings)
        self.splitter = text_splitter(settings)

    def __missing__(self, code: int) -> str:
        """Spell a character between two others: words stand apart by blanks."""
        between = f"a{self.normalizer.normalize_str(chr(code))}a"
        words = [word for word, _ in self.splitter.pre_tokenize_str(between)]
        self[code] = " ".join(words)[1:-1]
        return self[code]


def make_alphabet(settings: CorpusSettings) -> Alphabet:
    """Tell what each byte is; those of other characters than ASCII are letters."""
    kinds, folded = np.full(256, LETTER, np.uint8), np.arange(256, dtype=np.uint8)
    if settings.tokenizer in ("words", "characters"):
        characters = Characters(settings.tokenizer, lowercase=settings.lowercase)
        for code in range(128):
            spelled = characters[code]
            kinds[code] = find_kind(spelled)
            folded[code] = ord(spelled.strip() or " ")
    else:
        kinds[[ord(each) for each in " \t\r\v\f"]] = BLANK
        if settings.lowercase and settings.tokenizer == "spaces":
            folded[ord("A") : ord("Z") + 1] += 32
    kinds[ord("\n")] = BREAK
    return Alphabet(kinds, folded)


def find_kind(spelled: str) -> int:
    """Tell what a character is to a word from how it is spelled."""
    if not spelled.strip():
        return BLANK if spelled else NOTHING
    return MARK if spelled.startswith(" ") else LETTER


def make_speller(settings: CorpusSettings) -> Spell:
    """Give the function that spells a line with other characters than ASCII; jieba's any line."""
    if settings.tokenizer == "jieba":
        return jieba_speller(lowercase=settings.lowercase)
    if settings.tokenizer == "spaces":
        return str.lower if settings.lowercase else str
    characters = Characters(settings.tokenizer, lowercase=settings.lowercase)
    compose = normalizers.NFKC()

    def spell(line: str) -> str:
        if not unicodedata.is_normalized("NFKC", line):  # quicker asked than done
            line = compose.normalize_str(line)
        return line.translate(characters)

    return spell


def jieba_speller(*, lowercase: bool) -> Spell:
    """Cut by jieba's dictionary; a word with a blank inside becomes two: files cannot hold it."""
    normalizer: Any = text_normalizer(TokenizerSettings(kind="jieba", lowercase=lowercase))
    normal = lru_cache(WORDS_REMEMBERED)(normalizer.normalize_str)

    def spell(line: str) -> str:
        return " ".join([normal(word) for word, _, _ in cut_chinese(line)])

    return spell
