"""Evidence of versions and the verdicts over it, as the database keeps them."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from textwright.lifecycle import gates
from textwright.lifecycle.journal import append_event, finite, lock_head
from textwright.lifecycle.tables import Deployment, Evidence, Verdict, Version
from textwright.manifest import canonical_json


def add_evidence(
    session: Session, version: Version, kind: str, content: Any, *, actor: str
) -> Evidence:
    """Record something measured of a version, and journal its digest.

    The same content twice is the same evidence.
    content: plain values; a float that is not finite becomes None.
    """
    lock_head(session)
    text = canonical_json(finite(content)).decode("utf-8")
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    same = session.scalar(
        select(Evidence).where(
            Evidence.version_id == version.id, Evidence.kind == kind, Evidence.digest == digest
        )
    )
    if same is not None:
        return same
    evidence = Evidence(version_id=version.id, kind=kind, content=text, digest=digest)
    session.add(evidence)
    session.flush()
    details = {"kind": kind, "digest": digest}
    append_event(session, "measured", actor=actor, subject=version.name, details=details)
    return evidence


def read_evidence(session: Session, version: Version) -> dict[str, Any]:
    """Give the newest content of each kind, and under ``scores`` the version's own scores.

    Under ``version`` stands its number, under ``production`` that of the version which is in
    production now, or None: gates hold one against the other.
    """
    rows = session.execute(
        select(Evidence.kind, Evidence.content)
        .where(Evidence.version_id == version.id)
        .order_by(Evidence.id)
    )
    contents = {row.kind: json.loads(row.content) for row in rows}
    stable = select(Deployment.stable).where(Deployment.model_id == version.model_id)
    known = {"version": version.number, "production": session.scalar(stable)}
    return {"scores": dict(version.scores), **contents, **known}


def record_verdicts(
    session: Session, version: Version, verdicts: Sequence[gates.Verdict], *, actor: str
) -> int:
    """Record what the gates said of a version as its newest round; gives the round, from 1.

    An empty sequence is recorded too: the version has no gates, and was found to have none.
    """
    lock_head(session)
    round_number = session.scalars(
        update(Version)
        .where(Version.id == version.id)
        .values(gated=Version.gated + 1)
        .returning(Version.gated)
    ).one()
    told = [finite(vars(verdict)) for verdict in verdicts]
    for position, verdict in enumerate(told):
        session.add(
            Verdict(version_id=version.id, round=round_number, position=position, **verdict)
        )
    session.flush()
    details = {"round": round_number, "verdicts": told}
    append_event(session, "gated", actor=actor, subject=version.name, details=details)
    return round_number


def read_verdicts(session: Session, version: Version) -> list[Verdict]:
    """Give the verdicts of a version's newest round, in the recipe's order."""
    newest = select(Version.gated).where(Version.id == version.id).scalar_subquery()
    return list(
        session.scalars(
            select(Verdict)
            .where(Verdict.version_id == version.id, Verdict.round == newest)
            .order_by(Verdict.position)
        )
    )


def standing_verdicts(session: Session, version: Version) -> list[gates.Verdict]:
    """Give the verdicts of a version's newest round as they stand today.

    One that was given against another production version than today's is unknown, until the
    version is gated again. Those of the version in production stand.
    """
    stable = select(Deployment.stable).where(Deployment.model_id == version.model_id)
    production = session.scalar(stable)
    found = []
    for each in read_verdicts(session, version):
        told = gates.Verdict(each.gate, each.outcome, each.numbers, each.reason)  # type: ignore[arg-type]
        if production != version.number and gates.is_outdated(each.numbers, production):
            reason = "Production has changed since it was measured. Gate it again."
            told = gates.Verdict(each.gate, "unknown", each.numbers, reason)
        found.append(told)
    return found
