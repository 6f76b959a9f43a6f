"""What a server needs to know of the deployments, read without SQLAlchemy.

The import of SQLAlchemy's ORM takes longer than everything else a server imports; this file
reads the same two tables through the driver alone. It writes nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from textwright.errors import DatabaseError, MissingExtraError
from textwright.lifecycle.schema import (
    READ_REVISION,
    check_revision,
    explain,
    missing,
    sqlite_path,
)

READ_POINTERS = """
SELECT model.name, deployment.generation, deployment.state, deployment.share,
       deployment.stable, stable.artifact,
       deployment.candidate, candidate.artifact,
       deployment.shadow, shadow.artifact,
       deployment.salt, deployment.policy
FROM deployment
JOIN model ON model.id = deployment.model_id
LEFT JOIN version AS stable
       ON stable.model_id = deployment.model_id AND stable.number = deployment.stable
LEFT JOIN version AS candidate
       ON candidate.model_id = deployment.model_id AND candidate.number = deployment.candidate
LEFT JOIN version AS shadow
       ON shadow.model_id = deployment.model_id AND shadow.number = deployment.shadow
ORDER BY model.name
"""
READ_ARTIFACT = """
SELECT version.artifact FROM version JOIN model ON model.id = version.model_id
WHERE model.name = ? AND version.number = ?
"""
READ_VERSIONS = """
SELECT version.number, version.artifact FROM version JOIN model ON model.id = version.model_id
WHERE model.name = ? ORDER BY version.number
"""


@dataclass(frozen=True)
class Served:
    """A version's number and the address of its artifact."""

    number: int
    artifact: str


@dataclass(frozen=True)
class Pointer:
    """A model's deployment: which versions answer, and what share of callers the candidate has.

    salt:     what ``traffic`` places callers with; empty without a rollout.
    settings: of the rollout under way, by name: what the servers count and against what.
    """

    model: str
    generation: int
    state: str
    share: float
    stable: Served | None
    candidate: Served | None
    shadow: Served | None
    salt: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


class PointerReader:
    """Reads deployments over one connection of its own; one thread at a time uses it.

    After a DatabaseError the next call connects anew, so a reader survives its server.
    """

    def __init__(self, address: str | Path, *, timeout_s: float = 5.0) -> None:
        self.address = str(address)
        self.path = sqlite_path(address)
        self.timeout_s = timeout_s
        self.connection: Any = None
        self.file: tuple[int, int] | None = None  # which file is open, whatever its name is now

    def read(self) -> dict[str, Pointer]:
        """Every model's pointer by name; raises DatabaseError."""
        return {row[0]: to_pointer(row) for row in self.ask(READ_POINTERS)}

    def find_artifact(self, model: str, number: int) -> str | None:
        """Address of a version's artifact; None where there is no such version."""
        rows = self.ask(READ_ARTIFACT, (model, number))
        return str(rows[0][0]) if rows else None

    def list_versions(self, model: str) -> dict[int, str]:
        """Address of each version of a model, by number, oldest first; empty without the model."""
        return {row[0]: str(row[1]) for row in self.ask(READ_VERSIONS, (model,))}

    def ask(self, query: str, values: tuple[object, ...] = ()) -> Sequence[Sequence[Any]]:
        """Run one query, in a transaction of its own."""
        try:
            if self.connection is not None and self.is_replaced():
                self.close()
            if self.connection is None:
                self.connection = self.connect()
            marked = query if self.path else query.replace("?", "%s")
            rows: Sequence[Sequence[Any]] = self.connection.execute(marked, values).fetchall()
        except DatabaseError:
            raise
        except Exception as error:  # each driver has its own classes
            self.close()
            raise explain(error, self.where()) or error from error
        return rows

    def is_replaced(self) -> bool:
        """Whether the open file was taken away, or another was put in its place.

        SQLite would go on to read the one it has open, and see no change ever again.
        """
        return self.path is not None and self.file != find_file(self.path)

    def connect(self) -> Any:
        """Connect, and see that the schema is the one this program knows."""
        connection = self.connect_sqlite(self.path) if self.path else self.connect_postgresql()
        try:
            try:
                found = connection.execute(READ_REVISION).fetchone()
            except Exception as error:
                if "alembic_version" not in str(error):  # both drivers name the missing table
                    raise
                found = None
            check_revision(found[0] if found else None, self.where())
        except BaseException:
            connection.close()
            raise
        return connection

    def connect_sqlite(self, path: Path) -> sqlite3.Connection:
        """Open the file for reading; it is not created."""
        if not path.is_file():
            raise missing(self.where())
        self.file = find_file(path)
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=self.timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )

    def connect_postgresql(self) -> Any:
        """Connect to the server; every query is a transaction of its own."""
        try:
            import psycopg
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "PostgreSQL needs psycopg.", "Install it: pip install 'textwright[postgres]'."
            ) from error
        address = "postgresql://" + self.address.split("://", 1)[1]
        return psycopg.connect(
            address,
            autocommit=True,
            connect_timeout=max(2, round(self.timeout_s)),
            tcp_user_timeout=round(self.timeout_s * 1000),  # a server that fell silent is away too
        )

    def where(self) -> str:
        """Where the database is, without a password."""
        return str(self.path) if self.path else self.address.split("@")[-1]

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def __enter__(self) -> PointerReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def to_pointer(row: Sequence[Any]) -> Pointer:
    """Build a pointer from a row of ``READ_POINTERS``."""
    stable, candidate, shadow = (
        None if row[place] is None else Served(row[place], row[place + 1]) for place in (4, 6, 8)
    )
    policy = json.loads(row[11]) if isinstance(row[11], str) else row[11]  # SQLite keeps text
    settings = policy.get("settings", {})
    model, generation, state, share = row[:4]
    return Pointer(model, generation, state, share, stable, candidate, shadow, row[10], settings)


def find_file(path: Path) -> tuple[int, int] | None:
    """Tell which file has a name: its device and number there, or None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
