"""What the control API does with deployments: promote, roll back, steer a rollout."""

from sqlalchemy.orm import Session

from textwright.errors import StaleError
from textwright.lifecycle import rollout
from textwright.lifecycle.detection import detect_usual
from textwright.lifecycle.journal import lock_head
from textwright.lifecycle.policy import plan_rollout
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import Cause, Move, read_deployment
from textwright.lifecycle.tables import utc_now
from textwright.serving.control import wire
from textwright.serving.control.operations import Order
from textwright.serving.control.reads import deployment_of


def foresee(session: Session, order: Order) -> wire.Prospect | None:
    """Check a version's artifact, and simulate its rollout; None when it goes at once.

    Raises UnknownNameError, UsageError; ArtifactError for a damaged one, which stays out.
    """
    given: wire.Promote = order.given
    version = find_version(session, f"{order.names[0]}@{given.version}")
    order.folder(version.artifact)
    if given.canary is None and not given.shadow:
        return None
    settings = plan_rollout(session, version, given.canary)
    terms = wire.Terms(
        list(settings.steps), settings.per_caller, settings.caller_minutes, settings.alpha
    )
    found = [
        wire.Detection(
            each.defect.guard, each.defect.before, each.defect.after,
            each.caught, each.requests, each.touched,
        )
        for each in detect_usual(settings, shadow=given.shadow)
    ]  # fmt: skip
    return wire.Prospect(found, terms)


def promote(session: Session, order: Order) -> wire.Moved:
    """Put a version into production, or begin its rollout.

    Raises RefusedError, UsageError, UnknownNameError; StaleError.
    """
    given: wire.Promote = order.given
    model = order.names[0]
    check_generation(session, order)
    version = find_version(session, f"{model}@{given.version}")
    override = order.role if given.override else None
    if given.canary is None and not given.shadow:
        moved = rollout.promote(
            session, version, actor=order.actor, reason=given.reason, override=override
        )
        return tell(moved)
    cause = Cause(order.actor, given.reason, override=override)
    settings = plan_rollout(session, version, given.canary)
    told = tell(rollout.start(session, version, settings, cause, shadow=given.shadow))
    told.candidate = version.name
    told.detection, told.terms = order.prepared.detection, order.prepared.terms
    return told


def rollback(session: Session, order: Order) -> wire.Moved:
    """Drop the candidate; without one, go back to the version before."""
    check_generation(session, order)
    model, reason = order.names[0], order.given.reason
    return tell(rollout.rollback(session, model, actor=order.actor, reason=reason))


def advance(session: Session, order: Order) -> wire.Moved:
    """Take the candidate to its next step."""
    model = check_generation(session, order)
    version = find_version(session, f"{model}@candidate")
    told = tell(rollout.advance(session, version, cause_of(order)))
    told.candidate = version.name
    told.share = read_deployment(session, model).share
    return told


def hold(session: Session, order: Order) -> wire.Deployment:
    """Keep the rollout at its step."""
    return pause(session, order, paused=True)


def resume(session: Session, order: Order) -> wire.Deployment:
    """Let a rollout that was held go on."""
    return pause(session, order, paused=False)


def pause(session: Session, order: Order, *, paused: bool) -> wire.Deployment:
    """Hold a rollout or let it go on."""
    model = check_generation(session, order)
    rollout.pause(session, model, cause_of(order), paused=paused)
    return deployment_of(session, model, utc_now())


def abort(session: Session, order: Order) -> wire.Moved:
    """Drop the candidate; refused where no rollout is under way."""
    model = check_generation(session, order)
    return tell(rollout.drop(session, model, cause_of(order)))


def check_generation(session: Session, order: Order) -> str:
    """Refuse a move decided on a generation that is no more; gives the model's name.

    The head stays locked, so that no other move can come in between. Raises StaleError.
    """
    lock_head(session)
    model = order.names[0]
    generation = read_deployment(session, model).generation
    accepted = {each.strip() for each in order.match.split(",")}
    if order.match and not accepted & {"*", f'"{generation}"'}:
        raise StaleError(
            f"The deployment of {model} has generation {generation}, not {order.match[:100]}.",
            "Look at it again, decide again, and send its new ETag.",
        )
    return model


def cause_of(order: Order) -> Cause:
    """Say who moves a deployment and why."""
    return Cause(order.actor, order.given.reason)


def tell(moved: Move) -> wire.Moved:
    """Give a move as it goes over the wire."""
    return wire.Moved(
        moved.moved, moved.model, moved.stable, moved.earlier, moved.generation, moved.dropped
    )
