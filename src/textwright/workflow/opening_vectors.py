"""Open word vectors by a path, a version or a package: without torch or numba."""

from pathlib import Path

from textwright.models import find_folder
from textwright.settings import Settings
from textwright.vectors.vectors import Vectors


def find_vectors(reference: Path | str, *, settings: Settings | None = None) -> Path:
    """Give the file or folder of the word vectors that a reference names.

    reference: a path; a version, ``helpdesk@1`` or ``helpdesk@latest``, whose artifact is checked;
               or ``package:NAME``, which is given back as it is.
    Raises UnknownNameError for an unknown version, ArtifactError for a damaged one.
    """
    path = Path(reference)
    if isinstance(reference, Path) or "@" not in reference or path.exists():
        return path
    return find_folder(reference, settings)


def open_vectors(reference: Path | str, *, settings: Settings | None = None) -> Vectors:
    """Open the word vectors that a reference names, as ``find_vectors`` takes it."""
    return Vectors.load(find_vectors(reference, settings=settings))
