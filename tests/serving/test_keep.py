"""The database from the server's side: late, off the event loop, one transaction a piece."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import current_thread

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.serving.household import make_household
from textwright.errors import DatabaseError
from textwright.lifecycle.registry import add_model
from textwright.lifecycle.tables import Model
from textwright.lifecycle.tables_around import Lease
from textwright.serving.keep import Keep
from textwright.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_household(tmp_path / "home").settings


def count_models(session: Session) -> int:
    return session.scalar(select(func.count(Model.id))) or 0


def add_intents(session: Session) -> str:
    add_model(session, "intents", actor="ann")
    return current_thread().name


def test_a_write_is_one_transaction_in_another_thread(settings: Settings) -> None:
    async def work() -> tuple[str, int]:
        keep = Keep(settings)
        thread, count = await keep.write(add_intents), await keep.read(count_models)
        keep.close()
        return thread, count

    thread, count = asyncio.run(work())
    assert thread.startswith("keep")
    assert count == 1


def test_a_failed_write_leaves_nothing(settings: Settings) -> None:
    def fail(session: Session) -> None:
        add_intents(session)
        raise RuntimeError("the power is out")

    async def work() -> int:
        keep = Keep(settings)
        with pytest.raises(RuntimeError):
            await keep.write(fail)
        return await keep.read(count_models)

    assert asyncio.run(work()) == 0


def test_a_database_that_comes_back_is_found_again(settings: Settings) -> None:
    path = settings.home / "textwright.db"
    moved = path.rename(path.with_suffix(".away"))

    async def work() -> int:
        keep = Keep(settings)
        with pytest.raises(DatabaseError):
            await keep.read(count_models)
        moved.rename(path)
        return await keep.read(count_models)

    assert asyncio.run(work()) == 0


def test_what_is_due_is_told_by_its_time(settings: Settings) -> None:
    house = make_household(settings.home)
    at = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    with house.sessions.begin() as session:
        session.add(Lease(name="judge", holder="a", until=at))
    due = "SELECT 1 FROM lease WHERE until <= ?"

    keep = Keep(settings)
    assert not keep.is_due(due, at.timestamp() - 0.001)
    assert keep.is_due(due, at.timestamp())
    keep.close()
    house.sessions.close()


def test_making_one_imports_no_sqlalchemy() -> None:
    script = "import sys, textwright.serving.server; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
