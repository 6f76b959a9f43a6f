"""The settings of a model's parts: tokenizer, embedding, encoder, decoder, abstention.

Each kind of a part is one dataclass; the tables at the end lead from the name a recipe uses
to it. Every setting stands here, with its default, and nowhere else.
"""

from dataclasses import dataclass
from typing import ClassVar

from textwright.errors import RecipeError
from textwright.recipe.data import GENERATE, WRITING
from textwright.recipe.settings import setting
from textwright.recipe.writing import (
    DrawSettings,
    LanguageSettings,
    SearchSettings,
    WritingSettings,
)


@dataclass(frozen=True)
class TokenizerSettings:
    """How a text becomes tokens."""

    windows: ClassVar[int] = 1  # such encoders read texts of any length at once
    kind: str = setting(
        "words",
        "words (Chinese characters split apart), jieba, characters, bpe or unigram",
        choices=("words", "jieba", "characters", "bpe", "unigram"),
    )
    lowercase: bool = setting(True, "fold letter case")
    vocabulary: int = setting(
        30_000, "most tokens kept, commonest first", at_least=8, at_most=1_000_000
    )
    min_count: int = setting(1, "rarer tokens become [UNK]", at_least=1)
    max_tokens: int = setting(256, "longer texts are cut here, and the answer says so", at_least=1)


@dataclass(frozen=True)
class PretrainedTokenizerSettings:
    """The tokenizer that a pretrained encoder came with."""

    kind: str = setting(
        "pretrained", "pretrained: the encoder's own, as it is", choices=("pretrained",)
    )
    max_tokens: int = setting(
        256,
        "longer texts are cut here, and the answer says so; special tokens included",
        at_least=8,
    )
    windows: int = setting(
        1, "read so many windows of max_tokens before a text is cut", at_least=1, at_most=64
    )
    overlap: int = setting(0, "tokens that a window begins with of the one before", at_least=0)

    def __post_init__(self) -> None:
        """Refuse windows that would hardly move on."""
        most = self.max_tokens // 2 - 2
        if self.overlap > most:
            what = f"tokenizer.overlap is {self.overlap}, max_tokens {self.max_tokens}."
            raise RecipeError(what, f"Take at most {most}: about half of a window.")


@dataclass(frozen=True)
class PromptTokenizerSettings:
    """The tokenizer of a pretrained language model; ``[decoder]`` says how much is read."""

    windows: ClassVar[int] = 1
    max_tokens: ClassVar[int] = 0  # it cuts nothing
    kind: str = setting(
        "pretrained", "pretrained: the model's own, as it is", choices=("pretrained",)
    )


@dataclass(frozen=True)
class WritingTokenizerSettings(TokenizerSettings):
    """How a text becomes tokens from which it can be written again, capitals and all."""

    kind: str = setting(
        "bpe", "bpe (pieces of words), or characters", choices=("bpe", "characters")
    )
    lowercase: bool = setting(False, "fold letter case")
    vocabulary: int = setting(
        8_000, "most tokens kept, commonest first", at_least=8, at_most=1_000_000
    )


@dataclass(frozen=True)
class LearnedSettings:
    """A table of vectors learned with the task."""

    kind: ClassVar[str] = "learned"
    dimensions: int = setting(128, "numbers in a token's vector", at_least=1, at_most=4096)
    dropout: float = setting(0.3, "share of vector positions zeroed", at_least=0, at_most=0.95)
    token_dropout: float = setting(
        0.1, "share of tokens shown as [UNK] while training", at_least=0, at_most=0.95
    )


@dataclass(frozen=True)
class OneHotSettings:
    """Each token is a vector with a single one: nothing is learned here."""

    kind: ClassVar[str] = "one-hot"


