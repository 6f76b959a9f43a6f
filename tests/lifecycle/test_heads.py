"""Signed heads, against a journal that was cut off or rewritten."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.lifecycle.conftest import on_sqlite
from tests.lifecycle.test_journal import TRIGGERS, add_events
from textwright.errors import RefusedError, SettingsError, UsageError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.heads import (
    SignedHead,
    compare_head,
    read_head,
    read_key,
    sign_head,
    write_head,
)
from textwright.lifecycle.journal import GENESIS, append_event, chain_hash, check_chain
from textwright.lifecycle.tables import Event


@pytest.fixture
def signed(sessions: Sessions, tmp_path: Path) -> SignedHead:
    """Sign the head of a journal of five events, which a tamperer may change."""
    with sessions.begin() as session:
        add_events(session)
        if sessions.engine.dialect.name == "sqlite":
            for trigger in TRIGGERS:
                session.execute(text(f"DROP TRIGGER {trigger}"))
    with sessions() as session:
        return sign_head(session, tmp_path / "head.key")


def test_a_kept_head_fits_the_journal_and_all_that_follows(
    sessions: Sessions, signed: SignedHead
) -> None:
    with sessions.begin() as session:
        append_event(session, "promoted", actor="ben", subject="intents@3")

    with sessions() as session:
        assert compare_head(session, read_head(write_head(signed)), key=signed.key) == []


def test_a_head_of_an_empty_journal_fits_too(sessions: Sessions, tmp_path: Path) -> None:
    with sessions() as session:
        head = sign_head(session, tmp_path / "head.key")
        assert (head.sequence, head.hash) == (0, GENESIS)
        assert compare_head(session, head) == []


@on_sqlite
def test_a_journal_cut_off_with_its_head_moved_back_is_found_only_by_a_kept_head(
    sessions: Sessions, signed: SignedHead
) -> None:
    with sessions.begin() as session:
        session.execute(text("DELETE FROM event WHERE sequence > 3"))
        session.execute(
            text("UPDATE head SET sequence = 3, hash = (SELECT hash FROM event WHERE sequence = 3)")
        )

    with sessions() as session:
        assert check_chain(session) == []
        (problem,) = compare_head(session, signed)
    assert "cut off: it ends at event 3" in problem


@on_sqlite
def test_a_journal_rewritten_to_its_end_is_found_only_by_a_kept_head(
    sessions: Sessions, signed: SignedHead
) -> None:
    with sessions.begin() as session:
        previous = GENESIS
        for number in range(1, 6):
            event = session.get_one(Event, number)
            event.text = event.text.replace('"ann"', '"eve"')
            event.previous, event.hash = previous, chain_hash(previous, event.text)
            previous = event.hash
        session.execute(text("UPDATE head SET hash = :hash"), {"hash": previous})

    with sessions() as session:
        assert check_chain(session) == []
        (problem,) = compare_head(session, signed)
    assert "rewritten: event 5" in problem


@on_sqlite
def test_a_changed_head_and_one_signed_by_another_key_are_refused(
    sessions: Sessions, signed: SignedHead, tmp_path: Path
) -> None:
    for changed in (
        replace(signed, sequence=3),
        replace(signed, hash="0" * 64),
        replace(signed, at="2020-01-01T00:00:00+00:00"),
    ):
        with pytest.raises(RefusedError, match="does not fit"):
            read_head(write_head(changed))
    with sessions() as session:
        other = sign_head(session, tmp_path / "other.key")
        assert "another key" in compare_head(session, other, key=signed.key)[0]


@pytest.mark.parametrize("wrong", ["", "[]", "{}", '{"sequence": 1}', "not json"])
def test_a_text_that_is_no_head_is_told(wrong: str) -> None:
    with pytest.raises(UsageError, match="no signed head"):
        read_head(wrong)


@on_sqlite
def test_the_key_is_made_once_for_its_owner_alone_and_stands_in_no_head(
    sessions: Sessions, signed: SignedHead, tmp_path: Path
) -> None:
    path = tmp_path / "head.key"
    before = path.read_bytes()

    with sessions() as session:
        assert sign_head(session, path).key == signed.key
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (before, 0o600)
    assert before.decode().strip() not in json.dumps(write_head(signed))


def test_a_key_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.key"
    path.write_text("c2hvcnQ=")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="Others may read"):
        read_key(path)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="no key to sign with"):
        read_key(path)
