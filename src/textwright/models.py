"""Load a model by its name or its folder, ready to answer; without torch or numba."""

from pathlib import Path

from textwright.errors import UsageError
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.settings import Settings, find_settings


def load(reference: str | Path, *, settings: Settings | None = None, threads: int = 1) -> Answerer:
    """Load a model.

    reference: a folder with an artifact, or a version by name: ``intents@production``,
               ``intents@candidate``, ``intents@latest``, ``intents@3``.
    settings:  where the database and the artifacts are; found as the command line finds them.
    threads:   cores that one call may use.
    Raises UnknownNameError, ArtifactError, DatabaseError, SettingsError; UsageError when the
    reference is neither.
    """
    return Answerer(open_artifact(find_folder(reference, settings)), threads=threads)


def find_folder(reference: str | Path, settings: Settings | None = None) -> Path:
    """Give the folder of the artifact that a reference names."""
    folder = Path(reference)
    if isinstance(reference, Path) or folder.is_dir():
        return folder
    if "@" not in reference:
        raise UsageError(
            f"There is no folder {reference!r}.",
            f"For the model of that name write {reference}@production.",
        )
    return find_artifact(reference, settings or find_settings())


def find_artifact(reference: str, settings: Settings) -> Path:
    """Give the checked folder of a version's artifact."""
    from textwright.lifecycle.database import open_database
    from textwright.lifecycle.registry import find_version
    from textwright.lifecycle.remote import open_store

    sessions = open_database(settings.database)
    try:
        with sessions() as session:
            address = find_version(session, reference).artifact
    finally:
        sessions.close()
    return open_store(settings.artifacts, settings.cache).folder(address)
