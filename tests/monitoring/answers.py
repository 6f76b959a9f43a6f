"""Answers to record."""

from collections.abc import Iterable
from datetime import UTC, datetime

from textwright.lifecycle.database import Sessions
from textwright.monitoring.records import Record, add_records

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ANSWER = Record(
    id="0" * 24,
    model="intents",
    version=1,
    at=NOON.timestamp(),
    seconds=0.004,
    request="abc",
    caller="ann@example.com",
    text="where is my card",
    label="card",
    score=0.9,
    abstained=False,
    error=None,
    keep="hash",
    days=90,
)


def name(number: int) -> str:
    """Give the id of an answer by its number."""
    return f"{number:024x}"


def write(sessions: Sessions, records: Iterable[Record]) -> int:
    """Write records in a transaction of their own."""
    with sessions.begin() as session:
        return add_records(session, list(records))


def give(sessions: Sessions, number: int, **changes: object) -> str:
    """Record one answer that differs from the usual one; gives its id."""
    write(sessions, [ANSWER._replace(id=name(number), **changes)])  # type: ignore[arg-type]
    return name(number)
