"""The way of a version to production and back: moves of the deployment row.

A move locks the journal's head, swaps the row only if its generation is the one it was decided
on, and appends its event, all in the caller's transaction: the pointer is the old or the new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from textwright.errors import LostRaceError, RefusedError, unknown_name
from textwright.lifecycle.admission import admit, gate_state
from textwright.lifecycle.journal import append_event, lock_head, read_events
from textwright.lifecycle.policy import Policy, read_policy, write_policy
from textwright.lifecycle.tables import Deployment, Model, Version, utc_now
from textwright.lifecycle.traffic import new_salt
from textwright.recipe.rollout import RolloutSettings

MOVES = (  # kinds of events that hold the deployment after them
    "promoted", "rolled_back", "rollout_started", "rollout_advanced", "rollout_held",
    "rollout_resumed", "rollout_dropped",
)  # fmt: skip
UNDER_WAY = ("shadow", "canary")
GOOD_GATES = ("pass", "overridden")
STEPS_BACK = 100  # stable versions remembered to go back to
NO_ROLLOUT: dict[str, Any] = {
    "candidate": None, "shadow": None, "share": 0.0, "step": 0, "salt": "", "policy": {},
    "guard_state": {}, "started_at": None, "step_started_at": None, "ends_at": None,
}  # fmt: skip


@dataclass(frozen=True)
class Move:
    """What became of a move.

    moved:   False when nothing was to be done and nothing was written.
    earlier: number of the version that was in production before; None if there was none.
    dropped: number of the candidate whose rollout ended by it.
    """

    moved: bool
    model: str
    stable: int
    earlier: int | None
    generation: int
    dropped: int | None = None


@dataclass(frozen=True)
class Cause:
    """Who moves a deployment and why.

    generation: of the deployment that the decision was based on; None: whatever it is now.
    evidence:   what the decision was based on, for the journal.
    override:   role of who overrides gates that did not pass; None overrides nothing.
    at:         the time from which a step counts.
    """

    actor: str
    reason: str
    generation: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    override: str | None = None
    at: datetime = field(default_factory=utc_now)


def read_deployment(session: Session, model: str) -> Deployment:
    """Give a model's deployment as the database has it now.

    Raises UnknownNameError if no model has that name.
    """
    query = select(Deployment).join(Model, Model.id == Deployment.model_id)
    query = query.where(Model.name == model).execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise unknown_name("model", model, session.scalars(select(Model.name)))
    return found


def promote(
    session: Session,
    version: Version,
    *,
    actor: str,
    reason: str,
    override: str | None = None,
) -> Move:
    """Put a version into production, if it was evaluated and passed every gate.

    A version that is in production already stays there, and nothing is written. A rollout under
    way ends by it.
    override: as in ``Cause``.
    Raises RefusedError naming each gate that did not pass.
    """
    lock_head(session)
    name = version.model.name
    current = read_deployment(session, name)
    if current.stable == version.number and current.candidate is None:
        return Move(False, name, version.number, None, current.generation)
    overridden = admit(session, version, override=override, reason=reason)
    cause = Cause(actor, reason, evidence={"override": overridden} if overridden else {})
    return put_in_production(session, current, version, cause)


def put_in_production(
    session: Session, current: Deployment, version: Version, cause: Cause
) -> Move:
    """Make a version the stable one; the caller has let it through."""
    stable, candidate = current.stable, current.candidate
    known = stable is None or stable == version.number
    earlier = current.earlier if known else [stable, *current.earlier]
    values = {"stable": version.number, "earlier": earlier[:STEPS_BACK], "state": "promoted"}
    change = Change("promoted", version.name, {**NO_ROLLOUT, **values}, {"from": stable})
    moved = swap(session, current, change, cause)
    dropped = candidate if candidate != version.number else None
    return Move(True, version.model.name, version.number, stable, moved.generation, dropped)


def rollback(session: Session, model: str, *, actor: str, reason: str) -> Move:
    """Drop the candidate if one is under way; else go back to the version before.

    Once more goes further back.
    Raises UnknownNameError if no model has that name, RefusedError when there is nothing to go
    back to.
    """
    lock_head(session)
    current = read_deployment(session, model)
    if current.candidate is not None:
        return drop(session, model, Cause(actor, reason))
    if not current.earlier:
        raise RefusedError(
            f"{model} has nothing to go back to.",
            f"No version was in production before. Promote one: `textwright versions {model}`.",
        )
    previous, *earlier = current.earlier
    stable = current.stable
    values = {**NO_ROLLOUT, "stable": previous, "earlier": earlier, "state": "rolled_back"}
    change = Change("rolled_back", f"{model}@{previous}", values, {"from": stable})
    moved = swap(session, current, change, Cause(actor, reason))
    return Move(True, model, previous, stable, moved.generation)


def start(
    session: Session, version: Version, settings: RolloutSettings, cause: Cause, *, shadow: bool
) -> Move:
    """Begin the rollout of a version: in the shadow of stable, or with its first share.

    Raises RefusedError when it may not go, nothing is in production to compare it with, a rollout
    is under way already, or somebody changed the deployment first.
    """
    lock_head(session)
    name = version.model.name
    current = read_deployment(session, name)
    stable = check_start(current, version)
    overridden = admit(session, version, override=cause.override, reason=cause.reason)
    now = cause.at
    policy = Policy(settings, overridden["round"] if overridden else None)
    values = {
        "candidate": version.number,
        "shadow": version.number if shadow else None,
        "share": 0.0 if shadow else settings.steps[0],
        "state": "shadow" if shadow else "canary",
        "step": 0,
        "salt": new_salt(),
        "rollout": current.rollout + 1,
        "policy": write_policy(policy),
        "guard_state": {"looked": int(now.timestamp() // 60)},
        "started_at": now,
        "step_started_at": now,
        "ends_at": now + timedelta(minutes=settings.limit_minutes),
    }
    if overridden:
        cause = replace(cause, evidence={**cause.evidence, "override": overridden})
    moved = swap(session, current, Change("rollout_started", version.name, values), cause)
    return Move(True, name, stable, None, moved.generation)


def check_start(current: Deployment, version: Version) -> int:
    """Refuse a rollout that has nothing to run against; gives stable's number."""
    name = version.model.name
    if current.stable is None:
        raise RefusedError(
            f"{name} has nothing in production to compare {version.name} with.",
            f"Promote a first version as it is: `textwright promote {version.name}`.",
        )
    if current.stable == version.number:
        raise RefusedError(f"{version.name} is in production already.", "Roll out another version.")
    if current.candidate is not None:
        raise RefusedError(
            f"A rollout of {name}@{current.candidate} is under way.",
            f"Let it end, or drop it: `textwright rollback {name}`.",
        )
    return current.stable


