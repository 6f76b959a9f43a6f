"""Counts that servers add for the guards of a rollout, one row a minute, version and guard."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from textwright.lifecycle.tables import Model
from textwright.lifecycle.tables_around import Count
from textwright.lifecycle.tally import Counted

KEY = ("model_id", "minute", "version", "guard")


def add_counts(session: Session, counted: Sequence[Counted]) -> None:
    """Add to the counts in the caller's transaction; two writers at once lose nothing.

    Takes no lock of the journal: counting never waits for a promotion. Rows are written in one
    order, so that two servers never wait for each other. What names no model is left out.
    """
    names = {each.model for each in counted}
    found = session.execute(select(Model.name, Model.id).where(Model.name.in_(names)))
    ids = {row.name: row.id for row in found}
    sums: dict[tuple[int, int, int, str], list[int]] = {}
    for each in counted:
        if each.model in ids:
            key = (ids[each.model], each.minute, each.version, each.guard)
            total = sums.setdefault(key, [0, 0])
            total[0] += each.n
            total[1] += each.bad
    names_of_row = (*KEY, "n", "bad")
    rows = [dict(zip(names_of_row, (*key, *sums[key]), strict=True)) for key in sorted(sums)]
    if not rows:
        return
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    new = (sqlite if on_sqlite else postgresql).insert(Count).values(rows)
    totals = {"n": Count.n + new.excluded.n, "bad": Count.bad + new.excluded.bad}
    session.execute(new.on_conflict_do_update(index_elements=KEY, set_=totals))


def read_counts(session: Session, model: str, *, since: int, before: int) -> list[Counted]:
    """Give a model's counts in the minutes ``since`` <= minute < ``before``, oldest first."""
    query = (
        select(Count)
        .join(Model, Count.model_id == Model.id)
        .where(Model.name == model, Count.minute >= since, Count.minute < before)
        .order_by(Count.minute, Count.version, Count.guard)
    )
    return [
        Counted(model, each.minute, each.version, each.guard, each.n, each.bad)
        for each in session.scalars(query)
    ]
