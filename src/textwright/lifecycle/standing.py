"""How every deployment stands: versions, step, guards with their numbers, time left."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.lifecycle.guards import GuardState, GuardVerdict, judge_guard, read_state, threshold
from textwright.lifecycle.policy import read_policy
from textwright.lifecycle.rollout import UNDER_WAY
from textwright.lifecycle.tables import Deployment, Model
from textwright.recipe.rollout import RolloutSettings


@dataclass(frozen=True)
class GuardStanding:
    """A guard's verdict and what it is based on.

    stable, candidate: units of the rollout so far, and the share of them that were bad; None
                       without units.
    proof: how near it is to rolling back: 0 no sign of harm, 1 proved.
    """

    guard: str
    verdict: GuardVerdict
    stable: int
    stable_share: float | None
    candidate: int
    candidate_share: float | None
    proof: float


@dataclass(frozen=True)
class Standing:
    """A model's deployment, and its rollout if one is under way.

    step, steps: place from 1 on, and how many; 0 in shadow and without a rollout.
    looked:      what the last look decided and why; empty before the first.
    minutes_left: until the time limit; None without a rollout.
    """

    model: str
    state: str
    stable: int | None
    candidate: int | None
    share: float
    step: int
    steps: int
    held: bool
    looked: str
    minutes_left: int | None
    guards: tuple[GuardStanding, ...]
    generation: int


def list_standings(
    session: Session, *, now: datetime, after: str = "", limit: int | None = None
) -> list[Standing]:
    """Give the standing of models, by name; ``after`` is the last name of the page before."""
    query = select(Model.name, Deployment).join(Deployment, Deployment.model_id == Model.id)
    query = query.where(Model.name > after).order_by(Model.name).limit(limit)
    return [give_standing(name, row, now) for name, row in session.execute(query)]


def give_standing(model: str, row: Deployment, now: datetime) -> Standing:
    """Read a deployment's row."""
    under_way = row.state in UNDER_WAY
    settings = read_policy(row.policy).settings
    decision = row.guard_state.get("decision", {})
    ends_at = row.ends_at if under_way else None
    return Standing(
        model=model,
        state=row.state,
        stable=row.stable,
        candidate=row.candidate,
        share=row.share,
        step=row.step + 1 if row.state == "canary" else 0,
        steps=len(settings.steps) if under_way else 0,
        held=bool(row.guard_state.get("paused")),
        looked=f"{decision['action']}: {decision['because']}" if decision else "",
        minutes_left=None if ends_at is None else max(0, (ends_at - now) // timedelta(minutes=1)),
        guards=guard_standings(row, settings) if under_way else (),
        generation=row.generation,
    )


def guard_standings(row: Deployment, settings: RolloutSettings) -> tuple[GuardStanding, ...]:
    """Read what the guards of a rollout remember."""
    kept = row.guard_state.get("guards", {})
    return tuple(
        guard_standing(guard, read_state(kept.get(guard)), settings) for guard in settings.guards
    )


def guard_standing(guard: str, state: GuardState, settings: RolloutSettings) -> GuardStanding:
    """Say how a guard stands."""
    return GuardStanding(
        guard=guard,
        verdict=judge_guard(settings, state),
        stable=state.stable,
        stable_share=state.stable_bad / state.stable if state.stable else None,
        candidate=state.candidate,
        candidate_share=state.candidate_bad / state.candidate if state.candidate else None,
        proof=min(1.0, max(0.0, state.peak) / threshold(settings)),
    )
