"""Keys and roles."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from tests.lifecycle.conftest import on_sqlite
from textwright.errors import RefusedError, UnknownNameError
from textwright.lifecycle.access import (
    NewKey,
    create_key,
    list_keys,
    revoke_key,
    set_role,
)
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.records import compare_records
from textwright.lifecycle.tables import utc_now


@pytest.fixture
def made(sessions: Sessions) -> NewKey:
    """Make a key for an operator."""
    with sessions.begin() as session:
        set_role(session, "ben", "operator", actor="ann")
        return create_key(session, "ben", label="laptop", actor="ann")


def test_a_key_has_its_owner_and_role_and_only_its_hash_is_kept(
    sessions: Sessions, made: NewKey
) -> None:
    with sessions() as session:
        (key,) = list_keys(session)
        journal = str(read_events(session))
        assert (key.id, key.principal.name, key.principal.role) == (made.id, "ben", "operator")

    assert key.digest == sha256(made.secret.encode()).hexdigest()
    assert len(made.secret) >= 43 + len("tw_")
    assert made.secret not in journal + str(vars(key))


def test_two_keys_are_never_the_same(sessions: Sessions, made: NewKey) -> None:
    with sessions.begin() as session:
        other = create_key(session, "ben", actor="ann")

    assert other.secret != made.secret


def test_the_end_of_a_key_is_kept_and_comes_once(sessions: Sessions, made: NewKey) -> None:
    past = utc_now() - timedelta(seconds=1)
    with sessions.begin() as session:
        expired = create_key(session, "ben", expires_at=past, actor="ann")
        revoke_key(session, made.id, actor="ann")

    with sessions() as session:
        revoked, other = list_keys(session)
        assert (revoked.id, other.id, other.expires_at) == (made.id, expired.id, past)
        assert revoked.revoked_at is not None
        assert other.revoked_at is None
        assert compare_records(session) == []
    with pytest.raises(RefusedError, match="revoked before"), sessions.begin() as session:
        revoke_key(session, made.id, actor="ann")
    with pytest.raises(UnknownNameError, match="no key 9"), sessions.begin() as session:
        revoke_key(session, 9, actor="ann")


def test_unknown_roles_and_principals_are_answered_with_the_nearest(sessions: Sessions) -> None:
    with sessions.begin() as session:
        set_role(session, "ben", "viewer", actor="ann")

        with pytest.raises(UnknownNameError, match="'approver'"):
            set_role(session, "ben", "aprover", actor="ann")
        with pytest.raises(UnknownNameError, match="'ben'"):
            create_key(session, "benn", actor="ann")


def test_the_actor_of_every_change_is_in_the_journal(sessions: Sessions, made: NewKey) -> None:
    with sessions.begin() as session:
        set_role(session, "ben", "operator", actor="eve")  # as it was: no change
        set_role(session, "ben", "admin", actor="cem")
        revoke_key(session, made.id, actor="dan")

    with sessions() as session:
        told = [(each.kind, each.actor) for each in reversed(read_events(session))]
    assert told == [
        ("role_set", "ann"),
        ("key_created", "ann"),
        ("role_set", "cem"),
        ("key_revoked", "dan"),
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE principal SET role = 'admin'", "The role of ben is not"),
        ("UPDATE key SET revoked_at = NULL, digest = 'x'", "The key 1 is not"),
        ("INSERT INTO principal VALUES (9, 'eve', 'admin', '2026-01-01')", "The role of eve is in"),
    ],
)
def test_a_role_or_key_changed_behind_the_journal_is_found(
    sessions: Sessions, made: NewKey, statement: str, what: str
) -> None:
    assert made.id == 1
    with sessions.begin() as session:
        session.execute(text(statement))

    with sessions() as session:
        (problem,) = compare_records(session)
    assert what in problem
