"""What the control API tells: models, versions, deployments, events."""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.errors import ArtifactError
from textwright.lifecycle import history, registry
from textwright.lifecycle.evidence import read_verdicts
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.rollout import read_deployment
from textwright.lifecycle.standing import give_standing, list_standings
from textwright.lifecycle.tables import Deployment, Run, Version, utc_now
from textwright.serving.control import wire
from textwright.serving.control.operations import Order

OF_RUN = ("seconds", "seed", "machine", "libraries", "datasets")


def list_models(session: Session, order: Order) -> wire.Models:
    """Give a page of models."""
    page: wire.NamePage = order.given
    found = registry.list_models(session, after=page.after, limit=page.limit)
    named = Deployment.model_id.in_([each.id for each in found])
    rows_of = session.execute(select(Deployment.model_id, Deployment.stable).where(named))
    stable = {row.model_id: row.stable for row in rows_of}
    rows = [wire.ModelRow(each.name, each.newest, stable.get(each.id)) for each in found]
    return wire.Models(rows, rows[-1].model if len(rows) == page.limit else None)


def list_versions(session: Session, order: Order) -> wire.Versions:
    """Give a page of a model's versions; raises UnknownNameError."""
    page: wire.NumberPage = order.given
    model = order.names[0]
    stable = read_deployment(session, model).stable
    found = registry.list_versions(session, model, before=page.after, limit=page.limit)
    rows = [
        wire.VersionRow(
            version=each.name,
            accuracy=each.scores.get("accuracy"),
            gates=summarise([verdict.outcome for verdict in read_verdicts(session, each)]),
            production=each.number == stable,
            created=each.created_at,
            artifact=each.artifact,
        )
        for each in found
    ]
    return wire.Versions(model, rows, found[-1].number if len(rows) == page.limit else None)


def summarise(outcomes: list[str]) -> str:
    """Say in a word what the gates of a version said."""
    if not outcomes:
        return "none"
    for worst in ("fail", "unknown"):
        if worst in outcomes:
            return worst
    return "pass"


def show_version(session: Session, order: Order) -> wire.VersionAnswer:
    """Give what is known of a version; raises UnknownNameError."""
    found = registry.find_version(session, "@".join(order.names))
    run = session.get(Run, found.run_id) if found.run_id is not None else None
    return wire.VersionAnswer(
        version=found.name,
        created=found.created_at,
        artifact=found.artifact,
        evaluated=found.evaluated,
        run=getattr(run, "id", None),
        **{name: getattr(run, name, None) for name in OF_RUN},
        scores=found.scores,
        verdicts=[
            wire.VerdictRow(each.gate, each.outcome, each.numbers, each.reason)
            for each in read_verdicts(session, found)
        ],
        card=read_card(found, order),
    )


def read_card(version: Version, order: Order) -> str | None:
    """Give what an artifact says of itself; None when it is damaged or gone."""
    try:
        return (order.folder(version.artifact) / "card.md").read_text(encoding="utf-8")
    except (ArtifactError, FileNotFoundError):
        return None


def list_deployments(session: Session, order: Order) -> wire.Deployments:
    """Give a page of deployments."""
    page: wire.NamePage = order.given
    found = list_standings(session, now=utc_now(), after=page.after, limit=page.limit)
    rows = [msgspec.convert(each, wire.Deployment, from_attributes=True) for each in found]
    return wire.Deployments(rows, rows[-1].model if len(rows) == page.limit else None)


def show_deployment(session: Session, order: Order) -> wire.Deployment:
    """Give a deployment; raises UnknownNameError."""
    return deployment_of(session, order.names[0], utc_now())


def deployment_of(session: Session, model: str, now: datetime) -> wire.Deployment:
    """Give how a model's deployment stands."""
    standing = give_standing(model, read_deployment(session, model), now)
    return msgspec.convert(standing, wire.Deployment, from_attributes=True)


def list_events(session: Session, order: Order) -> wire.Events:
    """Give a page of events; raises UnknownNameError for a model that is none."""
    page: wire.EventPage = order.given
    if page.model is not None:
        read_deployment(session, page.model)
    after = page.after if page.before is None else None
    found = read_events(session, page.model, before=page.before, after=after, limit=page.limit)
    rows = [wire.EventRow(**vars(each), sentence=history.describe(each)) for each in found]
    return wire.Events(rows, rows[-1].sequence if len(rows) == page.limit else None)