@dataclass(frozen=True)
class ElmoEmbeddingSettings:
    """Vectors that depend on the whole text, from a language model trained beforehand."""

    kind: ClassVar[str] = "elmo"
    file: str = setting("", "folder of the trained language model, relative to the recipe")
    trainable: bool = setting(False, "change the language model, too, with the task")
    dropout: float = setting(0.5, "share of vector positions zeroed", at_least=0, at_most=0.95)
    beside: int = setting(
        96, "numbers learned with the task beside them; 0 for none", at_least=0, at_most=4096
    )
    token_dropout: float = setting(
        0.1, "share of tokens whose learned ones are [UNK]'s in training", at_least=0, at_most=0.95
    )


@dataclass(frozen=True)
class VectorsEmbeddingSettings:
    """Word vectors trained beforehand, or first of all on the task's own training text."""

    kind: ClassVar[str] = "vectors"
    file: str = setting(
        "", "word vectors: file or folder, relative to the recipe; package:NAME; or NAME@1"
    )
    train: str = setting(
        "",
        "instead of a file, train them on the training text: skip-gram or cbow",
        choices=("", "skip-gram", "cbow"),
    )
    dimensions: int = setting(
        0, "numbers in a vector trained so; 0: 100 (a file has its own)", at_least=0, at_most=4096
    )
    epochs: int = setting(0, "passes over the text to train them; 0: 20", at_least=0)
    trainable: bool = setting(False, "change the vectors, too, with the task")
    dropout: float = setting(0.3, "share of vector positions zeroed", at_least=0, at_most=0.95)


@dataclass(frozen=True)
class BagSettings:
    """The n-gram linear model: all there is, from text to scores, without a network."""

    kind: ClassVar[str] = "bag"
    uses: ClassVar[tuple[str, ...]] = ()
    word_ngrams: int = setting(2, "longest n-gram of words; a Chinese character is one", at_least=1)
    min_character_ngram: int = setting(2, "shortest n-gram of characters inside a word", at_least=1)
    max_character_ngram: int = setting(5, "longest one; 0 for none", at_least=0, at_most=8)
    lowercase: bool = setting(True, "fold letter case")
    buckets: int = setting(
        2_097_152,
        "slots the n-grams are hashed to; a power of two",
        at_least=1024,
        at_most=16_777_216,
    )
    min_count: int = setting(1, "n-grams in fewer training texts are dropped", at_least=1)
    max_characters: int = setting(
        20_000, "longer texts are cut here, and the answer says so", at_least=1
    )

    def __post_init__(self) -> None:
        """Refuse a number of buckets that no bit mask can choose from."""
        if self.buckets & (self.buckets - 1):
            what = f"encoder.buckets is {self.buckets}, which is no power of two."
            raise RecipeError(what, f"Take {1 << self.buckets.bit_length()}, the next one.")


@dataclass(frozen=True)
class BiLSTMSettings:
    """Stacked LSTMs read the text in both directions."""

    kind: ClassVar[str] = "bilstm"
    uses: ClassVar[tuple[str, ...]] = ("tokenizer", "embedding", "decoder")
    layers: int = setting(1, "layers, each over the one below", at_least=1, at_most=8)
    hidden: int = setting(128, "state width of each direction", at_least=1, at_most=4096)
    bidirectional: bool = setting(True, "read backwards too")
    dropout: float = setting(0.3, "share of each layer's output zeroed", at_least=0, at_most=0.95)


@dataclass(frozen=True)
class TransformerSettings:
    """Layers in which every token looks at all others, learned from the task alone."""

    kind: ClassVar[str] = "transformer"
    uses: ClassVar[tuple[str, ...]] = ("tokenizer", "embedding", "decoder")
    layers: int = setting(2, "layers, each over the one below", at_least=1, at_most=24)
    hidden: int = setting(
        128, "state width, a multiple of twice the heads", at_least=2, at_most=4096
    )
    heads: int = setting(4, "parts of it that look by themselves", at_least=1, at_most=64)
    dropout: float = setting(0.1, "share of each step's output zeroed", at_least=0, at_most=0.95)

    def __post_init__(self) -> None:
        """Refuse a width that the heads cannot share out in pairs."""
        step = 2 * self.heads
        if self.hidden % step:
            what = f"encoder.hidden is {self.hidden}, which {self.heads} heads cannot share."
            raise RecipeError(what, f"Take {-(-self.hidden // step) * step}, a multiple of {step}.")


