"""The journal: events that are only ever added, each hashed together with the one before.

Every writer locks the head row before any other row, so writers follow one another and an event
commits with the change it tells of, or not at all.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from textwright.errors import UsageError
from textwright.lifecycle.database import WRITES
from textwright.lifecycle.tables import Event, Head, utc_now
from textwright.lifecycle.tables_around import Outbox, Webhook
from textwright.manifest import canonical_json

GENESIS = "0" * 64  # stands for the event before the first one
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class HeadRow:
    """The newest event's sequence, from 1 on without gaps, and its hash."""

    sequence: int
    hash: str


@dataclass(frozen=True)
class Entry:
    """One event as it is read.

    subject: what it is about: ``intents``, ``intents@3``, or empty.
    details: what changed; its keys depend on the kind.
    """

    sequence: int
    at: str  # time in UTC, ISO 8601
    kind: str
    actor: str
    subject: str
    details: Mapping[str, Any]


def lock_head(session: Session) -> HeadRow:
    """Lock the journal's head until the transaction ends, and give it.

    The session must come from ``sessions.begin()``.
    """
    assert session.get_bind().get_execution_options().get(WRITES), "opened for reading"
    row = session.execute(select(Head.sequence, Head.hash).with_for_update()).one()
    return HeadRow(row.sequence, row.hash)


def append_event(
    session: Session,
    kind: str,
    *,
    actor: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """Add an event in the caller's transaction, move the head to it, and post it to webhooks.

    details: plain values; a float that is not finite becomes None.
    Raises UsageError when a text in it is no valid Unicode.
    """
    head = lock_head(session)
    at = utc_now().isoformat(timespec="microseconds")
    entry = Entry(head.sequence + 1, at, kind, actor, subject, details or {})
    text = write_entry(entry)
    digest = chain_hash(head.hash, text)
    session.execute(
        insert(Event).values(
            sequence=entry.sequence,
            model=model_of(subject),
            kind=kind,
            previous=head.hash,
            hash=digest,
            text=text,
        )
    )
    session.execute(update(Head).values(sequence=entry.sequence, hash=digest))
    post(session, entry)
    return entry


def post(session: Session, entry: Entry) -> None:
    """Put an event into the outbox of every webhook that asked for its kind."""
    query = select(Webhook.id, Webhook.kinds).where(Webhook.removed_at.is_(None))
    for row in session.execute(query):
        if not row.kinds or entry.kind in row.kinds:
            session.execute(insert(Outbox).values(sequence=entry.sequence, webhook_id=row.id))


def write_entry(entry: Entry) -> str:
    """Write an event as the canonical JSON text that is hashed and stored."""
    try:
        return canonical_json(finite(vars(entry))).decode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            "A name or reason holds characters that are no valid Unicode.",
            "Check the encoding of your terminal.",
        ) from error


def read_entry(text: str) -> Entry:
    """Read an event's text back; raises ValueError or TypeError for any other text."""
    return Entry(**json.loads(text))


def chain_hash(previous: str, text: str) -> str:
    """SHA-256, in hex, of the hash before and an event's text."""
    return hashlib.sha256((previous + text).encode("utf-8")).hexdigest()


def model_of(subject: str) -> str | None:
    """Model that a subject such as ``intents@3`` belongs to."""
    return subject.partition("@")[0] or None


def finite(value: Any) -> Any:
    """Replace every float that JSON cannot hold by None, at any depth."""
    if isinstance(value, Mapping):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float):
        return float(value) if abs(value) < float("inf") else None
    return value


def read_events(
    session: Session,
    model: str | None = None,
    *,
    kinds: tuple[str, ...] = (),
    before: int | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Events, newest first: at most ``limit``, of one model and of some kinds if named.

    before: sequence of the last one of the page before; None begins with the newest.
    after:  oldest first instead, from the event after this one on.
    """
    order = Event.sequence.desc() if after is None else Event.sequence
    query = select(Event.text).order_by(order).limit(limit)
    if after is not None:
        query = query.where(Event.sequence > after)
    if model is not None:
        query = query.where(Event.model == model)
    if kinds:
        query = query.where(Event.kind.in_(kinds))
    if before is not None:
        query = query.where(Event.sequence < before)
    return [read_entry(text) for text in session.scalars(query)]


def export_events(session: Session, file: TextIO, *, after: int = 0) -> int:
    """Write the events after a sequence as JSONL, oldest first; gives how many.

    Each line holds ``previous``, ``hash`` and ``text``: the hash is the SHA-256 of the other two
    one after the other, and so the copy can be checked anywhere.
    """
    number = 0
    for row in read_rows(session, after):
        line = {"previous": row.previous, "hash": row.hash, "text": row.text}
        file.write(json.dumps(line) + "\n")
        number += 1
    return number


def check_chain(session: Session) -> list[str]:
    """Find what was changed, dropped, moved or put into the journal by other hands.

    Gives a sentence for each break; an empty list is an intact chain. Events cut off at the
    end together with the head row moved back are found only against a head kept elsewhere.
    """
    problems = []
    sequence, digest = 0, GENESIS
    for row in read_rows(session):
        wrong = [] if row.sequence == sequence + 1 else [f"events {sequence + 1} on are missing"]
        if row.previous != digest:
            wrong.append("it does not follow the event before it")
        if row.hash != chain_hash(row.previous, row.text):
            wrong.append("its text was changed")
        elif not same_columns(row):
            wrong.append("its columns say other than its text")
        problems += [f"Event {row.sequence}: {each}." for each in wrong]
        sequence, digest = row.sequence, row.hash
    head = session.execute(select(Head.sequence, Head.hash)).one_or_none()
    if head is None or (head.sequence, head.hash) != (sequence, digest):
        problems.append(f"The head does not name event {sequence}, the last one there is.")
    return problems


def read_rows(session: Session, after: int = 0) -> Iterator[Any]:
    """Give the columns of every event after a sequence in order, a thousand in memory at once."""
    columns = (Event.sequence, Event.model, Event.kind, Event.previous, Event.hash, Event.text)
    query = select(*columns).where(Event.sequence > after).order_by(Event.sequence)
    return iter(session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)))


def same_columns(row: Any) -> bool:
    """Whether the columns copied from an event's text still say the same."""
    try:
        entry = read_entry(row.text)
    except (ValueError, TypeError):
        return False
    copied = (entry.sequence, model_of(entry.subject), entry.kind)
    return copied == (row.sequence, row.model, row.kind)
