"""What should answer, as the database says: one version a model, with its artifact's address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textwright.lifecycle.artifacts import Store
from textwright.lifecycle.pointer import PointerReader

TIMEOUT_S = 2.0  # a database that takes longer is treated as away


@dataclass(frozen=True)
class Target:
    """The version a deployment row names, and its artifact's address."""

    version: int
    address: str


@dataclass(frozen=True)
class Source:
    """Where targets and artifacts come from.

    targets: the version that should answer, by model; raises DatabaseError when it is away.
    folder:  the checked folder of an artifact; raises ArtifactError.
    """

    targets: Callable[[], Mapping[str, Target]]
    folder: Callable[[str], Path]


def database_source(database: str, artifacts: Store) -> Source:
    """Take targets from the database and artifacts from their store.

    The database is opened when it is first read, and again after it was away.
    """
    reader = PointerReader(database, timeout_s=TIMEOUT_S)
    return Source(lambda: read_targets(reader), artifacts.folder)


def read_targets(reader: PointerReader) -> dict[str, Target]:
    """Read the stable version of each model that has one; raises DatabaseError."""
    return {
        name: Target(pointer.stable.number, pointer.stable.artifact)
        for name, pointer in reader.read().items()
        if pointer.stable is not None
    }
