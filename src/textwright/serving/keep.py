"""The database through SQLAlchemy, for what a server does seldom: opened late, used off the loop.

Importing SQLAlchemy takes longer than everything else a server does before its first answer, and
20 MB. So it is imported for the first piece of work, and ``is_due`` tells without it whether
there is any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from textwright.lifecycle.driver import Driver
from textwright.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from textwright.lifecycle.database import Sessions

T = TypeVar("T")
WORKERS = 4


class Keep:
    """Where everything is kept, from a server's side."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.opening = Lock()
        self.opened: Sessions | None = None
        self.pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="keep")

    def sessions(self) -> Sessions:
        """Give the open database, for a thread that is not the event loop's.

        Raises DatabaseError when it cannot be used; the next call tries again.
        """
        from textwright.lifecycle.database import open_database

        with self.opening:
            if self.opened is None:
                self.opened = open_database(self.settings.database)
            return self.opened

    def is_due(self, query: str, at: float) -> bool:
        """Whether a query finds any row by a time, in seconds since 1970; raises DatabaseError."""
        with Driver(self.settings.database) as driver:
            return bool(driver.ask(query, (driver.moment(datetime.fromtimestamp(at, UTC)),)))

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run work that only reads, in a thread of its own; raises DatabaseError and its errors."""
        return await asyncio.get_running_loop().run_in_executor(
            self.pool, partial(self.in_session, work)
        )

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run work as one transaction, in a thread of its own; raises DatabaseError and its errors.

        The transaction goes on to its end when nobody waits for it any more.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self.pool, partial(self.in_transaction, work)
        )

    def in_session(self, work: Callable[[Session], T]) -> T:
        """Run work that only reads."""
        with self.sessions()() as session:
            return work(session)

    def in_transaction(self, work: Callable[[Session], T]) -> T:
        """Run work as one transaction."""
        with self.sessions().begin() as session:
            return work(session)

    def close(self) -> None:
        """End the threads when their work is done, then close the database."""
        self.pool.shutdown(wait=True)
        if self.opened is not None:
            self.opened.close()
