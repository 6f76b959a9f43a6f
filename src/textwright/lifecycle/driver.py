"""One connection to the database through its driver alone: SQLite or PostgreSQL.

For what a server does all the time. SQLAlchemy's ORM takes 20 MB of memory, and longer to import
than everything else a server imports. SQL is written with ``?`` for each value.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from textwright.errors import DatabaseError, MissingExtraError
from textwright.lifecycle.schema import (
    READ_REVISION,
    check_revision,
    explain,
    missing,
    sqlite_path,
)

T = TypeVar("T")
Values = Sequence[object]
PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON")  # as writers need


class Driver:
    """Asks and writes over one connection of its own; one thread at a time uses it.

    After an error the next call connects anew, so it survives its server.
    writes: it may write; on SQLite a file that is opened for reading is never changed.
    """

    def __init__(
        self, address: str | Path, *, timeout_s: float = 5.0, writes: bool = False
    ) -> None:
        self.address = str(address)
        self.path = sqlite_path(address)
        self.timeout_s = timeout_s
        self.writes = writes
        self.connection: Any = None
        self.file: tuple[int, int] | None = None  # which file is open, whatever its name is now

    def ask(self, query: str, values: Values = ()) -> Sequence[Sequence[Any]]:
        """Run one statement and give its rows; alone, it is a transaction of its own.

        Raises DatabaseError, or the driver's error where a user can do nothing about it.
        """

        def run(connection: Any) -> Sequence[Sequence[Any]]:
            cursor = connection.execute(self.marked(query), values)
            return cursor.fetchall() if cursor.description else ()

        return self.run(run)

    def ask_many(self, query: str, rows: Sequence[Values]) -> None:
        """Run one statement for each row of values; raises as ``ask``."""
        self.run(lambda connection: connection.cursor().executemany(self.marked(query), rows))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block what is asked in it, or nothing of it."""
        self.ask("BEGIN IMMEDIATE" if self.path else "BEGIN")
        try:
            yield
            self.ask("COMMIT")
        except BaseException:
            self.close()  # which rolls back
            raise

    def moment(self, at: datetime) -> datetime | str:
        """Give a time as the database compares it: SQLite has text in UTC."""
        in_utc = at.astimezone(UTC)
        return in_utc.replace(tzinfo=None).isoformat(" ", "microseconds") if self.path else in_utc

    def marked(self, query: str) -> str:
        """Write a query's values as the driver marks them."""
        return query if self.path else query.replace("?", "%s")

    def run(self, work: Callable[[Any], T]) -> T:
        """Do something with the connection; a broken one is closed."""
        try:
            if self.is_replaced():
                self.close()
            if self.connection is None:
                self.connection = self.connect()
            return work(self.connection)
        except DatabaseError:
            raise
        except Exception as error:  # each driver has its own classes
            self.close()
            raise explain(error, self.where()) or error from error

    def is_replaced(self) -> bool:
        """Whether the open file was taken away, or another was put in its place.

        SQLite would go on with the one it has open, and see no change ever again.
        """
        if self.path is None or self.connection is None or self.connection.in_transaction:
            return False
        return self.file != find_file(self.path)

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
        """Open the file; it is not created."""
        if not path.is_file():
            raise missing(self.where())
        self.file = find_file(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'rw' if self.writes else 'ro'}",
            uri=True,
            timeout=self.timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        for pragma in PRAGMAS if self.writes else ():
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def connect_postgresql(self) -> Any:
        """Connect to the server; every query is a transaction of its own, unless one is begun."""
        try:
            import psycopg
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "PostgreSQL needs psycopg.", "Install it: pip install 'textwright[postgres]'."
            ) from error
        address = "postgresql://" + self.address.split("://", 1)[1]
        wait_ms = round(self.timeout_s * 1000)
        return psycopg.connect(
            address,
            autocommit=True,
            connect_timeout=max(2, round(self.timeout_s)),
            tcp_user_timeout=wait_ms,  # a server that fell silent is away too
            options=f"-c lock_timeout={wait_ms}",
        )

    def where(self) -> str:
        """Where the database is, without a password."""
        return str(self.path) if self.path else self.address.split("@")[-1]

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self.connection is not None:
            with suppress(Exception):  # one that broke may say so once more
                self.connection.close()
            self.connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def find_file(path: Path) -> tuple[int, int] | None:
    """Tell which file has a name: its device and number there, or None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
