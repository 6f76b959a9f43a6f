"""The way of a version to production and back: moves of the deployment row.

A move locks the journal's head, swaps the row only if its generation is the one it was decided
on, and appends its event, all in the caller's transaction: the pointer is the old or the new one.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from textwright.errors import RefusedError
from textwright.lifecycle.evidence import read_verdicts
from textwright.lifecycle.journal import append_event, lock_head, read_events
from textwright.lifecycle.registry import find_model
from textwright.lifecycle.tables import Deployment, Model, Verdict, Version, utc_now

MOVES = ("promoted", "rolled_back")  # kinds of events that hold the deployment after them
STEPS_BACK = 100  # stable versions remembered to go back to


@dataclass(frozen=True)
class Move:
    """What became of a promotion or rollback.

    moved:   False when the version was in production already and nothing was written.
    earlier: number of the version that was in production before; None if there was none.
    """

    moved: bool
    model: str
    stable: int
    earlier: int | None
    generation: int


def read_deployment(session: Session, model: str) -> Deployment:
    """Give a model's deployment as the database has it now.

    Raises UnknownNameError if no model has that name.
    """
    query = select(Deployment).where(Deployment.model_id == find_model(session, model).id)
    return session.scalars(query, execution_options={"populate_existing": True}).one()


def promote(
    session: Session, version: Version, *, actor: str, reason: str, generation: int | None = None
) -> Move:
    """Put a version into production, if it was evaluated and passed every gate.

    A version that is in production already stays there, and nothing is written.
    generation: of the deployment that the decision was based on; None: whatever it is now.
    Raises RefusedError naming each gate that did not pass, or who changed the deployment first.
    """
    lock_head(session)
    current = read_deployment(session, version.model.name)
    if current.stable == version.number and current.candidate is None:
        return Move(False, version.model.name, version.number, None, current.generation)
    check_gates(session, version)
    earlier = [] if current.stable is None else [current.stable, *current.earlier][:STEPS_BACK]
    expected = current.generation if generation is None else generation
    target = Target(version.number, earlier, "promoted")
    return move(session, version.model, target, expected, Cause(actor, reason, current.stable))


def rollback(
    session: Session, model: str, *, actor: str, reason: str, generation: int | None = None
) -> Move:
    """Go back to the version that was in production before; once more goes further back.

    generation: as in ``promote``. Raises UnknownNameError if no model has that name, RefusedError
    when there is nothing to go back to or somebody changed the deployment first.
    """
    lock_head(session)
    current = read_deployment(session, model)
    if not current.earlier:
        raise RefusedError(
            f"{model} has nothing to go back to.",
            f"No version was in production before. Promote one: `textwright versions {model}`.",
        )
    previous, *earlier = current.earlier
    expected = current.generation if generation is None else generation
    target = Target(previous, earlier, "rolled_back")
    cause = Cause(actor, reason, current.stable)
    return move(session, find_model(session, model), target, expected, cause)


@dataclass(frozen=True)
class Target:
    """Where a deployment goes: its stable version, those before it, its state."""

    stable: int
    earlier: list[int]
    state: str


@dataclass(frozen=True)
class Cause:
    """Who moves a deployment, why, and from which stable version."""

    actor: str
    reason: str
    origin: int | None


def move(session: Session, model: Model, target: Target, expected: int, cause: Cause) -> Move:
    """Swap the deployment row if its generation is ``expected``, and journal the move."""
    moved = session.scalars(
        update(Deployment)
        .where(Deployment.model_id == model.id, Deployment.generation == expected)
        .values(
            stable=target.stable,
            earlier=target.earlier,
            state=target.state,
            candidate=None,
            shadow=None,
            share=0.0,
            generation=expected + 1,
            changed_at=utc_now(),
        )
        .returning(Deployment),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if moved is None:
        raise lost_race(session, model.name)
    append_event(
        session,
        target.state,
        actor=cause.actor,
        subject=f"{model.name}@{target.stable}",
        details={"from": cause.origin, "reason": cause.reason, "deployment": snapshot(moved)},
    )
    return Move(True, model.name, target.stable, cause.origin, moved.generation)


def snapshot(deployment: Deployment) -> dict[str, Any]:
    """Give what the journal keeps of a deployment after a move, for ``verify`` to compare."""
    return {
        "stable": deployment.stable,
        "candidate": deployment.candidate,
        "shadow": deployment.shadow,
        "share": deployment.share,
        "state": deployment.state,
        "earlier": deployment.earlier,
        "generation": deployment.generation,
    }


def lost_race(session: Session, model: str) -> RefusedError:
    """Build the error for a move decided on a deployment that has changed since."""
    newest = read_events(session, model, kinds=MOVES, limit=1)
    winner = "Somebody"
    if newest:
        did = newest[0].kind.replace("_", " ")
        winner = f"{newest[0].actor} ({did} to {newest[0].subject} at {newest[0].at})"
    return RefusedError(
        f"{winner} changed the deployment of {model} first; nothing was moved.",
        f"Look at `textwright history {model}` and decide again.",
    )


def check_gates(session: Session, version: Version) -> None:
    """Refuse a version that was not evaluated, not gated, or did not pass a gate."""
    if not version.evaluated:
        raise RefusedError(
            f"{version.name} is unevaluated: it was trained without a test set.",
            "Give data.test in the recipe and train again.",
        )
    verdicts = read_verdicts(session, version)
    failed = [each for each in verdicts if each.outcome != "pass"]
    if failed:
        told = "; ".join(describe_verdict(each) for each in failed)
        raise RefusedError(
            f"{version.name} did not pass: {told}",
            f"Production was not changed. See `textwright show {version.name}`.",
        )
    if not verdicts and not session.scalar(select(Version.gated).where(Version.id == version.id)):
        raise RefusedError(
            f"The gates of {version.name} were not judged yet.",
            f"Run `textwright gate {version.name}`.",
        )


def describe_verdict(verdict: Verdict) -> str:
    """Say a verdict with its numbers, as in ``accuracy at least 0.9: fail. It is 0.88.``."""
    return f"{verdict.gate}: {verdict.outcome}. {verdict.reason}"
