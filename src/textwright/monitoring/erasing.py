"""Erasing records of answers: by id, by caller or by age, with the feedback on them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import append_event, lock_head
from textwright.lifecycle.tables_served import Feedback, Prediction, Secret
from textwright.monitoring.records import CALLER, ID, SECRET, hash_of

ERASED_AT_ONCE = 20_000  # in one transaction: promotions wait for it on SQLite


@dataclass(frozen=True)
class Erasure:
    """What was erased: answers, and the feedback on them."""

    answers: int
    feedback: int


def erase_answer(session: Session, answer: str, *, actor: str, reason: str) -> Erasure:
    """Erase the record of one answer, in the caller's transaction."""
    known = answer if ID.fullmatch(answer) else ""
    return erase(session, "id", Prediction.id == known, actor=actor, reason=reason)


def erase_caller(session: Session, caller: str, *, actor: str, reason: str) -> Erasure:
    """Erase records of a caller's answers, at most ``ERASED_AT_ONCE``; call it until none is left.

    caller: as the requests named it.
    """
    secret = session.scalar(select(Secret.value).where(Secret.name == SECRET))
    if secret is None:  # nothing was ever recorded
        return Erasure(0, 0)
    digest = hash_of(bytes.fromhex(secret), CALLER, caller)
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
