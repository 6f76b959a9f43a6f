"""Records of answers, written in batches through the database's driver alone.

What stands in a row is what the recipe of the version lets stand. Callers and texts are hashed
under a secret that all servers of a household share through the database: equal ones are found
again, and a list of names or sentences hashed elsewhere finds nothing.

A server writes them all day: SQLAlchemy would cost it 20 MB, and its models stay the truth of
the table (the tests read with them what is written here).
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from secrets import token_hex
from typing import NamedTuple

from textwright.lifecycle.driver import Driver

ID = re.compile(r"[0-9a-f]{24}")  # of an answer
SECRET = "records"
SECRET_BYTES = 32
HASH_BYTES = 16  # half of the characters that a column of a hash has
CALLER, TEXT = b"caller", b"text"  # what a hash is of
FIND_MODEL = """
SELECT model.id FROM version JOIN model ON model.id = version.model_id
WHERE model.name = ? AND version.number = ?
"""
READ_SECRET = "SELECT value FROM secret WHERE name = ?"
ADD_SECRET = "INSERT INTO secret (name, value, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
ADD_RECORD = """
INSERT INTO prediction (id, model_id, version, answered_at, expires_at, seconds, request,
                        caller, digest, text, label, score, abstained, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


class Record(NamedTuple):
    """One answer, and how much of it may be kept; a tuple, for it is made for each answer given.

    at:     seconds since 1970.
    request: id of its request.
    caller: who asked, as the request said; empty: nobody said.
    label, score, abstained: None where the text was not answered, or not with a label.
    error:  code of what went wrong; None: nothing did.
    keep:   text, hash or nothing, of text and caller.
    days:   it is kept; 0: until it is erased.
    """

    id: str
    model: str
    version: int
    at: float
    seconds: float
    request: str
    caller: str
    text: str
    label: str | None
    score: float | None
    abstained: bool | None
    error: str | None
    keep: str
    days: int


def add_records(driver: Driver, records: Sequence[Record]) -> int:
    """Write answers in one transaction; gives how many of them name a known version.

    Writing the same ones again changes nothing, so a batch may be repeated when nobody knows
    whether it was committed. Raises DatabaseError, or the driver's error for rows it refuses.
    """
    with driver.transaction():
        models: dict[tuple[str, int], int] = {}
        for key in {(each.model, each.version) for each in records}:
            models.update((key, row[0]) for row in driver.ask(FIND_MODEL, key))
        known = [each for each in records if (each.model, each.version) in models]
        if known:
            secret = read_secret(driver)
            rows = [
                make_row(driver, each, models[each.model, each.version], secret) for each in known
            ]
            driver.ask_many(ADD_RECORD, rows)
    return len(known)


def make_row(driver: Driver, record: Record, model_id: int, secret: bytes) -> tuple[object, ...]:
    """Give the values of ``ADD_RECORD``, with no more of text and caller than may be kept."""
    at = datetime.fromtimestamp(record.at, UTC)
    hashed = record.keep != "nothing"
    return (
        record.id,
        model_id,
        record.version,
        driver.moment(at),
        driver.moment(at + timedelta(days=record.days)) if record.days else None,
        record.seconds,
        record.request,
        hash_of(secret, CALLER, record.caller) if hashed and record.caller else None,
        hash_of(secret, TEXT, record.text) if hashed else None,
        storable(record.text) if record.keep == "text" else None,
        record.label,
        record.score,
        record.abstained,
        record.error,
    )


def storable(value: str) -> str:
    """Give a text as every database holds it: PostgreSQL knows no NUL, no UTF-8 has surrogates."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def join_labels(label: str | Sequence[str]) -> str:
    """Write labels that hold together as one: in alphabetical order, with commas."""
    return label if isinstance(label, str) else ", ".join(sorted(label))


def hash_of(secret: bytes, kind: bytes, value: str) -> str:
    """Give a keyed hash of 128 bits in hex (BLAKE2b); the kind keeps callers and texts apart."""
    given = value.encode("utf-8", "surrogatepass")
    return blake2b(given, digest_size=HASH_BYTES, key=secret, person=kind).hexdigest()


def read_secret(driver: Driver) -> bytes:
    """Give the household's secret for records; the first to ask in a transaction makes it."""
    found = driver.ask(READ_SECRET, (SECRET,))
    if not found:
        driver.ask(ADD_SECRET, (SECRET, token_hex(SECRET_BYTES), driver.moment(datetime.now(UTC))))
        found = driver.ask(READ_SECRET, (SECRET,))
    return bytes.fromhex(found[0][0])
