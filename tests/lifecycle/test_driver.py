"""The database through its driver alone, held against what SQLAlchemy reads and writes."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.lifecycle.conftest import on_sqlite
from textwright.errors import DatabaseError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.driver import PRAGMAS, Driver
from textwright.lifecycle.tables_around import Lease

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ADD = "INSERT INTO lease (name, holder, until) VALUES (?, ?, ?)"
READ = "SELECT name FROM lease ORDER BY name"


def writer(address: str) -> Driver:
    return Driver(address, timeout_s=30.0, writes=True)


def names(sessions: Sessions) -> list[str]:
    """Read what is there with SQLAlchemy."""
    with sessions() as session:
        return list(session.scalars(select(Lease.name).order_by(Lease.name)))


@pytest.mark.parametrize(
    "at",
    [
        NOON,
        NOON + timedelta(microseconds=7),
        NOON.replace(tzinfo=timezone(timedelta(hours=8))),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_a_time_is_written_as_sqlalchemy_writes_it(
    sessions: Sessions, address: str, at: datetime
) -> None:
    with sessions.begin() as session:
        session.add(Lease(name="orm", holder="a", until=at))
    with writer(address) as driver:
        driver.ask(ADD, ("driver", "a", driver.moment(at)))
        stored = driver.ask("SELECT DISTINCT until FROM lease")
        found = driver.ask("SELECT name FROM lease WHERE until <= ?", (driver.moment(at),))

    assert len(stored) == 1
    assert len(found) == 2
    with sessions() as session:
        assert session.get_one(Lease, "driver").until == at


def test_a_transaction_is_written_whole_or_not_at_all(sessions: Sessions, address: str) -> None:
    rows = [(name, "a", "2026-01-02 12:00:00.000000") for name in "ab"]
    with writer(address) as driver:
        with driver.transaction():
            driver.ask_many(ADD, rows)
            assert names(sessions) == []
        assert names(sessions) == ["a", "b"]

        with pytest.raises(RuntimeError):
            add_and_break(driver, rows[0])
        assert names(sessions) == ["a", "b"]

        with pytest.raises(Exception, match=r"(?i)unique"):
            add_again(driver, rows[0])
        assert [row[0] for row in driver.ask(READ)] == ["a", "b"]


def add_and_break(driver: Driver, row: tuple[str, ...]) -> None:
    with driver.transaction():
        driver.ask(ADD, ("c", *row[1:]))
        raise RuntimeError("the power is out")


def add_again(driver: Driver, row: tuple[str, ...]) -> None:
    with driver.transaction():
        driver.ask(ADD, ("c", *row[1:]))
        driver.ask(ADD, row)


def test_writers_at_once_wait_for_each_other(sessions: Sessions, address: str) -> None:
    def write(place: int) -> None:
        with writer(address) as driver:
            for number in range(10):
                with driver.transaction():
                    driver.ask(ADD, (f"{place}-{number}", "a", driver.moment(NOON)))

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(write, range(4)))

    assert len(names(sessions)) == 40


@on_sqlite
def test_a_writer_on_sqlite_has_the_settings_of_sqlalchemys_connections(
    sessions: Sessions, address: str
) -> None:
    asked = [each.split(" = ")[0] for each in PRAGMAS]
    with sessions() as session:
        connection = session.connection()
        expected = [connection.exec_driver_sql(f"PRAGMA {each}").scalar() for each in asked]

    with writer(address) as driver:
        assert [driver.ask(f"PRAGMA {each}")[0][0] for each in asked] == expected == [2, 1, 1]


@on_sqlite
def test_a_reader_on_sqlite_changes_nothing(sessions: Sessions, address: str) -> None:
    with Driver(address) as driver, pytest.raises(DatabaseError, match="written"):
        driver.ask(ADD, ("a", "a", "2026-01-02 12:00:00.000000"))

    assert names(sessions) == []


@on_sqlite
def test_a_lock_that_lasts_is_named(address: str) -> None:
    other = sqlite3.connect(address, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with (
        Driver(address, timeout_s=0.05, writes=True) as driver,
        pytest.raises(DatabaseError, match="locked"),
        driver.transaction(),
    ):
        pytest.fail("somebody else writes")
    other.close()


@on_sqlite
def test_a_file_put_in_the_place_of_another_is_written_from_then_on(
    sessions: Sessions, address: str, sqlite_template: Path
) -> None:
    with writer(address) as driver:
        driver.ask(ADD, ("before", "a", driver.moment(NOON)))
        sessions.close()
        for each in Path(address).parent.glob("textwright.db*"):
            each.unlink()
        Path(address).write_bytes(sqlite_template.read_bytes())

        with driver.transaction():
            driver.ask(ADD, ("after", "a", driver.moment(NOON)))

    assert names(sessions) == ["after"]


def test_an_address_without_a_server_is_told_without_its_password() -> None:
    address = "postgresql+psycopg://ann:hunter2@127.0.0.1:1/keep"
    with Driver(address, timeout_s=2.0) as driver:
        with pytest.raises(DatabaseError, match="cannot be reached") as caught:
            driver.ask("SELECT 1")
        assert "hunter2" not in str(caught.value)