@dataclass(frozen=True)
class NoEncoderSettings:
    """None: the vectors of the tokens are pooled as they are."""

    kind: ClassVar[str] = "none"
    uses: ClassVar[tuple[str, ...]] = ("tokenizer", "embedding", "decoder")


@dataclass(frozen=True)
class PretrainedSettings:
    """What was trained on much other text, in the files of Hugging Face's.

    An encoder; or, where texts are written, all of the network.
    """

    kind: ClassVar[str] = "pretrained"
    uses: ClassVar[tuple[str, ...]] = ("tokenizer", "decoder")
    model: str = setting(
        "", "where it is: a folder, relative to the recipe; package:NAME; or a hub's NAME/NAME"
    )
    download: bool = setting(
        False, "fetch it from the hub; without this nothing ever goes over the network"
    )
    train: str = setting(
        "frozen",
        "frozen: only the decoder learns, in seconds (of what writes, nothing); full: the encoder "
        "learns, too; lora: it learns through narrow matrices beside its own",
        choices=("frozen", "full", "lora"),
    )
    frozen_embeddings: bool = setting(True, "keep its token vectors (full): a third less time")
    frozen_layers: int = setting(0, "lowest layers that are kept, too (full, lora)", at_least=0)
    weights: str = setting(
        "copy",
        "copy: into the artifact; reference: they stay where they are, for their licence forbids "
        "copying, and the artifact knows them by their hash (frozen)",
        choices=("copy", "reference"),
    )
    lora_rank: int = setting(16, "width of those matrices (lora)", at_least=1, at_most=1024)
    lora_alpha: float = setting(
        32.0, "what they give counts this many times, divided by lora_rank", at_least=0
    )
    export: str = setting(
        "fp32",
        "the exported network: fp32, or int8 (quantized to 8-bit integers, a quarter of the size)",
        choices=("fp32", "int8"),
    )
    export_loss: float = setting(
        0.01, "most that quantizing may cost of the dev score, else nothing is made", at_least=0
    )

    def __post_init__(self) -> None:
        """Refuse to leave weights outside that would no longer be those of the checkpoint."""
        if self.weights == "reference" and self.export == "int8":
            what = "encoder.weights is 'reference', and export = 'int8' makes weights of its own."
            raise RecipeError(what, 'Write export = "fp32", or weights = "copy".')
        if self.weights == "reference" and self.train != "frozen":
            what = (
                f"encoder.weights is 'reference', and train = {self.train!r} changes the weights."
            )
            raise RecipeError(what, 'Write train = "frozen", or weights = "copy".')


@dataclass(frozen=True)
class ClassifySettings:
    """From a text's states to one score a label."""

    pooling: str = setting(
        "auto",
        "how states become one vector: first, last, mean, max, attention, attention-max (both); "
        "auto: attention, or what a pretrained encoder was made for",
        choices=("auto", "first", "last", "mean", "max", "attention", "attention-max"),
    )
    dropout: float = setting(0.3, "share of the vector zeroed", at_least=0, at_most=0.95)


@dataclass(frozen=True)
class MatchSettings:
    """From the states of two texts to one score."""

    form: str = setting(
        "siamese",
        "siamese: each text read by itself; cross: both at once (a pretrained encoder only)",
        choices=("siamese", "cross"),
    )
    compare: str = setting(
        "cosine",
        "of siamese vectors u and v: cosine, or features (u, v, |u-v| and u*v, weighed)",
        choices=("cosine", "features"),
    )
    labels: str = setting(
        "regression",
        "regression (any numbers), graded (whole numbers, in their order) or binary (two values)",
        choices=("regression", "graded", "binary"),
    )
    pooling: str = setting(
        "auto",
        "how states become one vector: first, last, mean, max, attention, attention-max (both); "
        "auto: mean, or what a pretrained encoder was made for; first where form is cross",
        choices=("auto", "first", "last", "mean", "max", "attention", "attention-max"),
    )
    dropout: float = setting(0.1, "share of the vector zeroed", at_least=0, at_most=0.95)


