"""What the control API does with keys and roles."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.lifecycle import access
from textwright.lifecycle.tables import utc_now
from textwright.lifecycle.tables_around import Principal
from textwright.serving.control import wire
from textwright.serving.control.operations import Order


def list_keys(session: Session, order: Order) -> wire.Keys:
    """Give a page of keys."""
    page: wire.NumberPage = order.given
    rows = [
        wire.KeyRow(
            key=each.id,
            name=each.principal.name,
            role=each.principal.role,
            label=each.label,
            created=each.created_at,
            expires=each.expires_at,
            revoked=each.revoked_at,
            last_used=each.last_used_at,
        )
        for each in access.list_keys(session, after=page.after or 0, limit=page.limit)
    ]
    return wire.Keys(rows, rows[-1].key if len(rows) == page.limit else None)


def create_key(session: Session, order: Order) -> wire.CreatedKey:
    """Make a key; raises UnknownNameError for a principal or role that is none."""
    given: wire.CreateKey = order.given
    expires = None if given.days is None else utc_now() + timedelta(days=given.days)
    if given.role:
        access.set_role(session, given.name, given.role, actor=order.actor)
    made = access.create_key(
        session, given.name, label=given.label, expires_at=expires, actor=order.actor
    )
    return wire.CreatedKey(made.id, made.principal, made.role, made.secret)


def revoke_key(session: Session, order: Order) -> wire.RevokedKey:
    """End a key; raises UnknownNameError, or RefusedError when it has ended before."""
    key = int(order.names[0])
    access.revoke_key(session, key, actor=order.actor)
    return wire.RevokedKey(key)


def list_principals(session: Session, order: Order) -> wire.Principals:
    """Give a page of principals."""
    page: wire.NamePage = order.given
    query = select(Principal).where(Principal.name > page.after).order_by(Principal.name)
    found = session.scalars(query.limit(page.limit))
    rows = [wire.PrincipalRow(each.name, each.role, each.created_at) for each in found]
    return wire.Principals(rows, rows[-1].name if len(rows) == page.limit else None)


def set_role(session: Session, order: Order) -> wire.PrincipalRow:
    """Give a principal a role; one that is new is added. Raises UnknownNameError for a role."""
    given: wire.SetRole = order.given
    found = access.set_role(session, order.names[0], given.role, actor=order.actor)
    return wire.PrincipalRow(found.name, found.role, found.created_at)
