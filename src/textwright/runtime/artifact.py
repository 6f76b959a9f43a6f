"""An artifact on disk: sealed once, then opened and checked before anything in it is used."""

from dataclasses import dataclass
from pathlib import Path

from textwright.errors import ArtifactError, TextwrightError, UsageError
from textwright.manifest import (
    NAME,
    PARTS_ONLY,
    RESTORE,
    FileEntry,
    Manifest,
    address_of,
    check_files,
    read_manifest,
    write_manifest,
)
from textwright.recipe.data import GENERATE, WRITING
from textwright.recipe.file import check_recipe, read_toml
from textwright.recipe.parts import BagSettings, PretrainedSettings
from textwright.recipe.recipe import Recipe
from textwright.runtime.outside import read_outside
from textwright.text.edges import EDGES
from textwright.text.labels import Labels, read_labels

NETWORK, STEP, CHAT = "model.onnx", "step.onnx", "chat_template.jinja"
ANSWERING = ("recipe.toml", "labels.json", NETWORK)  # without these nothing answers


@dataclass(frozen=True)
class Artifact:
    """An opened artifact: what a model is, and where its files lie.

    address: SHA-256 of its manifest in hex.
    """

    folder: Path
    address: str
    manifest: Manifest
    recipe: Recipe
    labels: Labels

    @property
    def network(self) -> Path:
        """The exported network."""
        return self.folder / NETWORK

    def read_outside(self) -> dict[str, bytes]:
        """Give the content of the files that it needs and does not hold, by their names.

        Raises ArtifactError when they are not to be found on this machine, or are others.
        """
        encoder = self.recipe.encoder
        model = encoder.model if isinstance(encoder, PretrainedSettings) else ""
        return read_outside(self.manifest.outside, model)

    @property
    def step(self) -> Path:
        """The network that goes on by a token, of a task that writes."""
        return self.folder / STEP

    @property
    def chat_template(self) -> str | None:
        """How a checkpoint is shown a chat, as a Jinja template; None where it says nothing."""
        if CHAT not in {each.name for each in self.manifest.files}:
            return None
        return (self.folder / CHAT).read_text(encoding="utf-8")

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's file; the encoder ``bag`` has none."""
        return self.folder / "tokenizer.json"


def open_artifact(folder: Path | str, *, verify: bool = True) -> Artifact:
    """Open an artifact for answering.

    verify: hash every file first; leave it out only where that was just done.
    Raises ArtifactError naming the file that is missing, cut short, changed or not its own;
    UsageError for word vectors.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    check_answers(manifest, str(folder))
    check_complete(folder, manifest)
    if verify:
        check_files(folder, manifest)
    recipe = read_artifact_recipe(folder)
    if recipe.task != manifest.task or parts_of(recipe) != dict(manifest.parts):
        raise ArtifactError(f"{folder / 'recipe.toml'} is not of this artifact.", RESTORE)
    labels = read_labels(folder / "labels.json")
    return Artifact(folder, address_of(folder), manifest, recipe, labels)


def check_answers(manifest: Manifest, name: str) -> None:
    """Refuse an artifact that answers nothing by itself."""
    if manifest.task in PARTS_ONLY:
        what = f"{name} holds word vectors, which answer no text by themselves."
        raise UsageError(what, "Name them in the [embedding] of a recipe; see docs/vectors.md.")


def seal(folder: Path | str, outside: tuple[FileEntry, ...] | None = None) -> str:
    """Close a folder of files as an artifact: write its manifest, and give its address.

    outside: files that it needs and does not hold; None: those of the manifest before.
    Raises ArtifactError when a file that answering needs is missing, or one is none of ours.
    """
    folder = Path(folder)
    recipe = read_artifact_recipe(folder)
    if outside is None:
        outside = read_manifest(folder).outside if (folder / NAME).exists() else ()
    address = write_manifest(folder, recipe.task, parts_of(recipe), outside)
    check_complete(folder, read_manifest(folder))
    return address


def check_complete(folder: Path, manifest: Manifest) -> None:
    """Refuse a manifest that leaves out what answering needs."""
    named = {each.name for each in manifest.files}
    needed = [*ANSWERING, "tokenizer.json"] if "tokenizer" in manifest.parts else [*ANSWERING]
    if manifest.task in GENERATE:
        needed.append(STEP)
    if manifest.task in WRITING and manifest.parts["encoder"] == PretrainedSettings.kind:
        needed.append(EDGES)
    for name in needed:
        if name not in named:
            raise ArtifactError(f"{folder} has no {name}, which answering needs.", RESTORE)


def read_artifact_recipe(folder: Path) -> Recipe:
    """Read the recipe that an artifact was trained by."""
    path = folder / "recipe.toml"
    try:
        return check_recipe(read_toml(path))
    except TextwrightError as error:
        hint = "Install a newer textwright if it comes from one; else restore it from a backup."
        raise ArtifactError(f"{path} cannot be read: {error.what}", hint) from error


def parts_of(recipe: Recipe) -> dict[str, str]:
    """Name the kind of each part, as the manifest keeps it."""
    parts = {"encoder": recipe.encoder.kind}
    if recipe.embedding is not None:
        parts["embedding"] = recipe.embedding.kind
    if recipe.tokenizer is not None and not isinstance(recipe.encoder, BagSettings):
        parts["tokenizer"] = recipe.tokenizer.kind
    return parts
