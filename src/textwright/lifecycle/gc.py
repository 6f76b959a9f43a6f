"""Take away artifacts that nothing refers to, in two phases.

First an artifact is marked, by name and date, in the database. When it has stood so for the time
of grace, a later call takes it away, one artifact a transaction under the journal's head lock:
nothing can begin to refer to it meanwhile. Killed anywhere, the next call goes on.

A registration announces its artifact with ``announce`` before it is stored, and what is announced
is not marked for a day: a process at work is never robbed, one that was killed leaves no trace.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from textwright.lifecycle.artifacts import Store
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import append_event, lock_head
from textwright.lifecycle.tables import Run, Version, utc_now
from textwright.lifecycle.tables_around import Loose
from textwright.manifest import address_of

GRACE = timedelta(days=7)
ARRIVAL = timedelta(days=1)  # no registration takes longer


@dataclass(frozen=True)
class Swept:
    """What a call of ``collect`` did, or would do.

    marked:  addresses found loose for the first time.
    waiting: addresses marked before, whose time of grace has not run out.
    removed: addresses taken away.
    cleared: what killed writers had left.
    """

    marked: tuple[str, ...]
    waiting: tuple[str, ...]
    removed: tuple[str, ...]
    cleared: tuple[str, ...]


def keep_artifact(sessions: Sessions, store: Store, folder: Path) -> str:
    """Announce an artifact, store it, and return its address; ``add_version`` may follow.

    Raises ArtifactError when it is not whole, or the store takes nothing.
    """
    address = address_of(folder)
    with sessions.begin() as session:
        announce(session, address)
    return store.put(folder)


def announce(session: Session, address: str) -> None:
    """Say that an artifact is about to be stored and registered: it is not taken away."""
    lock_head(session)
    session.merge(Loose(artifact=address, state="arriving", since=utc_now()))


def collect(
    sessions: Sessions,
    store: Store,
    *,
    actor: str,
    grace: timedelta = GRACE,
    pretend: bool = False,
) -> Swept:
    """Mark what is loose, and take away what has been marked for the time of grace.

    pretend: change nothing, and say what would be done.
    Raises ArtifactError when the store cannot be used; what was done till then stays done.
    """
    stored = store.addresses()
    with sessions() if pretend else sessions.begin() as session:
        if not pretend:
            lock_head(session)  # before looking: nothing is announced between that and the marks
        found = look(session, stored)
        if not pretend:
            mark(session, found, actor)
    due = [each.artifact for each in found.marked if each.since + grace <= utc_now()]
    removed = due if pretend else [each for each in due if sweep(sessions, store, each, actor)]
    cleared = store.clear(max(grace, ARRIVAL).total_seconds(), pretend=pretend)
    waiting = [each.artifact for each in found.marked if each.artifact not in due]
    return Swept(tuple(found.new), tuple(waiting), tuple(removed), tuple(cleared))


@dataclass(frozen=True)
class Looked:
    """What is loose in the store, and which rows say so.

    new:      addresses that are loose and not marked yet.
    marked:   rows of those marked before.
    needless: rows of what is used, or in the store no more.
    """

    new: list[str]
    marked: list[Loose]
    needless: list[Loose]


def look(session: Session, stored: Iterable[str]) -> Looked:
    """Compare the store with what is referred to."""
    used = read_used(session)
    rows = {each.artifact: each for each in session.scalars(select(Loose))}
    found = Looked([], [], [])
    for address in stored:
        row = rows.pop(address, None)
        if address in used:
            found.needless.extend([row] if row else [])
        elif row is None or is_late(row):
            found.new.append(address)
        elif row.state == "marked":
            found.marked.append(row)
    found.needless.extend(row for row in rows.values() if row.state == "marked" or is_late(row))
    return found


def is_late(row: Loose) -> bool:
    """Tell whether an artifact was announced long ago, and never registered."""
    return row.state == "arriving" and row.since + ARRIVAL <= utc_now()


def mark(session: Session, found: Looked, actor: str) -> None:
    """Write the marks, and drop the rows that say nothing any more.

    A marked artifact that is neither used nor there was taken away by a call that was killed
    before it could say so; it is journalled now.
    """
    for address in found.new:
        session.merge(Loose(artifact=address, state="marked", since=utc_now()))
    for row in found.needless:
        session.delete(row)
        if row.state == "marked" and not is_used(session, row.artifact):
            append_event(session, "collected", actor=actor, details={"artifact": row.artifact})


def sweep(sessions: Sessions, store: Store, address: str, actor: str) -> bool:
    """Take one artifact away, if it is still marked and loose; whether it was.

    The head is locked meanwhile, so no registration announces it or refers to it.
    """
    with sessions.begin() as session:
        lock_head(session)
        row = session.get(Loose, address)
        if row is None or row.state != "marked" or is_used(session, address):
            return False
        store.take_away(address)
        session.execute(delete(Loose).where(Loose.artifact == address))
        append_event(session, "collected", actor=actor, details={"artifact": address})
    return True


def read_used(session: Session) -> set[str]:
    """Addresses that a version or a run refers to; deployments refer to versions."""
    runs = select(Run.artifact).where(Run.artifact.is_not(None))
    return {*session.scalars(select(Version.artifact)), *map(str, session.scalars(runs))}


def is_used(session: Session, address: str) -> bool:
    """Tell whether a version or a run refers to an artifact."""
    version = exists().where(Version.artifact == address)
    run = exists().where(Run.artifact == address)
    return bool(session.scalar(select(or_(version, run))))
