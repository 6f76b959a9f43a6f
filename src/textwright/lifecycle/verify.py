"""Check that everything kept is whole: artifacts, journal, deployments, records.

Nothing is repaired and nothing is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from textwright.errors import ArtifactError
from textwright.lifecycle.artifacts import Store
from textwright.lifecycle.journal import check_chain
from textwright.lifecycle.records import compare_records
from textwright.lifecycle.registry import list_running
from textwright.lifecycle.tables import Model, Run, Version

Kind = Literal["artifact", "journal", "record", "stray", "run"]


@dataclass(frozen=True)
class Problem:
    """Something that is not as it should be.

    broken: True when what was kept is damaged or changed; False for what a killed process left
            behind, which harms nothing.
    """

    kind: Kind
    broken: bool
    what: str


def verify(sessions: sessionmaker[Session], store: Store) -> list[Problem]:
    """Check everything, the broken things first; an empty list means all is whole."""
    with sessions() as session:
        problems = [
            *(Problem("journal", True, what) for what in check_chain(session)),
            *(Problem("record", True, what) for what in compare_records(session)),
            *check_artifacts(session, store),
            *check_unused(session, store),
            *check_runs(session),
        ]
    return sorted(problems, key=lambda problem: not problem.broken)


def check_artifacts(session: Session, store: Store) -> Iterator[Problem]:
    """Read every byte of every artifact that a version refers to."""
    rows = session.execute(
        select(Version.artifact, Model.name, Version.number)
        .join(Model, Version.model_id == Model.id)
        .order_by(Model.name, Version.number)
    ).all()
    users: dict[str, list[str]] = {}
    for row in rows:
        users.setdefault(row.artifact, []).append(f"{row.name}@{row.number}")
    for address, names in users.items():
        try:
            store.check(address)
        except ArtifactError as error:
            yield Problem("artifact", True, f"{', '.join(names)}: {error.what}")


def check_unused(session: Session, store: Store) -> Iterator[Problem]:
    """Name what stands in the store and belongs to no version and no finished run."""
    for path in store.stray():
        what = f"{path} is no artifact: a killed process left it, or one is writing it now."
        yield Problem("stray", False, what)
    used = {*session.scalars(select(Version.artifact)), *session.scalars(select(Run.artifact))}
    for address in store.addresses():
        if address not in used:
            what = f"{store.place(address)} belongs to no version and no run."
            yield Problem("stray", False, what)


def check_runs(session: Session) -> Iterator[Problem]:
    """Name the runs that began and did not end."""
    for run in list_running(session):
        where = f", its checkpoints are in {run.folder}" if run.folder else ""
        what = (
            f"Run {run.id} of {run.model.name}, begun {run.started_at:%Y-%m-%d %H:%M} UTC, "
            f"has not ended{where}."
        )
        yield Problem("run", False, what)
