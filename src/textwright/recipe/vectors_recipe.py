"""A recipe of word vectors: everything they depend on, checked before any text is read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from textwright.errors import unknown_name
from textwright.recipe.check import read_settings
from textwright.recipe.file import check_name
from textwright.recipe.vectors import (
    CorpusSettings,
    ElmoSettings,
    GloveSettings,
    Word2VecSettings,
)

Training = Word2VecSettings | GloveSettings | ElmoSettings

METHODS: dict[str, type[Training]] = {
    "skip-gram": Word2VecSettings,
    "cbow": Word2VecSettings,
    "glove": GloveSettings,
    "elmo": ElmoSettings,
}
OF_CORPUS = {each.name for each in fields(CorpusSettings)}


@dataclass(frozen=True)
class VectorsRecipe:
    """Everything that word vectors depend on.

    name:   of the model they are registered as; empty: of none.
    files:  plain text, a sentence a line (also .gz, .xz), or data files with a column of texts.
    column: of the texts in .jsonl, .csv and .tsv.
    """

    name: str
    method: str
    files: tuple[Path, ...]
    column: str
    corpus: CorpusSettings
    training: Training

    @property
    def task(self) -> str:
        """What the manifest calls such an artifact."""
        return "elmo" if self.method == "elmo" else "vectors"

    def text(self) -> str:
        """Write everything as TOML, as it stands in the artifact and in the run's record."""
        import tomli_w

        training = asdict(self.training)
        training.pop("corpus", None)  # ElmoSettings has one; it is that of the recipe
        table = {
            "name": self.name,
            "task": self.task,
            "method": self.method,
            "data": {"files": [str(each) for each in self.files], "column": self.column},
            "corpus": asdict(self.corpus),
            "training": training,
        }
        return tomli_w.dumps(table)


def make_vectors_recipe(
    files: Sequence[Path],
    method: str,
    given: Mapping[str, Any],
    *,
    name: str = "",
    column: str = "text",
) -> VectorsRecipe:
    """Check everything word vectors depend on, before anything is read.

    given: settings by name, of ``CorpusSettings`` and of the method's; the others keep their
           defaults.
    Raises UnknownNameError for a method, RecipeError for a setting or name that cannot be.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    kind = METHODS[method]
    if name:
        check_name(name)
    training = {key: value for key, value in given.items() if key not in OF_CORPUS}
    reading = {key: value for key, value in given.items() if key in OF_CORPUS}
    if kind is ElmoSettings:
        reading = {**asdict(ElmoSettings().corpus), **reading}
        training["corpus"] = reading
    elif kind is Word2VecSettings:
        training["method"] = method
    corpus = read_settings(CorpusSettings, reading, "corpus")
    settings = read_settings(kind, training, method)
    return VectorsRecipe(name, method, tuple(files), column, corpus, settings)