@dataclass(frozen=True)
class EmbedSettings:
    """From a text's states to its vector."""

    pooling: str = setting(
        "auto",
        "how states become one vector: mean, max, first, last, attention, attention-max (both); "
        "auto: mean, or what a pretrained encoder was made for; or sif: mean of word vectors, "
        "rare words weighing more, less what all texts have in common",
        choices=("auto", "mean", "sif", "max", "first", "last", "attention", "attention-max"),
    )
    rarity: float = setting(
        1e-3, "a of sif: a word of the share p weighs a / (a + p)", at_least=1e-9, at_most=1
    )
    normalize: str = setting(
        "auto",
        "bring each vector to length 1: yes, no; auto: yes, or as a pretrained encoder says",
        choices=("auto", "yes", "no"),
    )
    dimensions: int = setting(0, "keep so many of its first numbers; 0: all", at_least=0)
    dropout: float = setting(0.1, "share of the vector zeroed", at_least=0, at_most=0.95)


@dataclass(frozen=True)
class AbstentionSettings:
    """When a model says that it does not know."""

    rule: str = setting(
        "auto",
        "coverage, out-of-scope, none; auto: out-of-scope if dev has such rows, else none",
        choices=("auto", "coverage", "out-of-scope", "none"),
    )
    coverage: float = setting(
        0.95, "share of in-scope dev rows to answer (rule coverage)", at_least=0, at_most=1
    )


DecoderSettings = ClassifySettings | MatchSettings | EmbedSettings | SearchSettings | DrawSettings
EmbeddingSettings = (
    LearnedSettings | OneHotSettings | VectorsEmbeddingSettings | ElmoEmbeddingSettings
)
EncoderSettings = (
    BagSettings | BiLSTMSettings | TransformerSettings | NoEncoderSettings | PretrainedSettings
)
AnyTokenizerSettings = TokenizerSettings | PretrainedTokenizerSettings | PromptTokenizerSettings

EMBEDDINGS: dict[str, type[EmbeddingSettings]] = {
    "learned": LearnedSettings,
    "one-hot": OneHotSettings,
    "vectors": VectorsEmbeddingSettings,
    "elmo": ElmoEmbeddingSettings,
}
ENCODERS: dict[str, type[EncoderSettings]] = {
    "bag": BagSettings,
    "bilstm": BiLSTMSettings,
    "transformer": TransformerSettings,
    "none": NoEncoderSettings,
    "pretrained": PretrainedSettings,
}
DECODERS: dict[str, type[DecoderSettings]] = {
    "classify": ClassifySettings,
    "match": MatchSettings,
    "embed": EmbedSettings,
    "generate": WritingSettings,
    "text-to-text": WritingSettings,
    "language": LanguageSettings,
}  # by the task
PRETRAINED_DECODERS: dict[str, type[DecoderSettings]] = {
    **DECODERS,
    **dict.fromkeys(GENERATE, SearchSettings),
    "language": DrawSettings,
}  # over what is pretrained, which writes by itself


def check_pretrained(encoder: PretrainedSettings, task: str) -> None:
    """Refuse a checkpoint without a name, and weights left outside by what writes."""
    if not encoder.model:
        hint = 'Write model = "FOLDER", or "package:NAME".'
        raise RecipeError('[encoder] of kind "pretrained" names no model.', hint)
    if encoder.weights == "reference" and task in WRITING:
        what = f"encoder.weights is 'reference', and a model of the task {task!r} holds its own."
        raise RecipeError(what, 'Write weights = "copy".')
