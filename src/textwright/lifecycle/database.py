"""Open the database: SQLite or PostgreSQL, checked to be of the schema this program knows.

``sessions()`` gives a session for reading. ``sessions.begin()`` gives one for writing and the
transaction around it; on SQLite it holds the write lock from its first moment, so that what it
read cannot have changed when it writes.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from textwright.errors import DatabaseError, MissingExtraError
from textwright.lifecycle.driver import PRAGMAS
from textwright.lifecycle.schema import (
    READ_REVISION,
    REVISION,
    check_revision,
    explain,
    missing,
    sqlite_path,
)

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 7_309_453  # any number of our own: PostgreSQL's advisory lock around an upgrade
WRITES = "textwright_writes"  # option of a connection whose transactions will write
TIMEOUT_S = 30.0


class Sessions(sessionmaker[Session]):
    """Makes sessions; one made by ``begin`` may write. What they loaded stays usable after."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.engine = engine
        self.writing = engine.execution_options(**{WRITES: True})  # the same pool

    def begin(self) -> AbstractContextManager[Session]:
        """Open a session for writing: committed at the end of the block, or rolled back."""

        @contextmanager
        def transaction() -> Iterator[Session]:
            with self(bind=self.writing) as session, session.begin():
                yield session

        return transaction()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(
    address: str | Path, *, create: bool = False, timeout_s: float = TIMEOUT_S
) -> Sessions:
    """Open a database that has the schema of this program.

    address:   a file of SQLite, or an SQLAlchemy URL of SQLite or PostgreSQL.
    create:    make the schema where there is none yet; one that is older stays as it is.
    timeout_s: how long to wait for another process's lock.
    Raises DatabaseError when it is missing, unreachable, locked, older or newer.
    """
    url = database_url(address)
    where = url.render_as_string(hide_password=True)
    path = sqlite_path(address)
    if path is not None and not path.is_file() and not create:
        raise missing(where)
    engine = make_engine(url, timeout_s)
    try:
        found = read_revision(engine)
        if found is None and create:
            upgrade(engine)
        else:
            check_revision(found, where)
    except BaseException:
        engine.dispose()
        raise
    return Sessions(engine)


def upgrade_database(address: str | Path, *, timeout_s: float = TIMEOUT_S) -> str:
    """Bring a database to this program's schema, or create it, and return the revision.

    All steps are one transaction. Raises DatabaseError when the database is newer.
    """
    url = database_url(address)
    engine = make_engine(url, timeout_s)
    try:
        found = read_revision(engine)
        if found is not None and found > REVISION:
            check_revision(found, url.render_as_string(hide_password=True))
        upgrade(engine)
    finally:
        engine.dispose()
    return REVISION


def database_url(address: str | Path) -> URL:
    """Turn a path or an SQLAlchemy URL into a URL; raises DatabaseError for any other."""
    if "://" not in str(address):
        return URL.create("sqlite", database=str(address))
    try:
        url = make_url(str(address))
    except ArgumentError as error:
        raise unsupported("The database address cannot be read.") from error
    if url.get_backend_name() == "postgresql" and url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg") or not url.database:
        raise unsupported(f"The database address asks for {url.drivername!r}.")
    return url


def unsupported(what: str) -> DatabaseError:
    """Build the error for an address of no database that we keep."""
    return DatabaseError(
        what, "Write a file, sqlite:////path/file.db, or postgresql+psycopg://user@host/name."
    )


def make_engine(url: URL, timeout_s: float) -> Engine:
    """Make the engine, with the settings that keep what was committed."""
    sqlite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = (
        {"timeout": timeout_s}
        if sqlite
        else {
            "connect_timeout": max(2, round(timeout_s)),
            "options": f"-c lock_timeout={round(timeout_s * 1000)}",
        }
    )
    try:
        engine = create_engine(url, connect_args=arguments, pool_pre_ping=not sqlite)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "PostgreSQL needs psycopg.", "Install it: pip install 'textwright[postgres]'."
        ) from error
    if sqlite:
        event.listen(engine, "connect", prepare_connection)
        event.listen(engine, "begin", begin_transaction)
    event.listen(engine, "handle_error", translate_error)
    return engine


def prepare_connection(connection: Any, _record: object) -> None:
    """Set a new connection of SQLite up: nothing committed is lost, foreign keys hold.

    ``isolation_level = None`` stops the driver from beginning transactions on its own;
    ``begin_transaction`` does. With recursive_triggers, REPLACE fires the triggers on DELETE.
    """
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def begin_transaction(connection: Connection) -> None:
    """Begin a transaction; one that will write takes the lock at once, not half-way."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def translate_error(context: ExceptionContext) -> None:
    """Turn a driver's error that a user can act on into a DatabaseError."""
    where = context.engine.url.render_as_string(hide_password=True) if context.engine else ""
    explained = explain(context.original_exception, where)
    if explained is not None:
        raise explained from context.original_exception


def read_revision(engine: Engine) -> str | None:
    """Revision of a database's schema; None where it has none."""
    with engine.connect() as connection:
        try:
            return connection.scalars(text(READ_REVISION)).one_or_none()
        except DBAPIError:
            connection.rollback()
            if inspect(connection).has_table("alembic_version"):
                raise
            return None


def keep_write_ahead_log(engine: Engine) -> None:
    """Let a file of SQLite be read while it is written; the file remembers it."""
    pooled = engine.raw_connection()
    try:
        pooled.cursor().execute("PRAGMA journal_mode = WAL")  # cannot run in a transaction
    except engine.dialect.loaded_dbapi.Error as error:
        raise explain(error, str(engine.url)) or error from error
    finally:
        pooled.close()


def upgrade(engine: Engine) -> None:
    """Run the revisions that are missing, in one transaction, one process at a time."""
    from alembic import command  # 0.3 s that only an upgrade pays
    from alembic.config import Config

    sqlite = engine.dialect.name == "sqlite"
    if sqlite:
        keep_write_ahead_log(engine)
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
