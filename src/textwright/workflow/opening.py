"""Open the database and the artifact store of a home for the length of one piece of work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from textwright.lifecycle.artifacts import Store
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.registry import find_version, list_running
from textwright.lifecycle.remote import open_store
from textwright.lifecycle.tables import Run
from textwright.lifecycle.verify import Problem
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import Artifact, open_artifact
from textwright.settings import Settings, find_settings


@dataclass(frozen=True)
class Keep:
    """Everything kept: settings, database, artifacts."""

    settings: Settings
    sessions: Sessions
    store: Store


@contextmanager
def open_keep(settings: Settings | None = None) -> Iterator[Keep]:
    """Open what ``settings`` point to, or what is found from the working folder; then close it.

    Raises SettingsError without a home, DatabaseError when the database cannot be used.
    """
    settings = settings or find_settings()
    sessions = open_database(settings.database)
    try:
        yield Keep(settings, sessions, open_store(settings.artifacts, settings.cache))
    finally:
        sessions.close()


@dataclass(frozen=True)
class Found:
    """A version with its verified artifact."""

    name: str
    artifact: Artifact


def find_artifact(keep: Keep, reference: str) -> Found:
    """Find a version by ``intents@3``, ``@production``, ``@latest``; verify its artifact.

    Raises UnknownNameError with the nearest name, ArtifactError when it was changed.
    """
    with keep.sessions() as session:
        version = find_version(session, reference)
        name, address = version.name, version.artifact
    return Found(name, open_artifact(keep.store.folder(address), verify=False))


def find_answerer(reference: str | Path, *, threads: int, settings: Settings | None) -> Answerer:
    """Open a version by its name, or an artifact by its folder, to answer."""
    if Path(reference).is_dir():
        return Answerer(open_artifact(Path(reference)), threads=threads)
    with open_keep(settings) as keep:
        return Answerer(find_artifact(keep, str(reference)).artifact, threads=threads)


def find_strays(keep: Keep) -> list[Problem]:
    """Name folders of records and runs that belong to nothing the database knows."""
    with keep.sessions() as session:
        known = set(session.scalars(select(Run.artifact).where(Run.artifact.is_not(None))))
        working = {Path(each.folder) for each in list_running(session)}
    return [
        Problem("stray", False, f"{path} belongs to no {what}.")
        for folder, what, kept in (
            (
                keep.settings.records,
                "artifact",
                {keep.settings.records / str(each) for each in known},
            ),
            (keep.settings.runs, "run under way", working),
        )
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path not in kept
    ]
