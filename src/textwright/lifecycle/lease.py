"""Leases: one process at a time does a piece of work, and another takes over when it is gone."""

from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from textwright.lifecycle.tables_around import Lease


def take_lease(
    session: Session, name: str, holder: str, *, now: datetime, length: timedelta
) -> bool:
    """Take a lease, or keep it, unless another holder's has not run out; gives whether it is ours.

    One statement, so that two takers at once cannot both have it. The caller owns the transaction.
    now: from ``utc_now``; the clocks of the holders should agree to well within ``length``.
    """
    sqlite_used = session.get_bind().dialect.name == "sqlite"
    insert = (sqlite if sqlite_used else postgresql).insert(Lease)
    taken = session.scalars(
        insert.values(name=name, holder=holder, until=now + length)
        .on_conflict_do_update(
            index_elements=("name",),
            set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
            where=or_(Lease.holder == insert.excluded.holder, Lease.until <= now),
        )
        .returning(Lease.holder)
    ).one_or_none()
    return taken == holder
