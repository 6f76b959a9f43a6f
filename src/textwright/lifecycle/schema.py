"""Which schema a database has, told without SQLAlchemy or Alembic: importing them takes long.

Measured: importing SQLAlchemy's ORM, opening and reading one row takes 0.33 s of processor time,
Alembic 0.1 s more; ``pointer`` with this file reads the same row in 0.03 s, imports included.
"""

from pathlib import Path
from urllib.parse import unquote

from textwright.errors import DatabaseError

REVISION = "0003"  # of the newest file in migrations/versions; a test holds them together
READ_REVISION = "SELECT version_num FROM alembic_version"
UPGRADE = "Run `textwright db upgrade`; a backup before it does no harm."


def sqlite_path(address: str | Path) -> Path | None:
    """File of an SQLite database; None for another kind.

    address: a path, or an SQLAlchemy URL.
    """
    text = str(address)
    if "://" not in text:
        return Path(text)
    driver, rest = text.split("://", 1)
    if driver.split("+")[0] != "sqlite":
        return None
    return Path(unquote(rest.split("?")[0].removeprefix("/")))


def check_revision(found: str | None, where: str) -> None:
    """Refuse a database whose schema is not this program's.

    found: its revision, None where it has none.
    Raises DatabaseError, saying what to do.
    """
    if found is None:
        raise missing(where)
    if found > REVISION:
        raise DatabaseError(
            f"{where} has schema {found}, newer than this program, which knows {REVISION}.",
            "Install a newer textwright.",
        )
    if found < REVISION:
        raise DatabaseError(f"{where} has schema {found}, this program needs {REVISION}.", UPGRADE)


def missing(where: str) -> DatabaseError:
    """Build the error for a database that is not there or holds none of our tables."""
    return DatabaseError(
        f"There is no textwright database at {where}.",
        "`textwright train` creates one, and so does `textwright db upgrade`; "
        "TEXTWRIGHT_HOME and TEXTWRIGHT_DATABASE say where it is.",
    )


def explain(error: BaseException, where: str) -> DatabaseError | None:
    """Say what a driver's error means; None when it is none that a user can act on."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        reason = SQLITE_REASONS.get(code & 0xFF)  # the upper bits only refine it
    elif type(error).__module__.startswith("psycopg"):
        state = getattr(error, "sqlstate", None)
        reason = postgresql_reason(state, type(error).__name__)
    else:
        return None
    if reason is None:
        return None
    what, hint = reason
    return DatabaseError(f"The database {where} {what} ({str(error).strip()}).", hint)


def postgresql_reason(state: str | None, kind: str) -> tuple[str, str] | None:
    """Reason by SQLSTATE; an OperationalError without one never reached the server."""
    if state is None:
        return UNREACHABLE if kind in ("OperationalError", "ConnectionTimeout") else None
    for prefix, reason in POSTGRESQL_REASONS.items():
        if state.startswith(prefix):
            return reason
    return None


LOCKED = ("is locked by another process", "Try again; if it lasts, find who holds it open.")
FULL = ("has no room left on its disk", "Make room and try again: nothing was changed.")
UNREACHABLE = ("cannot be reached", "Check that the server runs and the address is right.")
NOT_OURS = ("is damaged, or no database", "Restore it from a backup, or name another file.")
UNUSABLE = ("cannot be opened or written", "Check that the folder exists and who may write in it.")
SQLITE_REASONS = {
    5: LOCKED,  # SQLITE_BUSY
    6: LOCKED,  # SQLITE_LOCKED
    8: UNUSABLE,  # SQLITE_READONLY
    10: UNUSABLE,  # SQLITE_IOERR
    11: NOT_OURS,  # SQLITE_CORRUPT
    13: FULL,  # SQLITE_FULL
    14: UNUSABLE,  # SQLITE_CANTOPEN
    26: NOT_OURS,  # SQLITE_NOTADB
}
POSTGRESQL_REASONS = {
    "55P03": LOCKED,  # lock_not_available
    "40P01": LOCKED,  # deadlock_detected
    "53": FULL,  # insufficient resources, disk_full among them
    "08": UNREACHABLE,  # connection exceptions
    "57P": UNREACHABLE,  # shut down while we were connected
    "28": ("refuses us", "Check user and password in TEXTWRIGHT_DATABASE."),
    "3D": ("does not exist", "Create it on the server first, then `textwright db upgrade`."),
}
