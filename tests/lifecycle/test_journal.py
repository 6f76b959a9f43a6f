"""The journal: appended, read by pages, checked after every way of tampering."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from textwright.errors import UsageError
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.journal import (
    GENESIS,
    append_event,
    chain_hash,
    check_chain,
    export_events,
    lock_head,
    read_events,
)
from textwright.lifecycle.tables import Event

TRIGGERS = ("event_refuses_UPDATE", "event_refuses_DELETE")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Sessions]:
    """Make a journal of five events whose triggers a tamperer has dropped."""
    sessions = open_database(tmp_path / "textwright.db", create=True)
    with sessions.begin() as session:
        add_events(session)
        for trigger in TRIGGERS:
            session.execute(text(f"DROP TRIGGER {trigger}"))
    yield sessions
    sessions.close()


def add_events(session: Session) -> None:
    """Add five events about two models."""
    for number in range(1, 6):
        name = "topics" if number == 2 else f"intents@{number}"
        append_event(session, "measured", actor="ann", subject=name, details={"number": number})


def test_each_event_is_hashed_with_the_one_before_as_the_text_that_is_stored(
    sessions: Sessions,
) -> None:
    with sessions.begin() as session:
        add_events(session)

    with sessions() as session:
        rows = session.scalars(select(Event).order_by(Event.sequence)).all()
        assert [row.sequence for row in rows] == [1, 2, 3, 4, 5]
        assert rows[0].previous == GENESIS
        assert [row.hash for row in rows] == [chain_hash(row.previous, row.text) for row in rows]
        assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]
        assert list(json.loads(rows[0].text)) == [
            "actor",
            "at",
            "details",
            "kind",
            "sequence",
            "subject",
        ]
        assert check_chain(session) == []


def test_events_are_read_newest_first_by_model_kind_and_page(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_events(session)
        append_event(session, "promoted", actor="ben", subject="intents@3")

    with sessions() as session:
        first = read_events(session, "intents", limit=3)
        second = read_events(session, "intents", limit=3, before=first[-1].sequence)
        moves = read_events(session, kinds=("promoted",))

    assert [entry.sequence for entry in first + second] == [6, 5, 4, 3, 1]
    assert [(entry.actor, entry.subject) for entry in moves] == [("ben", "intents@3")]


def test_a_failed_transaction_leaves_the_chain_as_it_was(sessions: Sessions) -> None:
    def interrupted() -> None:
        with sessions.begin() as session:
            add_events(session)
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        interrupted()

    with sessions() as session:
        assert read_events(session) == []
        assert check_chain(session) == []


def test_numbers_that_json_cannot_hold_become_none_at_any_depth(sessions: Sessions) -> None:
    with sessions.begin() as session:
        details = {"scores": {"a": float("nan"), "b": [float("inf"), 0.5]}}
        append_event(session, "measured", actor="ann", subject="intents", details=details)

    with sessions() as session:
        assert read_events(session)[0].details == {"scores": {"a": None, "b": [None, 0.5]}}


def test_any_unicode_comes_back_and_broken_unicode_is_refused(sessions: Sessions) -> None:
    with sessions.begin() as session:
        append_event(session, "measured", actor="李雷 🙂\u0000", subject="intents")

    with sessions() as session:
        assert read_events(session)[0].actor == "李雷 🙂\u0000"
    with pytest.raises(UsageError, match="Unicode"), sessions.begin() as session:
        append_event(session, "measured", actor="\udcff", subject="intents")


def test_a_session_for_reading_cannot_take_the_head(sessions: Sessions) -> None:
    with sessions() as session, pytest.raises(AssertionError, match="opened for reading"):
        lock_head(session)


def rewrite(session: Session) -> None:
    """Change an event and hash it anew, as one who knows the scheme would."""
    event = session.get_one(Event, 3)
    event.text = event.text.replace('"number":3', '"number":4')
    event.hash = chain_hash(event.previous, event.text)


def swap(session: Session) -> None:
    """Exchange the places of two events."""
    for old, new in ((2, 99), (3, 2), (99, 3)):
        session.execute(text(f"UPDATE event SET sequence = {new} WHERE sequence = {old}"))


def insert(session: Session) -> None:
    """Put an event between the last one and the head."""
    last = session.get_one(Event, 5)
    forged = last.text.replace('"sequence":5', '"sequence":6')
    digest = chain_hash(last.hash, forged)
    session.add(
        Event(
            sequence=6,
            model="intents",
            kind="measured",
            previous=last.hash,
            hash=digest,
            text=forged,
        )
    )


def sql(statement: str) -> Callable[[Session], None]:
    """Tamper by one statement."""

    def tamper(session: Session) -> None:
        session.execute(text(statement))

    return tamper


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (sql("UPDATE event SET text = replace(text, 'ann', 'ben') WHERE sequence = 3"), "Event 3"),
        (sql("UPDATE event SET model = 'topics' WHERE sequence = 3"), "Event 3: its columns"),
        (sql("UPDATE event SET kind = 'gated' WHERE sequence = 3"), "Event 3: its columns"),
        (rewrite, "Event 4: it does not follow"),
        (swap, "Event 2"),
        (insert, "The head does not name event 6"),
        (sql("DELETE FROM event WHERE sequence = 1"), "events 1 on are missing"),
        (sql("DELETE FROM event WHERE sequence = 3"), "events 3 on are missing"),
        (sql("DELETE FROM event WHERE sequence = 5"), "The head does not name event 4"),
        (sql("DELETE FROM event"), "The head does not name event 0"),
        (sql("DELETE FROM head"), "The head does not name event 5"),
    ],
)
def test_tampering_is_found_and_its_place_named(
    opened: Sessions, tamper: Callable[[Session], None], found: str
) -> None:
    with opened.begin() as session:
        tamper(session)

    with opened() as session:
        assert any(found in problem for problem in check_chain(session))


def test_an_exported_journal_can_be_checked_without_the_database(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_events(session)
    file = StringIO()

    with sessions() as session:
        assert export_events(session, file) == 5
        assert export_events(session, StringIO(), after=3) == 2

    previous = GENESIS
    for line in map(json.loads, file.getvalue().splitlines()):
        assert line["previous"] == previous
        assert line["hash"] == chain_hash(previous, line["text"])
        previous = line["hash"]
    with sessions.begin() as session:
        assert lock_head(session).hash == previous
