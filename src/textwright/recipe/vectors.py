"""The settings of word vectors: how a corpus is read, and how each method is trained."""

from dataclasses import dataclass, field
from typing import ClassVar

from textwright.errors import RecipeError
from textwright.recipe.settings import setting


@dataclass(frozen=True)
class CorpusSettings:
    """How a text of any size becomes word numbers."""

    tokenizer: str = setting(
        "words",
        "words (Chinese characters split apart), jieba, characters, or spaces (already split)",
        choices=("words", "jieba", "characters", "spaces"),
    )
    lowercase: bool = setting(True, "fold letter case")
    min_count: int = setting(5, "rarer words are left out", at_least=1)
    max_words: int = setting(0, "most words kept, commonest first; 0: all", at_least=0)
    max_counted: int = setting(
        4_000_000, "different words held while counting; beyond, the rarest go", at_least=2
    )
    errors: str = setting(
        "strict",
        "bytes that are no UTF-8: strict (refused, line named) or replace",
        choices=("strict", "replace"),
    )


def describe_tokenizer(kind: str, *, lowercase: bool) -> str:
    """Give a tokenizer's one name, to record with vectors and to compare: ``words, lowercase``."""
    return f"{kind}, {'lowercase' if lowercase else 'case kept'}"


@dataclass(frozen=True)
class NgramSettings:
    """Character n-grams of words, hashed to rows (fastText style)."""

    minimum: int = setting(0, "characters of the shortest, edges counted", at_least=0, at_most=16)
    maximum: int = setting(0, "characters of the longest; 0: no n-grams", at_least=0, at_most=16)
    buckets: int = setting(
        2_000_000, "rows the n-grams are hashed to", at_least=1, at_most=2**31 - 1
    )

    def __post_init__(self) -> None:
        """Refuse a shortest n-gram longer than the longest, or of no character."""
        if self.maximum and not 1 <= self.minimum <= self.maximum:
            what = f"ngrams.minimum is {self.minimum} and ngrams.maximum {self.maximum}."
            raise RecipeError(what, "Take 1 <= minimum <= maximum, such as 3 and 6.")


@dataclass(frozen=True)
class Word2VecSettings:
    """Training by skip-gram or CBOW with negative sampling (Mikolov et al. 2013)."""

    kind: ClassVar[str] = "word2vec"
    method: str = setting("skip-gram", "skip-gram or cbow", choices=("skip-gram", "cbow"))
    dimensions: int = setting(100, "numbers in a word's vector", at_least=1, at_most=4096)
    window: int = setting(
        5, "most words looked at on each side of the centre", at_least=1, at_most=1000
    )
    negatives: int = setting(5, "random words told apart from each true one", at_least=1)
    sample: float = setting(
        1e-3, "words of a larger share of the text are thinned; 0: none", at_least=0, at_most=1
    )
    epochs: int = setting(5, "passes over the text", at_least=1)
    learning_rate: float = setting(
        0.0, "first step size; 0: 0.025 for skip-gram, 0.05 for cbow", at_least=0, at_most=1
    )
    threads: int = setting(
        0, "0: all cores; only one gives the same vectors again", at_least=0, at_most=256
    )
    seed: int = setting(1, "seed of every random choice", at_least=0, at_most=2**63 - 1)
    ngrams: NgramSettings = field(default_factory=NgramSettings)


@dataclass(frozen=True)
class GloveSettings:
    """Training on co-occurrence counts (Pennington et al. 2014)."""

    kind: ClassVar[str] = "glove"
    dimensions: int = setting(100, "numbers in a word's vector", at_least=1, at_most=4096)
    window: int = setting(
        10, "most words looked at on each side of a word", at_least=1, at_most=1000
    )
    x_max: float = setting(
        10.0, "counts from here on weigh alike; 100 for billions of words", at_least=1e-3
    )
    alpha: float = setting(0.75, "power of the weight below that", at_least=0, at_most=1)
    learning_rate: float = setting(0.05, "step size of AdaGrad", at_least=0, at_most=1)
    epochs: int = setting(25, "passes over the counts", at_least=1)
    threads: int = setting(
        0, "0: all cores; only one gives the same vectors again", at_least=0, at_most=256
    )
    seed: int = setting(1, "seed of every random choice", at_least=0, at_most=2**63 - 1)
    memory_mb: int = setting(1000, "what counting takes; counts go to disk", at_least=16)


@dataclass(frozen=True)
class ElmoSettings:
    """Training of a language model in two directions (Peters et al. 2018)."""

    kind: ClassVar[str] = "elmo"
    corpus: CorpusSettings = field(default_factory=lambda: CorpusSettings(min_count=1))
    hidden: int = setting(128, "numbers a layer gives a word, each way", at_least=1, at_most=4096)
    layers: int = setting(2, "LSTMs of each direction", at_least=1, at_most=8)
    max_word_bytes: int = setting(
        24, "bytes read of a word, its two marks counted", at_least=8, at_most=1024
    )
    vocabulary: int = setting(
        20_000, "words told apart when predicting; all others are one", at_least=8
    )
    negatives: int = setting(512, "random words each true one is held against", at_least=1)
    max_line_words: int = setting(64, "longer lines are cut into pieces of so many", at_least=2)
    batch_words: int = setting(2048, "words in a batch, about", at_least=1)
    dropout: float = setting(0.1, "share of every layer's values zeroed", at_least=0, at_most=0.95)
    epochs: int = setting(3, "passes over the text", at_least=1)
    learning_rate: float = setting(5e-3, "peak step size of AdamW", at_least=0, at_most=1)
    threads: int = setting(
        1, "threads; part of the result, so not taken from the machine", at_least=1, at_most=256
    )
    seed: int = setting(1, "seed of every random choice", at_least=0, at_most=2**63 - 1)
