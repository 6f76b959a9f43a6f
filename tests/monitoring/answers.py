"""Answers to record."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from textwright.lifecycle.database import Sessions
from textwright.lifecycle.driver import Driver
from textwright.lifecycle.tables_served import Prediction
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
    """Write records as a server does, over a connection of its own."""
    address = sessions.engine.url.render_as_string(hide_password=False)
    with Driver(address, timeout_s=30.0, writes=True) as driver:
        return add_records(driver, list(records))


def give(sessions: Sessions, number: int, **changes: object) -> str:
    """Record one answer that differs from the usual one; gives its id."""
    write(sessions, [ANSWER._replace(id=name(number), **changes)])  # type: ignore[arg-type]
    return name(number)


def count(sessions: Sessions) -> int:
    """Give how many records there are."""
    with sessions() as session:
        return session.scalar(select(func.count(Prediction.id))) or 0


def all_bytes(address: str) -> bytes:
    """Read the database file and its log."""
    return b"".join(path.read_bytes() for path in Path(address).parent.glob("textwright.db*"))