def advance(session: Session, version: Version, cause: Cause) -> Move:
    """Take a candidate to its next step; after the last one it goes to production.

    Its gates must hold, or be overridden; whether the step is over, the caller has judged.
    Raises RefusedError when they do not, or this is not the candidate of a rollout under way.
    """
    lock_head(session)
    current = read_deployment(session, version.model.name)
    check_under_way(current, version)
    policy = read_policy(current.policy)
    if gate_state(session, version, policy.overridden) not in GOOD_GATES:
        admit(session, version, override=None, reason="")
    steps = policy.settings.steps
    step = 0 if current.state == "shadow" else current.step + 1
    if step >= len(steps):
        return put_in_production(session, current, version, cause)
    values = {
        "state": "canary",
        "shadow": None,
        "share": steps[step],
        "step": step,
        "step_started_at": cause.at,
        "guard_state": {**current.guard_state, "units": 0, "feedback": 0, "paused": False},
    }
    stable = current.stable
    assert stable is not None, "a rollout runs against a stable version"
    moved = swap(session, current, Change("rollout_advanced", version.name, values), cause)
    return Move(True, version.model.name, stable, None, moved.generation)


def pause(session: Session, model: str, cause: Cause, *, paused: bool) -> Deployment:
    """Hold a rollout at its step, or let it go on; its guards watch it either way."""
    lock_head(session)
    current = read_deployment(session, model)
    check_under_way(current)
    values = {"guard_state": {**current.guard_state, "paused": paused}}
    kind = "rollout_held" if paused else "rollout_resumed"
    return swap(session, current, Change(kind, f"{model}@{current.candidate}", values), cause)


def drop(session: Session, model: str, cause: Cause) -> Move:
    """End a rollout without its candidate: stable answers everybody, as before."""
    lock_head(session)
    current = read_deployment(session, model)
    candidate, stable = check_under_way(current), current.stable
    assert stable is not None, "a rollout runs against a stable version"
    change = Change(
        "rollout_dropped", f"{model}@{candidate}", {**NO_ROLLOUT, "state": "rolled_back"}
    )
    moved = swap(session, current, change, cause)
    return Move(True, model, stable, None, moved.generation, candidate)


def check_under_way(current: Deployment, version: Version | None = None) -> int:
    """Give the candidate's number; refuse where no rollout, or another's, is under way."""
    if current.candidate is None or current.state not in UNDER_WAY:
        raise RefusedError(
            "No rollout is under way.", "`textwright promote MODEL@N --canary 0.1` begins one."
        )
    if version is not None and version.number != current.candidate:
        raise RefusedError(
            f"{version.name} is not the candidate.",
            f"That is {version.model.name}@{current.candidate}.",
        )
    return current.candidate


@dataclass(frozen=True)
class Change:
    """A new state of a deployment: its event's kind and subject, its columns, further details."""

    kind: str
    subject: str
    values: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)


def swap(session: Session, current: Deployment, change: Change, cause: Cause) -> Deployment:
    """Change the row if its generation is the one decided on, and journal it; gives it."""
    expected = current.generation if cause.generation is None else cause.generation
    model = change.subject.partition("@")[0]
    changed = session.scalars(
        update(Deployment)
        .where(Deployment.model_id == current.model_id, Deployment.generation == expected)
        .values(**change.values, reason=cause.reason, generation=expected + 1, changed_at=utc_now())
        .returning(Deployment),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if changed is None:
        raise lost_race(session, model)
    told = {**change.details, "reason": cause.reason, **cause.evidence}
    details = {**told, "deployment": snapshot(changed)}
    append_event(session, change.kind, actor=cause.actor, subject=change.subject, details=details)
    return changed


def snapshot(deployment: Deployment) -> dict[str, Any]:
    """Give what the journal keeps of a deployment after a move, for ``verify`` to compare."""
    kept = ["stable", "candidate", "shadow", "share", "state", "earlier", "generation"]
    if deployment.candidate is not None:
        kept += ["step", "salt", "policy", "rollout"]
    return {name: getattr(deployment, name) for name in kept}


def lost_race(session: Session, model: str) -> LostRaceError:
    """Build the error for a move decided on a deployment that has changed since."""
    newest = read_events(session, model, kinds=MOVES, limit=1)
    winner = "Somebody"
    if newest:
        did = newest[0].kind.replace("_", " ")
        winner = f"{newest[0].actor} ({did} to {newest[0].subject} at {newest[0].at})"
    return LostRaceError(
        f"{winner} changed the deployment of {model} first; nothing was moved.",
        f"Look at `textwright history {model}` and decide again.",
    )
