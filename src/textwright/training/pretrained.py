"""What an embedding or encoder builds on: its files found, checked and named by a digest."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textwright.errors import ArtifactError, DataError, RecipeError
from textwright.manifest import (
    NAME,
    address_of,
    canonical_json,
    check_files,
    describe_file,
    hash_file,
    read_manifest,
)
from textwright.networks.embeddings.same_words import check_same_words
from textwright.recipe.packages import PACKAGE, package_folders
from textwright.recipe.parts import (
    ElmoEmbeddingSettings,
    PretrainedSettings,
    TokenizerSettings,
    VectorsEmbeddingSettings,
)
from textwright.recipe.recipe import Recipe
from textwright.recipe.vectors import CorpusSettings
from textwright.recipe.writing import DrawSettings, SearchSettings
from textwright.runtime.outside import read_outside
from textwright.training.threads import let_threads_sleep
from textwright.vectors.vectors import Vectors

if TYPE_CHECKING:
    from textwright.networks.checkpoints import Checkpoint  # imports torch

BY_WORDS = ("words", "jieba")  # tokenizers whose words files of other programs may hold


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A file that an embedding builds on, or a folder that an encoder does.

    place:   where it lies, when the recipe's name for it is no path.
    digest:  SHA-256: of the manifest, of the file, or over the hashes of several files.
    part:    what builds on it: embedding or encoder.
    vectors: what it holds; None for what is opened with the network.
    note:    what the user should know of it; empty for nothing.
    """

    place: str
    digest: str
    part: str = "embedding"
    vectors: Vectors | None = None
    note: str = ""


def open_pretrained(recipe: Recipe, place: Path | str | None = None) -> Pretrained | None:
    """Open and check what a recipe's embedding or encoder builds on; None when it is nothing.

    place: where the embedding's file lies; the recipe's own ``file`` when left out.
    Raises RecipeError for a missing file, one of another kind, or one that was trained on other
    words or reads shorter texts; DataError or ArtifactError for a damaged one.
    """
    if isinstance(recipe.encoder, PretrainedSettings):
        return open_encoder(recipe)
    settings = recipe.embedding
    if not isinstance(settings, VectorsEmbeddingSettings | ElmoEmbeddingSettings):
        return None
    if not settings.file:
        return None
    place = str(place or settings.file)
    check_there(place, settings.file)
    if isinstance(settings, ElmoEmbeddingSettings):
        if not (Path(place) / "elmo.json").is_file():
            hint = "Give the folder of a language model: train one with method elmo."
            raise DataError(f"There is no language model in {settings.file!r}.", hint)
        return Pretrained(place, find_digest(place))
    digest = find_digest(place)
    vectors = Vectors.load(place, verify=False)  # its files were hashed just now
    assert isinstance(recipe.tokenizer, TokenizerSettings)
    note = check_words(vectors, recipe.tokenizer, settings.file)
    return Pretrained(place, digest, vectors=vectors, note=note)


def open_encoder(recipe: Recipe) -> Pretrained:
    """Open and check the folder of a pretrained encoder, and that what it learns by is there."""
    let_threads_sleep()
    from textwright.networks.checkpoints import find_checkpoint, import_peft, open_checkpoint
    from textwright.networks.roles import find_role

    assert isinstance(recipe.encoder, PretrainedSettings)
    assert recipe.tokenizer is not None
    if recipe.encoder.train == "lora":
        import_peft()
    found = open_checkpoint(find_checkpoint(recipe.encoder), find_role(recipe.task))
    if recipe.encoder.weights == "reference":
        check_found(found, recipe.encoder.model)
    if isinstance(recipe.decoder, DrawSettings):
        check_context(recipe.decoder.context, recipe.encoder.model, found)
    if isinstance(recipe.decoder, SearchSettings):
        check_length(recipe.decoder.max_tokens, recipe.encoder.model, found)
    longest = recipe.tokenizer.max_tokens
    most = found.positions
    if most and most < longest:
        what = f"tokenizer.max_tokens is {longest}; {recipe.encoder.model} reads {most}."
        hint = f"Write max_tokens = {most} in [tokenizer]; with windows = 8, say, it reads so many."
        raise RecipeError(what, hint)
    if recipe.tokenizer.windows > 1:
        check_windows(recipe, found)
    return Pretrained(str(found.folder), checkpoint_digest(found), "encoder")


