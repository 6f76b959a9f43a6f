"""The settings of decoders that write: from a source, or a text on."""

from dataclasses import dataclass

from textwright.errors import RecipeError
from textwright.recipe.settings import setting

MOST_TEXTS = 100  # of one source, kept alive in a search or written


@dataclass(frozen=True)
class WriterSettings:
    """What writes, token by token."""

    form: str = setting(
        "lstm",
        "lstm: LSTMs and additive attention; transformer",
        choices=("lstm", "transformer"),
    )
    layers: int = setting(2, "layers, each over the one below", at_least=1, at_most=24)
    hidden: int = setting(
        256, "state width; a multiple of twice the heads", at_least=2, at_most=4096
    )
    heads: int = setting(4, "parts of it that look by themselves (transformer)", at_least=1)
    dropout: float = setting(0.3, "share of each layer's output zeroed", at_least=0, at_most=0.95)

    def __post_init__(self) -> None:
        """Refuse a width that the heads cannot share out in pairs."""
        step = 2 * self.heads
        if self.form == "transformer" and self.hidden % step:
            what = f"decoder.hidden is {self.hidden}, which {self.heads} heads cannot share."
            raise RecipeError(what, f"Take {-(-self.hidden // step) * step}, a multiple of {step}.")


@dataclass(frozen=True)
class SearchSettings:
    """How the best text is sought that can be written from a source."""

    max_tokens: int = setting(100, "most tokens that are written", at_least=1, at_most=4096)
    max_ratio: float = setting(
        2.0, "most tokens written for each token read, besides ten", at_least=0.01, at_most=100
    )
    beam: int = setting(
        5,
        "texts kept alive in the search; 1: the likeliest token",
        at_least=1,
        at_most=MOST_TEXTS,
    )
    length_penalty: float = setting(
        1.0, "0: short texts win; 1: nearly the mean over tokens counts", at_least=0, at_most=10
    )


@dataclass(frozen=True)
class WritingSettings(SearchSettings, WriterSettings):
    """From the states of a source to a text, token by token, and how the best text is sought."""

    copy: bool = setting(False, "tokens of the source may be copied")
    parts: int = setting(
        1,
        "parts, cut between sentences, in which a longer text is read, each written from by "
        "itself; 1: it is cut at tokenizer.max_tokens",
        at_least=1,
        at_most=100,
    )


@dataclass(frozen=True)
class DrawSettings:
    """How much of a text is read, and how the tokens that follow it are drawn."""

    context: int = setting(1024, "most tokens read at once", at_least=2, at_most=131_072)
    max_tokens: int = setting(256, "most tokens that are written; below context", at_least=1)
    temperature: float = setting(
        1.0, "how evenly tokens are drawn; 0: always the likeliest", at_least=0, at_most=100
    )
    top_p: float = setting(
        1.0, "tokens are drawn among the likeliest of this share", at_least=1e-6, at_most=1
    )

    def __post_init__(self) -> None:
        """Refuse to write more than can be read back."""
        if self.max_tokens >= self.context:
            what = f"decoder.max_tokens is {self.max_tokens}, decoder.context {self.context}."
            raise RecipeError(what, "Write fewer tokens, or read more at once.")


@dataclass(frozen=True)
class LanguageSettings(DrawSettings, WriterSettings):
    """What writes a text on, token by token, and how it draws them."""

    form: str = setting(
        "transformer", "transformer (a GPT), or lstm", choices=("lstm", "transformer")
    )
    layers: int = setting(4, "layers, each over the one below", at_least=1, at_most=24)
    hidden: int = setting(
        128, "state width; a multiple of twice the heads", at_least=2, at_most=4096
    )
    dropout: float = setting(0.1, "share of each layer's output zeroed", at_least=0, at_most=0.95)
    context: int = setting(128, "most tokens read at once", at_least=2, at_most=4096)
    max_tokens: int = setting(64, "most tokens that are written; below context", at_least=1)
    stop_at_line: bool = setting(True, "stop writing where a line ends")

    def __post_init__(self) -> None:
        """Check the widths of the network, and how much is written."""
        WriterSettings.__post_init__(self)
        DrawSettings.__post_init__(self)
