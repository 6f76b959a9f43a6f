"""Files with texts or row digests beside an artifact: recorded, kept for a time, erased.

Erasing one leaves its digest, and every version, verdict and event, as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from textwright.lifecycle.journal import append_event, lock_head
from textwright.lifecycle.tables import Model, Version, utc_now
from textwright.lifecycle.tables_around import HeldOut
from textwright.manifest import hash_file


@dataclass(frozen=True)
class Erased:
    """A file that was erased: of which artifact, called what, with how many rows."""

    artifact: str
    path: str
    rows: int


def add_held_out(
    session: Session, artifact: str, folder: Path, rows: Mapping[str, int], *, days: int | None
) -> None:
    """Record files that lie in an artifact's folder of records; one of an earlier run is replaced.

    rows: how many each file holds, by its name.
    days: after which they may be erased by age; None: never by age.
    """
    lock_head(session)
    until = None if days is None else utc_now() + timedelta(days=days)
    for name, count in rows.items():
        found = session.get(HeldOut, (artifact, name)) or HeldOut(artifact=artifact, path=name)
        found.rows, found.digest = count, hash_file(folder / name)
        found.retention_until, found.erased_at = until, None
        session.add(found)
    session.flush()


def list_held_out(session: Session, artifact: str | None = None) -> list[HeldOut]:
    """List what was recorded, erased or not, of one artifact or of all."""
    query = select(HeldOut).order_by(HeldOut.artifact, HeldOut.path)
    if artifact is not None:
        query = query.where(HeldOut.artifact == artifact)
    return list(session.scalars(query))


def find_expired(session: Session, now: datetime) -> list[HeldOut]:
    """Find what has been kept for its time and was not erased yet."""
    query = select(HeldOut).where(HeldOut.erased_at.is_(None), HeldOut.retention_until <= now)
    return list(session.scalars(query.order_by(HeldOut.artifact, HeldOut.path)))


def erase(
    session: Session, records: Path, chosen: list[HeldOut], *, actor: str, reason: str
) -> list[Erased]:
    """Erase files and journal it for each version of their artifacts; gives what was erased.

    A file goes before its row says so: killed between, the command is simply repeated.
    records: folder that holds a folder for each artifact.
    """
    lock_head(session)
    erased = [each for each in chosen if each.erased_at is None]
    for each in erased:
        (records / each.artifact / each.path).unlink(missing_ok=True)
    for each in erased:
        this = (HeldOut.artifact == each.artifact, HeldOut.path == each.path)
        session.execute(update(HeldOut).where(*this).values(erased_at=utc_now()))
        details = {"path": each.path, "digest": each.digest, "reason": reason}
        for subject in name_versions(session, each.artifact):
            append_event(session, "erased", actor=actor, subject=subject, details=details)
    return [Erased(each.artifact, each.path, each.rows) for each in erased]


def name_versions(session: Session, artifact: str) -> list[str]:
    """Name the versions of an artifact."""
    rows = session.execute(
        select(Model.name, Version.number)
        .join(Version, Version.model_id == Model.id)
        .where(Version.artifact == artifact)
        .order_by(Version.id)
    )
    return [f"{row.name}@{row.number}" for row in rows]