def check_context(context: int, model: str, found: "Checkpoint") -> None:
    """Refuse to read more tokens at once than a language model can."""
    if 0 < found.positions < context:
        what = f"decoder.context is {context}; {model} reads {found.positions}."
        raise RecipeError(what, f"Write context = {found.positions} in [decoder].")


def check_length(longest: int, model: str, found: "Checkpoint") -> None:
    """Refuse to write longer texts than a checkpoint has places for."""
    from textwright.networks.checkpoint_edges import find_edges

    most = found.positions - len(find_edges(found.folder).before)
    if found.positions and most < longest:
        what = f"decoder.max_tokens is {longest}; {model} writes {most}."
        raise RecipeError(what, f"Write max_tokens = {most} in [decoder].")


def check_windows(recipe: Recipe, found: "Checkpoint") -> None:
    """Refuse windows where one of them alone would speak for a text, or none has room for two."""
    assert recipe.decoder is not None
    if isinstance(recipe.decoder, SearchSettings | DrawSettings):
        what = "tokenizer.windows is above 1, and what is written from is read at once."
        raise RecipeError(what, "Write windows = 1.")
    if recipe.reads_pairs:
        what = "tokenizer.windows is above 1, and both texts of a pair are read at once."
        raise RecipeError(what, 'Write windows = 1, or form = "siamese" in [decoder].')
    pooling = found.pooling if recipe.decoder.pooling == "auto" else recipe.decoder.pooling
    if pooling in ("first", "last"):
        what = f"tokenizer.windows is above 1, and pooling {pooling!r} looks at one of them alone."
        raise RecipeError(what, 'Write windows = 1, or pooling = "mean" in [decoder].')


def check_found(found: "Checkpoint", model: str) -> None:
    """Refuse weights outside the artifact where the artifact would not find them.

    Raises ArtifactError saying what to set.
    """
    outside = [describe_file(each) for each in found.weights]
    try:
        read_outside(outside, model)
    except ArtifactError as error:
        hint = f"Set TEXTWRIGHT_WEIGHTS={found.folder}, here and wherever the model answers."
        raise ArtifactError(error.what, hint) from error


def checkpoint_digest(found: "Checkpoint") -> str:
    """SHA-256 over names and hashes of all files that a checkpoint consists of."""
    hashes = {str(each.relative_to(found.folder)): hash_file(each) for each in found.files()}
    return hashlib.sha256(canonical_json(hashes)).hexdigest()


def check_there(place: str, name: str) -> None:
    """Refuse a path where nothing lies."""
    if not place.startswith(PACKAGE) and not Path(place).exists():
        hint = "Check embedding.file: it is relative to the recipe."
        raise RecipeError(f"There is no file or folder {name!r}.", hint)


def check_words(vectors: Vectors, tokenizer: TokenizerSettings, file: str) -> str:
    """Refuse vectors of other words than a tokenizer makes; gives a note where nobody knows.

    Files of other programs name no tokenizer: they are taken where the tokenizer makes words.
    """
    kind, _, case = (vectors.tokenizer or "").partition(", ")
    if kind and kind != "spaces":
        check_same_words(tokenizer, CorpusSettings(kind, lowercase=case == "lowercase"), file)
        return ""
    if tokenizer.kind not in BY_WORDS:
        what = f"{file} holds words; the tokenizer {tokenizer.kind!r} makes none."
        raise RecipeError(what, 'Write kind = "words" in [tokenizer].')
    return f"{Path(file).name} does not say how its words were cut: look at the coverage."


def find_digest(place: str) -> str:
    """Give the SHA-256 that names a file, a folder or what a package carries.

    A folder with a manifest is held against it; raises ArtifactError for a damaged one.
    """
    if place.startswith(PACKAGE):
        folders = package_folders(place.removeprefix(PACKAGE))
        files = [path for folder in folders for path in folder.rglob("*")]
        return digest_of(path for path in files if path.suffix in (".npy", ".parquet"))
    path = Path(place)
    try:
        if path.is_file():
            return hash_file(path)
        if not (path / NAME).exists():
            return digest_of(each for each in path.iterdir() if each.is_file())
        check_files(path, read_manifest(path))
        return address_of(path)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error}.", "Check its permissions.") from error


def digest_of(paths: Iterable[Path]) -> str:
    """SHA-256 over names and hashes of several files, in whatever order they come."""
    return hashlib.sha256(
        canonical_json({each.name: hash_file(each) for each in paths})
    ).hexdigest()
