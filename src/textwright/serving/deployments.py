"""What should answer, as the database says: one version a model, with its artifact's address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.tables import Deployment, Model, Version

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


class DeploymentRows:
    """The deployment rows of a database, which may be away for a time."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.sessions: Sessions | None = None

    def read(self) -> dict[str, Target]:
        """Read what should answer now, opening the database anew if it was away.

        Raises DatabaseError.
        """
        if self.sessions is None:
            self.sessions = open_database(self.database, timeout_s=TIMEOUT_S)
        query = (
            select(Model.name, Version.number, Version.artifact)
            .join(Deployment, Deployment.model_id == Model.id)
            .join(
                Version,
                (Version.model_id == Model.id) & (Version.number == Deployment.stable),
            )
        )
        try:
            with self.sessions() as session:
                return {
                    name: Target(number, artifact)
                    for name, number, artifact in session.execute(query)
                }
        except BaseException:
            self.sessions.close()
            self.sessions = None
            raise


def database_source(database: str, artifacts: str) -> Source:
    """Take targets from the database and artifacts from their store."""
    return Source(DeploymentRows(database).read, ArtifactStore(artifacts).folder)
