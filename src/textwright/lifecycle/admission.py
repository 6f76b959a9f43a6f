"""Who may go to production: versions that passed their gates, or that an approver lets through."""

import tomllib
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.errors import RefusedError, UsageError
from textwright.lifecycle.decision import GateState
from textwright.lifecycle.evidence import standing_verdicts
from textwright.lifecycle.gates import Verdict
from textwright.lifecycle.tables import Run, Version
from textwright.manifest import PARTS_ONLY

MAY_OVERRIDE = ("approver", "admin")
DIRECT = "direct"  # role of who holds the database itself: recorded, beyond enforcing


def admit(session: Session, version: Version, *, override: str | None, reason: str) -> Any:
    """Let a version through; gives what the journal keeps of an override, None without one.

    override: role of who overrides gates that did not pass; None overrides nothing.
    Raises RefusedError naming each gate that did not pass, or a role that may not override;
    UsageError for an override without a reason.
    """
    check_judged(session, version)
    failed = [each for each in standing_verdicts(session, version) if each.outcome != "pass"]
    if not failed:
        return None
    told = "; ".join(describe_verdict(each) for each in failed)
    if override is None:
        raise RefusedError(
            f"{version.name} did not pass: {told}",
            f"Production was not changed. See `textwright show {version.name}`; an approver may "
            "let it through with --override --reason.",
        )
    check_role(override)
    if not reason.strip():
        raise UsageError(
            f"An override of {version.name} needs a reason ({told})",
            "Write --reason: it stands in the journal beside the verdicts.",
        )
    verdicts = [
        {"gate": each.gate, "outcome": each.outcome, "reason": each.reason} for each in failed
    ]
    return {"role": override, "round": version.gated, "verdicts": verdicts}


def check_judged(session: Session, version: Version) -> None:
    """Refuse a version that was not evaluated or not gated: there is nothing to override."""
    check_task(session, version)
    if not version.evaluated:
        raise RefusedError(
            f"{version.name} is unevaluated: it was trained without a test set.",
            "Give data.test in the recipe and train again.",
        )
    if not session.scalar(select(Version.gated).where(Version.id == version.id)):
        raise RefusedError(
            f"The gates of {version.name} were not judged yet.",
            f"Run `textwright gate {version.name}`.",
        )


def check_task(session: Session, version: Version) -> None:
    """Refuse word vectors: they answer no text by themselves."""
    recipe = session.scalar(select(Run.recipe).where(Run.id == version.run_id))
    if recipe and tomllib.loads(recipe).get("task") in PARTS_ONLY:
        what = f"{version.name} holds word vectors, which cannot be served by themselves."
        hint = f'Name them in a recipe, [embedding] file = "{version.name}", and promote its model.'
        raise RefusedError(what, hint)


def check_role(role: str) -> None:
    """Refuse to override for a role that may not."""
    if role not in (*MAY_OVERRIDE, DIRECT):
        raise RefusedError(
            f"The role {role} may not override gates.", "Ask an approver to promote it."
        )


def gate_state(session: Session, version: Version, overridden: int | None) -> GateState:
    """Say how the gates of a candidate stand now.

    overridden: round of verdicts that an approver let through; a later round counts again.
    """
    gated = session.scalar(select(Version.gated).where(Version.id == version.id))
    if not gated:
        return "unknown"
    outcomes = [each.outcome for each in standing_verdicts(session, version)]
    if all(outcome == "pass" for outcome in outcomes):
        return "pass"
    if overridden == gated:
        return "overridden"
    return "fail" if "fail" in outcomes else "unknown"


def describe_verdict(verdict: Verdict) -> str:
    """Say a verdict with its numbers, as in ``accuracy at least 0.9: fail. It is 0.88.``."""
    return f"{verdict.gate}: {verdict.outcome}. {verdict.reason}"
