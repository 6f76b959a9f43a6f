"""Who may do what: principals with a role, and their keys.

A key is 256 random bits, shown once; the database keeps its SHA-256 (a slow hash guards guessable
passwords, and a random key is none). Roles hold where a key is asked for, in the API; whoever can
write the database itself is beyond them, and stands in the journal all the same.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.errors import RefusedError, UnknownNameError, unknown_name
from textwright.lifecycle.journal import append_event, lock_head
from textwright.lifecycle.roles import ROLES
from textwright.lifecycle.tables import utc_now
from textwright.lifecycle.tables_around import Key, Principal

PREFIX = "tw_"  # lets scanners find a key that stands where it should not


@dataclass(frozen=True)
class NewKey:
    """A key just made; the secret is told nowhere else, and never again."""

    id: int
    principal: str
    role: str
    secret: str


def set_role(session: Session, name: str, role: str, *, actor: str) -> Principal:
    """Give a principal a role; one that is new is added. Raises UnknownNameError for a role."""
    if role not in ROLES:
        raise unknown_name("role", role, ROLES)
    lock_head(session)
    principal = session.scalar(select(Principal).where(Principal.name == name))
    if principal is not None and principal.role == role:
        return principal
    if principal is None:
        principal = Principal(name=name, role=role)
        session.add(principal)
    principal.role = role
    session.flush()
    append_event(session, "role_set", actor=actor, details={"principal": name, "role": role})
    return principal


def create_key(
    session: Session,
    name: str,
    *,
    label: str = "",
    expires_at: datetime | None = None,
    actor: str,
) -> NewKey:
    """Make a key for a principal. Raises UnknownNameError when there is none of that name."""
    lock_head(session)
    principal = session.scalar(select(Principal).where(Principal.name == name))
    if principal is None:
        raise unknown_name("principal", name, session.scalars(select(Principal.name)))
    secret = PREFIX + secrets.token_urlsafe(32)
    key = Key(principal=principal, digest=digest_of(secret), label=label, expires_at=expires_at)
    session.add(key)
    session.flush()
    append_event(session, "key_created", actor=actor, details=describe_key(key))
    return NewKey(key.id, name, principal.role, secret)


def revoke_key(session: Session, key: int, *, actor: str) -> None:
    """End a key at once; raises UnknownNameError, or RefusedError when it has ended before."""
    lock_head(session)
    found = session.get(Key, key)
    if found is None:
        raise UnknownNameError(f"There is no key {key}.", "`textwright keys list` names all.")
    if found.revoked_at is not None:
        raise RefusedError(f"Key {key} was revoked before.", "Nothing was changed.")
    found.revoked_at = utc_now()
    session.flush()
    append_event(session, "key_revoked", actor=actor, details=describe_key(found))


def describe_key(key: Key) -> dict[str, object]:
    """Give what the journal keeps of a key, for ``verify`` to compare; never the secret."""
    return {
        "key": key.id,
        "principal": key.principal.name,
        "digest": key.digest,
        "label": key.label,
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "revoked": key.revoked_at is not None,
    }


def list_keys(session: Session, *, after: int = 0, limit: int = 100) -> list[Key]:
    """List keys, oldest first; ``after`` is the last id of the page before."""
    return list(session.scalars(select(Key).where(Key.id > after).order_by(Key.id).limit(limit)))


def digest_of(secret: str) -> str:
    """SHA-256 of a key, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
