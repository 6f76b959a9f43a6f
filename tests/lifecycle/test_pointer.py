"""Reading the deployments without SQLAlchemy, as a server does."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.lifecycle.conftest import on_sqlite
from tests.lifecycle.test_rollout import PASS, add_gated, go
from textwright.errors import DatabaseError
from textwright.lifecycle.database import Sessions, upgrade_database
from textwright.lifecycle.pointer import Pointer, PointerReader, Served
from textwright.lifecycle.registry import add_model


def test_a_promotion_is_seen_by_a_reader_that_was_open_before(
    sessions: Sessions, address: str
) -> None:
    with PointerReader(address) as reader:
        assert reader.read() == {}
        with sessions.begin() as session:
            add_gated(session, "a", [PASS])
        assert reader.read()["intents"] == Pointer("intents", 0, "idle", 0.0, None, None, None)

        go(sessions, "intents@1")

        assert reader.read()["intents"].stable == Served(1, "a" * 64)
        assert reader.read()["intents"].generation == 1


def test_candidate_shadow_and_share_are_read(sessions: Sessions, address: str) -> None:
    with sessions.begin() as session:
        for letter in "abc":
            add_gated(session, letter, [PASS])
        add_model(session, "empty", actor="ann")
        session.execute(
            text(
                "UPDATE deployment SET stable = 1, candidate = 2, shadow = 3, share = 0.1, "
                "state = 'canary' WHERE model_id = (SELECT id FROM model WHERE name = 'intents')"
            )
        )

    with PointerReader(address) as reader:
        pointers = reader.read()

    assert list(pointers) == ["empty", "intents"]
    assert pointers["intents"] == Pointer(
        "intents", 0, "canary", 0.1, Served(1, "a" * 64), Served(2, "b" * 64), Served(3, "c" * 64)
    )


def test_versions_are_listed_by_their_number(sessions: Sessions, address: str) -> None:
    with sessions.begin() as session:
        add_gated(session, "a", [PASS])

    with PointerReader(address) as reader:
        assert reader.list_versions("intents") == {1: "a" * 64}
        assert reader.list_versions("nothing") == {}


def test_a_newer_database_is_refused(sessions: Sessions, address: str) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with PointerReader(address) as reader, pytest.raises(DatabaseError, match="newer"):
        reader.read()


@on_sqlite
def test_a_database_without_our_tables_is_missing(sessions: Sessions, address: str) -> None:
    with sessions.begin() as session:
        session.execute(text("DROP TABLE alembic_version"))

    with PointerReader(address) as reader, pytest.raises(DatabaseError, match="no textwright"):
        reader.read()


def test_a_missing_file_is_not_created_and_read_as_soon_as_it_is_there(tmp_path: Path) -> None:
    with PointerReader(tmp_path / "textwright.db") as reader:
        with pytest.raises(DatabaseError, match="no textwright database"):
            reader.read()
        assert not (tmp_path / "textwright.db").exists()

        upgrade_database(tmp_path / "textwright.db")

        assert reader.read() == {}


def test_a_connection_that_broke_is_made_anew(address: str) -> None:
    with PointerReader(address) as reader:
        reader.read()
        reader.connection.close()

        with pytest.raises(Exception, match="closed"):
            reader.read()

        assert reader.read() == {}


def test_reading_imports_neither_sqlalchemy_nor_alembic(tmp_path: Path) -> None:
    upgrade_database(tmp_path / "textwright.db")
    code = (
        "import sys; from textwright.lifecycle.pointer import PointerReader; "
        "PointerReader(sys.argv[1]).read(); print(*sys.modules)"
    )

    command = [sys.executable, "-c", code, str(tmp_path / "textwright.db")]
    imported = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    assert "sqlite3" in imported
    assert not {"sqlalchemy", "alembic", "fsspec", "psycopg"} & set(imported)
