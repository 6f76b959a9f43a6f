"""Records of answers: written in batches, erased by id, by caller or by age.

What stands in a row is what the recipe of the version lets stand. Callers and texts are hashed
under a secret that all servers of a household share through the database: equal ones are found
again, and a list of names or sentences hashed elsewhere finds nothing.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from secrets import token_hex
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import append_event, lock_head
from textwright.lifecycle.tables import Model, Version
from textwright.lifecycle.tables_served import HASH_LENGTH, Feedback, Prediction, Secret

ID = re.compile(r"[0-9a-f]{24}")  # of an answer
SECRET = "records"
SECRET_BYTES = 32
HASH_BYTES = HASH_LENGTH // 2
CALLER, TEXT = b"caller", b"text"  # what a hash is of
ERASED_AT_ONCE = 20_000  # in one transaction: promotions wait for it on SQLite


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


@dataclass(frozen=True)
class Erasure:
    """What was erased: answers, and the feedback on them."""

    answers: int
    feedback: int


def add_records(session: Session, records: Sequence[Record]) -> int:
    """Write answers in the caller's transaction; gives how many of them name a known version.

    Writing the same ones again changes nothing, so a batch may be repeated when nobody knows
    whether it was committed.
    """
    names = {each.model for each in records}
    query = select(Model.name, Version.number, Model.id).join(Version, Version.model_id == Model.id)
    found = session.execute(query.where(Model.name.in_(names)))
    models = {(row.name, row.number): row.id for row in found}
    secret = read_secret(session)
    rows = [
        make_row(each, models[each.model, each.version], secret)
        for each in records
        if (each.model, each.version) in models
    ]
    if rows:
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        insert = (sqlite if on_sqlite else postgresql).insert(Prediction.__table__)
        session.execute(insert.on_conflict_do_nothing(), rows)
    return len(rows)


def make_row(record: Record, model_id: int, secret: bytes) -> dict[str, Any]:
    """Give the columns of an answer, with no more of text and caller than may be kept."""
    at = datetime.fromtimestamp(record.at, UTC)
    hashed = record.keep != "nothing"
    return {
        "id": record.id,
        "model_id": model_id,
        "version": record.version,
        "answered_at": at,
        "expires_at": at + timedelta(days=record.days) if record.days else None,
        "seconds": record.seconds,
        "request": record.request,
        "caller": hash_of(secret, CALLER, record.caller) if hashed and record.caller else None,
        "digest": hash_of(secret, TEXT, record.text) if hashed else None,
        "text": storable(record.text) if record.keep == "text" else None,
        "label": record.label,
        "score": record.score,
        "abstained": record.abstained,
        "error": record.error,
    }


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


def read_secret(session: Session) -> bytes:
    """Give the household's secret for records; the first to ask in a transaction makes it."""
    found = session.scalar(select(Secret.value).where(Secret.name == SECRET))
    if found is None:
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        new = (sqlite if on_sqlite else postgresql).insert(Secret)
        values = new.values(name=SECRET, value=token_hex(SECRET_BYTES))
        session.execute(values.on_conflict_do_nothing())
        found = session.scalars(select(Secret.value).where(Secret.name == SECRET)).one()
    return bytes.fromhex(found)


def erase_answer(session: Session, answer: str, *, actor: str, reason: str) -> Erasure:
    """Erase the record of one answer, in the caller's transaction."""
    known = answer if ID.fullmatch(answer) else ""
    return erase(session, "id", Prediction.id == known, actor=actor, reason=reason)


def erase_caller(session: Session, caller: str, *, actor: str, reason: str) -> Erasure:
    """Erase records of a caller's answers, at most ``ERASED_AT_ONCE``; call it until none is left.

    caller: as the requests named it.
    """
    digest = hash_of(read_secret(session), CALLER, caller)
    return erase(session, "caller", Prediction.caller == digest, actor=actor, reason=reason)


def erase_expired(session: Session, now: datetime, *, actor: str, reason: str) -> Erasure:
    """Erase records kept for their time, at most ``ERASED_AT_ONCE``; call it until none is left."""
    return erase(session, "age", Prediction.expires_at <= now, actor=actor, reason=reason)


def erase(
    session: Session, by: str, chosen: ColumnElement[bool], *, actor: str, reason: str
) -> Erasure:
    """Erase records and journal how many: their count, and a digest of their ids, no more.

    SQLite overwrites what it deletes with zeros here, so that no text is left in the file.
    """
    lock_head(session)
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA secure_delete = ON"))
    ids = session.scalars(select(Prediction.id).where(chosen).limit(ERASED_AT_ONCE)).all()
    feedback = 0
    for some in slices(ids, 1000):
        count = select(func.count()).where(Feedback.prediction_id.in_(some))
        feedback += session.scalar(count) or 0
        session.execute(delete(Prediction).where(Prediction.id.in_(some)))
    if ids:
        digest = hashlib.sha256("\n".join(sorted(ids)).encode("utf-8")).hexdigest()
        told = {"by": by, "answers": len(ids), "feedback": feedback, "ids": digest}
        append_event(session, "records_erased", actor=actor, details={**told, "reason": reason})
    return Erasure(len(ids), feedback)


def slices(ids: Sequence[str], length: int) -> Iterable[Sequence[str]]:
    """Cut a sequence into pieces of at most that length."""
    return (ids[start : start + length] for start in range(0, len(ids), length))


def empty_log(sessions: Sessions) -> None:
    """Take what was erased out of SQLite's log too, unless somebody is reading in it right now."""
    if sessions.engine.dialect.name == "sqlite":
        pooled = sessions.engine.raw_connection()
        try:
            pooled.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            pooled.close()
