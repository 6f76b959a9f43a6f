"""Weights that an artifact names and does not hold: found on this machine, checked, read."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from textwright.errors import ArtifactError
from textwright.manifest import FileEntry
from textwright.recipe.packages import PACKAGE, package_folders
from textwright.settings import find_weights


def read_outside(files: Sequence[FileEntry], model: str) -> dict[str, bytes]:
    """Give the content of files that lie outside an artifact, by their names.

    model: what the recipe's encoder is built on; a package's files are looked for in it, all
           others in the folders of TEXTWRIGHT_WEIGHTS.
    Raises ArtifactError naming the file and its hash when it is not there, or is another.
    """
    folders = [*find_weights(), *packaged(model)]
    return {each.name: read_one(each, folders, model) for each in files}


def read_one(file: FileEntry, folders: Sequence[Path], model: str) -> bytes:
    """Give the content of one file, out of the first folder that has it as it should be."""
    others = []
    for path in (folder / file.name for folder in folders):
        if not path.is_file():
            continue
        content = path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found == file.sha256:
            return content
        others.append(f"{path} has SHA-256 {found}")
    hint = f"Write the folder that has {model} into TEXTWRIGHT_WEIGHTS; several with ':' between."
    if model.startswith(PACKAGE):
        hint = f"Install the very version it was trained with: {model.removeprefix(PACKAGE)}."
    what = f"The artifact keeps its weights outside, in {file.name} with SHA-256 {file.sha256}"
    raise ArtifactError(f"{what}; {', '.join(others) or 'it was not found'}.", hint)


def packaged(model: str) -> Iterator[Path]:
    """Give the folders of a package that hold weights; none for a model that is no package."""
    name = model.removeprefix(PACKAGE)
    for root in package_folders(name) if name != model else ():
        yield from sorted({path.parent for path in root.rglob("*.safetensors")})
