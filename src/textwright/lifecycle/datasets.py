"""The data sets that runs were given, by the digest over all their rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.errors import RefusedError
from textwright.lifecycle.journal import lock_head
from textwright.lifecycle.tables import DATASET_ROLES, Dataset, Run, RunDataset


@dataclass(frozen=True)
class NewDataset:
    """Rows as they were read.

    digest:  SHA-256 over the sorted digests of all rows, every column: their order is no matter.
    columns: the names met.
    source:  the file they came from.
    """

    digest: str
    rows: int
    columns: tuple[str, ...]
    source: str


def add_dataset(session: Session, new: NewDataset) -> Dataset:
    """Record a data set; the same rows again are the same one, with the source it had first."""
    lock_head(session)
    found = session.scalar(select(Dataset).where(Dataset.digest == new.digest))
    if found is not None:
        return found
    dataset = Dataset(
        digest=new.digest, rows=new.rows, columns=list(new.columns), source=new.source
    )
    session.add(dataset)
    session.flush()
    return dataset


def add_run_datasets(session: Session, run: Run, parts: Mapping[str, NewDataset]) -> None:
    """Record the data sets of a run under their roles: train, dev, test.

    The digests must be those the run was begun with, which the journal keeps; raises
    RefusedError for another. What is recorded already stays.
    """
    lock_head(session)
    known = read_run_datasets(session, run.id)
    for role in DATASET_ROLES:
        if role not in parts or role in known:
            continue
        if run.datasets.get(role) != parts[role].digest:
            raise RefusedError(
                f"Run {run.id} was not begun with this {role} set.",
                "The data was changed since; train again.",
            )
        dataset = add_dataset(session, parts[role])
        session.add(RunDataset(run_id=run.id, role=role, dataset_id=dataset.id))
    session.flush()


def read_run_datasets(session: Session, run: int) -> dict[str, Dataset]:
    """Give the data sets of a run by role."""
    query = (
        select(RunDataset.role, Dataset)
        .join(Dataset, RunDataset.dataset_id == Dataset.id)
        .where(RunDataset.run_id == run)
    )
    return {row.role: row.Dataset for row in session.execute(query)}
