"""Trace an answer back: to its version, its gates, its run, its data, and who let it through."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.errors import UnknownNameError
from textwright.lifecycle.datasets import read_run_datasets
from textwright.lifecycle.evidence import read_verdicts
from textwright.lifecycle.history import describe
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.rollout import MOVES
from textwright.lifecycle.tables import Run, Version
from textwright.lifecycle.tables_served import Feedback, Prediction
from textwright.monitoring.records import ID

MOVES_READ = 1000  # newest ones of the model


@dataclass(frozen=True)
class Trace:
    """Everything that is known of an answer, from what was asked to who let its version through.

    prediction: what was recorded; fields that its recipe does not keep are None.
    feedback:   what later turned out to be right; None: nobody said.
    version:    that gave it, with its artifact and its scores on the test set.
    verdicts:   of its gates' newest round.
    run:        that trained it, with the SHA-256 of its recipe; None: it comes from elsewhere.
    datasets:   that the run was given.
    moves:      of the version: who promoted it and when, oldest first.
    """

    prediction: dict[str, Any]
    feedback: dict[str, Any] | None
    version: dict[str, Any]
    verdicts: list[dict[str, Any]]
    run: dict[str, Any] | None
    datasets: list[dict[str, Any]]
    moves: list[dict[str, Any]]


def trace(session: Session, answer: str) -> Trace:
    """Trace the answer of an id; raises UnknownNameError when there is no record of it."""
    found = session.get(Prediction, answer) if ID.fullmatch(answer) else None
    if found is None:
        raise no_record(answer)
    version = session.scalars(
        select(Version).where(Version.model_id == found.model_id, Version.number == found.version)
    ).one()
    feedback = session.get(Feedback, answer)
    run = session.get(Run, version.run_id) if version.run_id is not None else None
    columns = ("number", "artifact", "created_at", "evaluated", "scores")
    return Trace(
        prediction={"model": version.model.name, **columns_of(found, PREDICTION)},
        feedback=columns_of(feedback, ("label", "correct", "actor", "given_at"))
        if feedback is not None
        else None,
        version={"name": version.name, **columns_of(version, columns)},
        verdicts=[
            columns_of(each, ("gate", "outcome", "reason"))
            for each in read_verdicts(session, version)
        ],
        run=describe_run(run) if run is not None else None,
        datasets=list_datasets(session, run) if run is not None else [],
        moves=list_moves(session, version),
    )


PREDICTION = (
    "id", "version", "answered_at", "seconds", "request", "caller", "text", "digest", "label",
    "score", "abstained", "error", "expires_at",
)  # fmt: skip


def columns_of(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Give some columns of a row by name."""
    return {name: getattr(row, name) for name in names}


def describe_run(run: Run) -> dict[str, Any]:
    """Give what identifies a run."""
    recipe = hashlib.sha256(run.recipe.encode("utf-8")).hexdigest()
    told = columns_of(run, ("id", "started_at", "seconds", "seed", "code", "lock"))
    return {**told, "recipe": recipe}


def list_datasets(session: Session, run: Run) -> list[dict[str, Any]]:
    """Give the data sets of a run: digest and rows, and the file they were first read from."""
    known = read_run_datasets(session, run.id)
    return [
        {
            "role": role,
            "digest": digest,
            "rows": known[role].rows if role in known else None,
            "source": known[role].source if role in known else None,
        }
        for role, digest in run.datasets.items()
    ]


def list_moves(session: Session, version: Version) -> list[dict[str, Any]]:
    """Give the moves of a version, oldest first."""
    events = read_events(session, version.model.name, kinds=MOVES, limit=MOVES_READ)
    return [
        {
            "sequence": each.sequence,
            "at": datetime.fromisoformat(each.at),
            "actor": each.actor,
            "kind": each.kind,
            "sentence": describe(each),
        }
        for each in reversed(events)
        if each.subject == version.name
    ]


def no_record(answer: str) -> UnknownNameError:
    """Build the error for an id without a record, saying why that may be."""
    what = f"There is no record of an answer {answer[:64]!r}."
    if not ID.fullmatch(answer):
        return UnknownNameError(what, "An answer's id has 24 characters, of 0-9 and a-f.")
    return UnknownNameError(
        what,
        "It was given elsewhere, or less than some seconds ago; or the recipe's [records] does "
        "not keep every answer; or it was erased: by its age, its id or its caller.",
    )
