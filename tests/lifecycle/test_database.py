"""The database, as a file and on a server: opened, created, refused."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.lifecycle.conftest import on_sqlite
from textwright.errors import DatabaseError
from textwright.lifecycle.database import (
    MIGRATIONS,
    Sessions,
    database_url,
    make_engine,
    open_database,
    upgrade_database,
)
from textwright.lifecycle.journal import append_event
from textwright.lifecycle.registry import add_model
from textwright.lifecycle.schema import REVISION
from textwright.lifecycle.tables import Deployment, Event, Head, Model, Table, Version
from textwright.lifecycle.tables_served import SERVED


def test_a_missing_file_is_refused_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no textwright database"):
        open_database(tmp_path / "textwright.db")

    assert list(tmp_path.iterdir()) == []


def test_create_makes_the_schema_once(tmp_path: Path) -> None:
    first = open_database(tmp_path / "textwright.db", create=True)
    with first.begin() as session:
        add_model(session, "intents", actor="ann")
    first.close()

    again = open_database(tmp_path / "textwright.db", create=True)
    with again() as session:
        assert session.scalars(select(Model.name)).all() == ["intents"]
    again.close()


def test_many_may_create_the_same_file_at_once(tmp_path: Path) -> None:
    def create(_: int) -> None:
        open_database(tmp_path / "textwright.db", create=True).close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(create, range(8)))

    opened = open_database(tmp_path / "textwright.db")
    with opened() as session:
        assert session.scalar(select(func.count(Head.id))) == 1
    opened.close()


def test_what_was_committed_is_flushed_to_the_disk_and_read_while_others_write(
    tmp_path: Path,
) -> None:
    opened = open_database(tmp_path / "textwright.db", create=True)

    with opened.begin() as writer:
        add_model(writer, "intents", actor="ann")
        with opened() as reader:
            assert reader.scalars(select(Model.name)).all() == []
            assert reader.scalar(text("PRAGMA journal_mode")) == "wal"
            assert reader.scalar(text("PRAGMA synchronous")) == 2
            assert reader.scalar(text("PRAGMA foreign_keys")) == 1
    opened.close()


def test_a_newer_database_is_refused_by_opening_and_by_upgrading(
    sessions: Sessions, address: str
) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseError, match="newer than this program"):
        open_database(address)
    with pytest.raises(DatabaseError, match="newer than this program"):
        upgrade_database(address)


def test_an_older_database_is_refused_with_the_command_that_upgrades_it(
    sessions: Sessions, address: str
) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    with pytest.raises(DatabaseError, match="textwright db upgrade"):
        open_database(address)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "textwright.db"
    path.write_bytes(b"nothing that SQLite wrote" * 100)

    with pytest.raises(DatabaseError, match=r"textwright\.db.*no database"):
        open_database(path)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
    other.close()
    before = (tmp_path / "other.db").read_bytes()

    with pytest.raises(DatabaseError, match="no textwright database"):
        open_database(tmp_path / "other.db")

    assert (tmp_path / "other.db").read_bytes() == before


def test_a_locked_database_is_said_to_be_locked(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "textwright.db", create=True, timeout_s=0.1)

    def write(name: str) -> None:
        with opened.begin() as session:
            add_model(session, name, actor="ben")

    with opened.begin() as first:
        add_model(first, "intents", actor="ann")
        with pytest.raises(DatabaseError, match="locked"):
            write("topics")
    opened.close()


def test_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    with pytest.raises(DatabaseError, match="cannot be reached"):
        open_database("postgresql+psycopg://ann:secret@127.0.0.1:9/textwright", timeout_s=2)


def test_a_password_is_never_told() -> None:
    with pytest.raises(DatabaseError) as raised:
        open_database("postgresql+psycopg://ann:secret@127.0.0.1:9/textwright", timeout_s=2)

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("wrong", ["mysql://host/name", "postgresql+psycopg://host", "nothing://"])
def test_an_address_of_no_database_of_ours_is_refused(wrong: str) -> None:
    with pytest.raises(DatabaseError, match="postgresql\\+psycopg://"):
        open_database(wrong)


def test_a_folder_that_is_missing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be opened"):
        open_database(tmp_path / "nowhere" / "textwright.db", create=True)


def test_the_revisions_build_exactly_the_tables_that_the_code_knows(sessions: Sessions) -> None:
    with sessions.engine.connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, Table.metadata) == []


@on_sqlite
def test_the_revisions_build_exactly_the_checks_and_keys_that_the_code_knows(
    sessions: Sessions,
) -> None:
    fresh = create_engine("sqlite://")
    Table.metadata.create_all(fresh)

    for name in Table.metadata.tables:
        for kind in ("check_constraints", "unique_constraints", "foreign_keys", "pk_constraint"):
            built = getattr(inspect(sessions.engine), f"get_{kind}")(name)
            known = getattr(inspect(fresh), f"get_{kind}")(name)
            assert without_names(built) == without_names(known), (name, kind)
    fresh.dispose()


def without_names(found: Any) -> Any:
    """Leave names out: SQLAlchemy reads none where a key was added together with its column."""
    if isinstance(found, dict):
        return {key: value for key, value in found.items() if key != "name"}
    return [without_names(each) for each in found]


OLD_ROWS = (
    "INSERT INTO model VALUES (1, 'intents', 1, '2026-01-02 03:04:05')",
    "INSERT INTO run VALUES (1, 1, 'finished', '', '{}', 7, '{}', '{}', '', '2026-01-02 03:04:05', "
    "NULL, NULL, NULL, NULL)",
    "INSERT INTO version VALUES (1, 1, 1, 'a', 1, true, '{}', 1, '2026-01-02 03:04:05')",
    "INSERT INTO deployment VALUES (1, 1, NULL, NULL, 0, 'promoted', '[]', '{}', '{}', 1, "
    "'2026-01-02 03:04:05')",
    "INSERT INTO event VALUES (1, 'intents', 'model_added', '0', '1', '{}')",
)


def build_old_schema(address: str, revision: str) -> None:
    """Make a database as an earlier revision left it, with rows of the first one."""
    engine = make_engine(database_url(address), 30.0)
    with engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for row in OLD_ROWS:
            connection.execute(text(row))
        command.upgrade(config, revision)
    engine.dispose()


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_database_of_an_earlier_revision_is_upgraded_with_its_rows(
    address: str, tmp_path: Path, revision: str
) -> None:
    old = str(tmp_path / "old.db") if "://" not in address else address
    build_old_schema(old, revision)

    with pytest.raises(DatabaseError, match="textwright db upgrade"):
        open_database(old)
    upgrade_database(old)

    opened = open_database(old)
    with opened() as session:
        deployment = session.scalars(select(Deployment)).one()
        assert (deployment.stable, deployment.step, deployment.salt) == (1, 0, "")
        assert session.scalars(select(Version.parent_id)).all() == [None]
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Table.metadata) == []
        assert set(inspect(session.connection()).get_table_names()) >= SERVED
    opened.close()


def test_the_newest_revision_is_the_one_the_program_checks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")

    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


@pytest.mark.parametrize("change", ["UPDATE event SET text = 'x'", "DELETE FROM event"])
def test_the_database_refuses_to_change_events(sessions: Sessions, change: str) -> None:
    with sessions.begin() as session:
        append_event(session, "model_added", actor="ann", subject="intents")

    with pytest.raises(DBAPIError, match="append-only"), sessions.begin() as session:
        session.execute(text(change))


def test_replacing_an_event_is_refused_as_its_deletion_is(tmp_path: Path) -> None:
    opened = open_database(tmp_path / "textwright.db", create=True)
    with opened.begin() as session:
        append_event(session, "model_added", actor="ann", subject="intents")

    with pytest.raises(IntegrityError, match="append-only"), opened.begin() as session:
        session.execute(text("REPLACE INTO event SELECT sequence, 'x', 'x', '', '', '' FROM event"))

    with opened() as session:
        assert session.scalar(select(Event.model)) == "intents"
    opened.close()
