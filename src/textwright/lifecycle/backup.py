"""Copy everything kept into a folder, and bring it back from one.

The folder holds the rows of every table as JSONL, all of one moment; the artifacts that versions
and runs refer to; and ``backup.json``, written last, with the hash of each file and the journal's
head. The same folder restores to SQLite or PostgreSQL. Held-out texts and records of answers are
left out: what is erased stays erased.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy import Table as Rows

from textwright.errors import RefusedError, UsageError
from textwright.lifecycle.artifacts import ArtifactStore, Store, flush_folder
from textwright.lifecycle.database import WRITES, Sessions, open_database
from textwright.lifecycle.schema import REVISION
from textwright.lifecycle.tables import UtcTime, utc_now
from textwright.lifecycle.tables_around import Count
from textwright.lifecycle.tables_served import SERVED
from textwright.lifecycle.verify import verify
from textwright.manifest import hash_file

TABLES: tuple[Rows, ...] = tuple(  # those referred to come first
    each for each in Count.metadata.sorted_tables if each.name not in SERVED
)
CONTENT = "backup.json"
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Backup:
    """What ``backup.json`` says of the folder it stands in.

    rows:   of each table.
    hashes: SHA-256 of each table's file.
    head:   sequence and hash of the newest event; None where there is no event yet.
    """

    revision: str
    created: str
    rows: dict[str, int]
    hashes: dict[str, str]
    artifacts: list[str]
    sequence: int
    head: str


def back_up(sessions: Sessions, store: Store, folder: Path) -> Backup:
    """Write a backup into a new folder, and check that it can be restored and is whole.

    Writers go on meanwhile. Raises RefusedError when the folder is there and not empty,
    ArtifactError when an artifact is damaged: then there is no backup.
    """
    if folder.exists() and any(folder.iterdir()):
        raise RefusedError(f"{folder} is not empty.", "Name a new folder for each backup.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        found = write_tables(sessions, unfinished)
        kept = ArtifactStore(unfinished / "artifacts")
        for address in found.artifacts:
            kept.put(store.folder(address))
        content = json.dumps(asdict(found), indent=1, sort_keys=True)
        (unfinished / CONTENT).write_text(content + "\n", encoding="utf-8")
        check_backup(unfinished)
        flush_folder(unfinished)
        unfinished.rename(folder)  # over an empty folder, too
        flush_folder(folder.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return found


def write_tables(sessions: Sessions, folder: Path) -> Backup:
    """Write the rows of every table as they are at one moment."""
    engine = sessions.engine
    if engine.dialect.name != "sqlite":  # SQLite's transactions see one moment anyway
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    rows, hashes = {}, {}
    with engine.connect() as connection:
        for table in TABLES:
            path = folder / f"{table.name}.jsonl"
            rows[table.name], hashes[table.name] = write_rows(connection, table, path)
        head = connection.execute(text("SELECT sequence, hash FROM head")).one()
        used = connection.scalars(
            text(
                "SELECT artifact FROM version UNION "
                "SELECT artifact FROM run WHERE artifact IS NOT NULL ORDER BY 1"
            )
        ).all()
    created = utc_now().isoformat(timespec="seconds")
    return Backup(REVISION, created, rows, hashes, list(used), head.sequence, head.hash)


def write_rows(connection: Connection, table: Rows, path: Path) -> tuple[int, str]:
    """Write one table; gives the number of rows and the hash of the file."""
    digest, number = hashlib.sha256(), 0
    query = select(table).order_by(*table.primary_key.columns)
    streamed = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
    with path.open("wb") as file:
        for row in streamed.mappings():
            line = (json.dumps(dict(row), default=write_value) + "\n").encode()
            digest.update(line)
            file.write(line)
            number += 1
        file.flush()
        os.fsync(file.fileno())
    return number, digest.hexdigest()


def write_value(value: object) -> str:
    """Write what JSON has no word for: a time."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is no value of a table")


def read_backup(folder: Path) -> Backup:
    """Read what a backup holds; raises UsageError when the folder is none, or of another schema."""
    try:
        found = Backup(**json.loads((folder / CONTENT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{folder} is no whole backup: {error}.", "Name a folder that `backup` wrote."
        ) from error
    if found.revision != REVISION:
        raise UsageError(
            f"{folder} was written with schema {found.revision}, this program has {REVISION}.",
            "Restore it with the version that wrote it, then upgrade that one.",
        )
    return found


def check_backup(folder: Path) -> None:
    """Restore a backup into a temporary file and check everything in it.

    Raises RefusedError, ArtifactError or UsageError when it is not whole.
    """
    with tempfile.TemporaryDirectory() as place:
        sessions = open_database(Path(place) / "textwright.db", create=True)
        try:
            fill(sessions, folder, read_backup(folder))
            refuse_broken(sessions, ArtifactStore(folder / "artifacts"), folder)
        finally:
            sessions.close()


def restore(folder: Path, sessions: Sessions, store: Store) -> Backup:
    """Bring a backup back into an empty database and an empty store, and check everything.

    Artifacts come first, the rows in one transaction after them: killed before its end, it can
    be called again. Raises RefusedError when something is there already or the backup is not
    whole.
    """
    found = read_backup(folder)
    others = sorted(set(store.addresses()) - set(found.artifacts))
    with sessions() as session:
        begun = session.scalar(text("SELECT sequence FROM head"))
    if others or begun:
        raise RefusedError(
            "There is a registry already: restoring would mix the two.",
            "Restore into an empty home: set TEXTWRIGHT_HOME to a new folder.",
        )
    kept = ArtifactStore(folder / "artifacts")
    for address in found.artifacts:
        store.put(kept.folder(address))
    fill(sessions, folder, found)
    refuse_broken(sessions, store, folder)
    return found


def refuse_broken(sessions: Sessions, store: Store, folder: Path) -> None:
    """Raise RefusedError naming what is broken in what was restored."""
    broken = [each.what for each in verify(sessions, store) if each.broken]
    if broken:
        raise RefusedError(
            f"What {folder} holds is broken: {broken[0]}", "`textwright verify` names everything."
        )


def fill(sessions: Sessions, folder: Path, found: Backup) -> None:
    """Insert all rows of a backup in one transaction; raises RefusedError for a changed file."""
    with sessions.engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(text("DELETE FROM head"))
        for table in TABLES:
            path = folder / f"{table.name}.jsonl"
            if not path.is_file() or hash_file(path) != found.hashes.get(table.name):
                raise RefusedError(f"{path} is missing, or was changed.", "Take another backup.")
            for rows in read_rows(path, table):
                connection.execute(table.insert(), rows)
            if connection.dialect.name == "postgresql":
                go_on_counting(connection, table)


def read_rows(path: Path, table: Rows) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a table's file, a thousand at once."""
    times = [column.name for column in table.columns if isinstance(column.type, UtcTime)]
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            for name in times:
                row[name] = row[name] and datetime.fromisoformat(row[name])
            rows.append(row)
            if len(rows) == ROWS_AT_ONCE:
                yield rows
                rows = []
    if rows:
        yield rows


def go_on_counting(connection: Connection, table: Rows) -> None:
    """Let PostgreSQL hand out ids after those restored."""
    column = table.autoincrement_column
    if column is not None:
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "
                f"(SELECT coalesce(max({column.name}), 0) + 1 FROM {table.name}), false)"
            )
        )
