"""Compare the tables with the journal: every recorded fact stands in both, or was tampered with.

A fact is a name and a value: ``version intents@3`` and its artifact and scores, ``deployment of
intents`` and the row. The journal's facts come from its events, the tables' from their rows.
"""

import hashlib
from collections.abc import Callable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.lifecycle.access import describe_key
from textwright.lifecycle.journal import Entry, read_entry
from textwright.lifecycle.registry import describe_version, digest_run
from textwright.lifecycle.rollout import MOVES, snapshot
from textwright.lifecycle.tables import (
    Dataset,
    Deployment,
    Event,
    Evidence,
    Model,
    Run,
    RunDataset,
    Verdict,
    Version,
)
from textwright.lifecycle.tables_around import Key, Principal

Fact = tuple[str, object]
IDLE: dict[str, object] = {
    "stable": None,
    "candidate": None,
    "shadow": None,
    "share": 0.0,
    "state": "idle",
    "earlier": [],
    "generation": 0,
}


def compare_records(session: Session) -> list[str]:
    """Find the facts on which tables and journal differ, a sentence for each."""
    said = dict(journal_facts(session))
    found = dict(table_facts(session))
    problems = []
    for name in sorted(said.keys() | found.keys()):
        if name not in found:
            problems.append(f"The {name} is in the journal, and not in the tables.")
        elif name not in said:
            problems.append(f"The {name} is in the tables, and not in the journal.")
        elif said[name] != found[name]:
            problems.append(f"The {name} is not what the journal says.")
    return problems + compare_datasets(session)


def compare_datasets(session: Session) -> list[str]:
    """Find runs linked to a data set other than the one whose digest the journal covers."""
    rows = session.execute(
        select(Run, RunDataset.role, Dataset.digest)
        .join(RunDataset, RunDataset.run_id == Run.id)
        .join(Dataset, RunDataset.dataset_id == Dataset.id)
        .order_by(Run.id, RunDataset.role)
    )
    return [
        f"The {role} set of run {run.id} is not what the journal says."
        for run, role, digest in rows
        if run.datasets.get(role) != digest
    ]


def journal_facts(session: Session) -> Iterator[Fact]:
    """Give the facts of all events in order; a later one of the same name replaces the first."""
    query = select(Event.text).where(Event.kind.in_(FACTS)).order_by(Event.sequence)
    for text in session.scalars(query.execution_options(yield_per=1000)):
        try:
            entry = read_entry(text)
            yield FACTS[entry.kind](entry)
        except (ValueError, TypeError, KeyError):
            continue  # no text of ours: check_chain has named it


def moved(entry: Entry) -> Fact:
    """Give the deployment after a move."""
    return f"deployment of {entry.subject.partition('@')[0]}", entry.details["deployment"]


def gated(entry: Entry) -> Fact:
    """Give one round of verdicts."""
    details = entry.details
    return f"gating {details['round']} of {entry.subject}", details["verdicts"]


def key_of(entry: Entry) -> Fact:
    """Give a key as it was made or revoked."""
    return f"key {entry.details['key']}", dict(entry.details)


def role_of(entry: Entry) -> Fact:
    """Give the role of a principal."""
    return f"role of {entry.details['principal']}", entry.details["role"]


FACTS: dict[str, Callable[[Entry], Fact]] = {
    "model_added": lambda entry: (f"deployment of {entry.subject}", IDLE),
    "run_started": lambda entry: (f"run {entry.details['run']}", entry.details["digest"]),
    "registered": lambda entry: (f"version {entry.subject}", dict(entry.details)),
    "measured": lambda entry: (measurement(entry.subject, **entry.details), True),
    "gated": gated,
    "key_created": key_of,
    "key_revoked": key_of,
    "role_set": role_of,
    **dict.fromkeys(MOVES, moved),
}


def measurement(subject: str, kind: str, digest: str) -> str:
    """Name a piece of evidence."""
    return f"evidence {kind} of {subject}, {digest[:12]}"


def table_facts(session: Session) -> Iterator[Fact]:
    """Give the facts of all rows."""
    deployments = select(Model.name, Deployment).join(Model, Deployment.model_id == Model.id)
    for name, deployment in session.execute(deployments):
        yield f"deployment of {name}", snapshot(deployment)
    for run in session.scalars(select(Run)):
        yield f"run {run.id}", digest_run(run)
    for version in session.scalars(select(Version)):
        yield f"version {version.name}", describe_version(version)
    for principal in session.scalars(select(Principal)):
        yield f"role of {principal.name}", principal.role
    for key in session.scalars(select(Key)):
        yield f"key {key.id}", describe_key(key)
    yield from evidence_facts(session)
    yield from verdict_facts(session)


def evidence_facts(session: Session) -> Iterator[Fact]:
    """Give each piece of evidence, and whether its content still has its digest."""
    rows = select(Evidence, Version).join(Version, Evidence.version_id == Version.id)
    for evidence, version in session.execute(rows):
        digest = hashlib.sha256(evidence.content.encode("utf-8")).hexdigest()
        name = measurement(version.name, evidence.kind, evidence.digest)
        yield name, digest == evidence.digest


def verdict_facts(session: Session) -> Iterator[Fact]:
    """Give the rounds of verdicts of every version, those without a gate included."""
    rounds: dict[str, list[object]] = {}
    for version in session.scalars(select(Version)):
        for number in range(1, version.gated + 1):
            rounds[f"gating {number} of {version.name}"] = []
    rows = select(Verdict, Version).join(Version, Verdict.version_id == Version.id)
    ordered = rows.order_by(Verdict.version_id, Verdict.round, Verdict.position)
    for verdict, version in session.execute(ordered):
        told = {
            "gate": verdict.gate,
            "outcome": verdict.outcome,
            "numbers": verdict.numbers,
            "reason": verdict.reason,
        }
        if verdict.round <= version.gated:  # a round beyond the counter counts for nobody
            rounds[f"gating {verdict.round} of {version.name}"].append(told)
    yield from rounds.items()
