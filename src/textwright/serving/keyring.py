"""Keys as the database has them, read and their use noted without SQLAlchemy."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from textwright.errors import TextwrightError
from textwright.lifecycle.driver import Driver
from textwright.lifecycle.pointer import PointerReader
from textwright.lifecycle.roles import Caller
from textwright.serving.access import KeySource, Known
from textwright.serving.deployments import TIMEOUT_S
from textwright.serving.keep import Keep

READ_KEYS = """
SELECT "key".id, "key".digest, principal.name, principal.role, "key".expires_at
FROM "key" JOIN principal ON principal.id = "key".principal_id
WHERE "key".revoked_at IS NULL
"""
NOTE_USE = 'UPDATE "key" SET last_used_at = ? WHERE id = ?'
LOG = logging.getLogger(__name__)


def database_keys(keep: Keep) -> KeySource:
    """Take keys from the database, over a connection of their own."""
    reader = PointerReader(keep.settings.database, timeout_s=TIMEOUT_S)

    def note(keys: list[int]) -> None:
        try:
            keep.pool.submit(note_uses, keep, keys)
        except RuntimeError:  # the server is on its way out
            LOG.info("the last use of some keys was not noted")

    return KeySource(lambda: read_keys(reader), note, reader.close)


def read_keys(reader: PointerReader) -> dict[str, Known]:
    """Read every key that was not revoked, by its digest; raises DatabaseError."""
    rows = reader.ask(READ_KEYS)
    return {row[1]: to_known(row) for row in rows}


def to_known(row: Sequence[Any]) -> Known:
    """Build a key from a row of ``READ_KEYS``."""
    key, digest, name, role, expires = row
    return Known(digest, Caller(key, name, role), seconds_of(expires))


def seconds_of(stated: datetime | str | None) -> float:
    """Read a time as the database gives it: SQLite keeps text in UTC without saying so."""
    if stated is None:
        return float("inf")
    if isinstance(stated, str):
        stated = datetime.fromisoformat(stated).replace(tzinfo=UTC)
    return stated.timestamp()


def note_uses(keep: Keep, keys: list[int]) -> None:
    """Write that keys were used, in a thread of the keep; not doing so harms nobody."""
    try:
        with Driver(keep.settings.database, writes=True) as driver, driver.transaction():
            now = driver.moment(datetime.now(UTC))
            driver.ask_many(NOTE_USE, [(now, key) for key in sorted(keys)])
    except TextwrightError as error:
        LOG.warning("the last use of some keys was not noted: %s", error.what)
