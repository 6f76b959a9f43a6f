"""Counts of guards, added by several at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from tests.lifecycle.test_registry import new_version
from textwright.lifecycle.counts import add_counts, read_counts
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.registry import add_model, add_version
from textwright.lifecycle.tally import Counted


@pytest.fixture
def registered(sessions: Sessions) -> Sessions:
    """Register intents@1."""
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
        add_version(session, "intents", new_version("a"), actor="ann")
    return sessions


def test_counts_added_at_once_by_many_servers_are_all_there(registered: Sessions) -> None:
    def add(_: int) -> None:
        with registered.begin() as session:
            add_counts(
                session,
                [Counted("intents", minute, 1, "errors", 10, 1) for minute in (7, 6, 7)],
            )

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(add, range(12)))

    with registered() as session:
        assert read_counts(session, "intents", since=0, before=100) == [
            Counted("intents", 6, 1, "errors", 120, 12),
            Counted("intents", 7, 1, "errors", 240, 24),
        ]
        assert read_counts(session, "intents", since=7, before=7) == []


def test_counts_of_an_unknown_model_are_left_out_and_of_an_unknown_version_refused(
    registered: Sessions,
) -> None:
    with registered.begin() as session:
        add_counts(session, [Counted("topics", 6, 1, "errors", 1, 0)])
        add_counts(session, [])

    with pytest.raises(IntegrityError), registered.begin() as session:
        add_counts(session, [Counted("intents", 6, 2, "errors", 1, 0)])


def test_more_bad_ones_than_seen_are_refused(registered: Sessions) -> None:
    with pytest.raises(IntegrityError), registered.begin() as session:
        add_counts(session, [Counted("intents", 6, 1, "errors", 1, 2)])
