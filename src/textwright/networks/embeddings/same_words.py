"""Whether a recipe cuts texts into the words that something was trained on."""

from textwright.errors import RecipeError
from textwright.recipe.parts import TokenizerSettings
from textwright.recipe.vectors import CorpusSettings


def check_same_words(given: TokenizerSettings, corpus: CorpusSettings, file: str) -> None:
    """Refuse a recipe's tokenizer when it is not that of the corpus; ``file`` is named in errors.

    Raises RecipeError with the line to write.
    """
    for key, wanted in (("kind", corpus.tokenizer), ("lowercase", corpus.lowercase)):
        found = getattr(given, key)
        if found != wanted:
            shown = str(wanted).lower() if isinstance(wanted, bool) else f'"{wanted}"'
            what = f"tokenizer.{key} is {found!r}; {file} was trained with {wanted!r}."
            raise RecipeError(what, f"Write {key} = {shown} in [tokenizer].")
