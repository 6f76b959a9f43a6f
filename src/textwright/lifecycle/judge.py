"""One look at the rollouts under way: read the counts, update the guards, decide, move.

Whichever process holds the lease looks. A look reads only minutes that are over, remembers in the
row up to which, and writes under the journal's lock, so that one more look changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from textwright.errors import RefusedError
from textwright.lifecycle.admission import gate_state
from textwright.lifecycle.counts import read_counts
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.decision import Action, Rule, Situation, decide
from textwright.lifecycle.guards import (
    Block,
    GuardState,
    GuardVerdict,
    judge_guard,
    read_state,
    write_state,
)
from textwright.lifecycle.guards import (
    update as update_guard,
)
from textwright.lifecycle.journal import lock_head
from textwright.lifecycle.lease import take_lease
from textwright.lifecycle.policy import Policy, read_policy
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import UNDER_WAY, Cause, advance, drop, read_deployment
from textwright.lifecycle.tables import Deployment, Model, Version, utc_now
from textwright.lifecycle.tally import Counted
from textwright.recipe.rollout import RolloutSettings

JUDGE = "textwright"  # actor of what nobody's hand did
LEASE = "judge"
LEASE_LENGTH = timedelta(seconds=90)
GRACE_MINUTES = 1  # after a minute's end, for servers to write its counts


@dataclass(frozen=True)
class Judged:
    """What a look at one rollout came to."""

    model: str
    candidate: int
    action: Action
    because: str
    guards: dict[str, GuardVerdict]


def judge(sessions: Sessions, holder: str, *, now: datetime | None = None) -> list[Judged]:
    """Look at every rollout under way, if the lease is ours; else give nothing.

    holder: names this process among all others.
    """
    now = now or utc_now()
    with sessions.begin() as session:
        if not take_lease(session, LEASE, holder, now=now, length=LEASE_LENGTH):
            return []
    with sessions() as session:
        query = select(Model.name).join(Deployment, Deployment.model_id == Model.id)
        names = session.scalars(query.where(Deployment.state.in_(UNDER_WAY)).order_by(Model.name))
        models = list(names)
    judged = []
    for model in models:
        try:
            with sessions.begin() as session:
                found = judge_model(session, model, now=now)
        except RefusedError:
            continue  # somebody moved it first; the next look sees how it stands
        if found is not None:
            judged.append(found)
    return judged


def judge_model(session: Session, model: str, *, now: datetime) -> Judged | None:
    """Look at one model in the caller's transaction; None where no rollout is under way."""
    lock_head(session)
    row = read_deployment(session, model)
    if row.state not in UNDER_WAY or row.candidate is None:
        return None
    candidate = find_version(session, f"{model}@{row.candidate}")
    policy = read_policy(row.policy)
    memory = take_counts(session, model, row, policy.settings, now)
    verdicts = guard_verdicts(memory, policy.settings, row.state)
    situation = describe(session, row, candidate, (policy, memory, verdicts), now)
    rule = decide(situation)
    memory["decision"] = {"action": rule.action, "because": rule.because}
    keep_memory(session, row, memory)
    evidence = {"because": rule.because, "guards": summarise(memory)}
    act(session, candidate, rule, Cause(JUDGE, rule.because, row.generation, evidence, at=now))
    return Judged(model, candidate.number, rule.action, rule.because, verdicts)


def take_counts(
    session: Session, model: str, row: Deployment, settings: RolloutSettings, now: datetime
) -> dict[str, Any]:
    """Give the guards' memory after the minutes that are over and were not looked at yet.

    A minute whose counts come later than ``GRACE_MINUTES`` after its end is not looked at again.
    """
    memory: dict[str, Any] = {"units": 0, "feedback": 0, "paused": False, **row.guard_state}
    before = int(now.timestamp() // 60) - GRACE_MINUTES
    since = int(memory["looked"])
    if before <= since:
        return memory
    counts = {
        (each.minute, each.guard, each.version): each
        for each in read_counts(session, model, since=since, before=before)
    }
    kept = memory.get("guards", {})
    states = {guard: read_state(kept.get(guard)) for guard in settings.guards}
    for minute in range(since, before):
        for guard, state in states.items():
            block = make_block(counts, minute, guard, row)
            states[guard] = update_guard(guard, settings, state, block)
    grown = {
        guard: state.candidate - read_state(kept.get(guard)).candidate
        for guard, state in states.items()
    }
    counted = [units for guard, units in grown.items() if guard != "wrong"]
    return {
        **memory,
        "looked": before,
        "units": memory["units"] + max(counted, default=grown.get("wrong", 0)),
        "feedback": memory["feedback"] + grown.get("wrong", 0),
        "guards": {guard: write_state(state) for guard, state in states.items()},
    }


def make_block(
    counts: dict[tuple[int, str, int], Counted], minute: int, guard: str, row: Deployment
) -> Block:
    """Put a minute's counts of stable and candidate beside each other."""
    stable = counts.get((minute, guard, row.stable or 0))
    candidate = counts.get((minute, guard, row.candidate or 0))
    return Block(
        stable.n if stable else 0,
        stable.bad if stable else 0,
        candidate.n if candidate else 0,
        candidate.bad if candidate else 0,
    )


def guard_verdicts(
    memory: dict[str, Any], settings: RolloutSettings, state: str
) -> dict[str, GuardVerdict]:
    """Give every guard's verdict; one that may lack data in this state continues without."""
    kept = memory.get("guards", {})
    wanted = needed(settings, state)
    verdicts: dict[str, GuardVerdict] = {}
    for guard in settings.guards:
        verdict = judge_guard(settings, read_state(kept.get(guard)))
        waived = verdict == "no_data" and guard not in wanted
        verdicts[guard] = "continue" if waived else verdict
    return verdicts


def needed(settings: RolloutSettings, state: str) -> set[str]:
    """Name the guards without whose data a rollout holds.

    In shadow the disagreement, in a canary errors and slow answers, as far as the policy has
    them; feedback where the policy waits for it. Where that leaves none, all it has.
    """
    first = {"disagreement"} if state == "shadow" else {"errors", "slow"}
    wanted = first & set(settings.guards)
    if settings.feedback > 0:
        wanted |= {"wrong"} & set(settings.guards)
    return wanted or set(settings.guards)


def describe(
    session: Session,
    row: Deployment,
    candidate: Version,
    found: tuple[Policy, dict[str, Any], dict[str, GuardVerdict]],
    now: datetime,
) -> Situation:
    """Put together what the decision table asks."""
    policy, memory, verdicts = found
    settings = policy.settings
    began = row.step_started_at or now
    return Situation(
        state=row.state,  # type: ignore[arg-type]  # the table's own constraint
        gates=gate_state(session, candidate, policy.overridden),
        guards=worst(verdicts),
        ready=(
            now - began >= timedelta(minutes=settings.minutes)
            and memory["units"] >= settings.units
            and memory["feedback"] >= settings.feedback
        ),
        last=row.step + 1 >= len(settings.steps),
        late=row.ends_at is not None and now >= row.ends_at,
        at_limit=settings.at_limit,  # type: ignore[arg-type]  # one of its choices
        paused=bool(memory["paused"]),
    )


def worst(verdicts: dict[str, GuardVerdict]) -> GuardVerdict:
    """Give the verdict that decides: harm before a lack of data."""
    order: tuple[GuardVerdict, ...] = ("bad", "no_data")
    return next((each for each in order if each in verdicts.values()), "continue")


def keep_memory(session: Session, row: Deployment, memory: dict[str, Any]) -> None:
    """Write what the guards remember; no event, for the pointer stays."""
    session.execute(
        update(Deployment)
        .where(Deployment.model_id == row.model_id, Deployment.generation == row.generation)
        .values(guard_state=memory)
    )


def act(session: Session, candidate: Version, rule: Rule, cause: Cause) -> None:
    """Do what was decided, with the guards' numbers as evidence."""
    if rule.action in ("advance", "finish"):
        advance(session, candidate, cause)
    elif rule.action == "roll_back":
        drop(session, candidate.model.name, cause)


def summarise(memory: dict[str, Any]) -> dict[str, Any]:
    """Give the counts and the largest wealth of each guard, for the journal."""
    states = {guard: read_state(each) for guard, each in memory.get("guards", {}).items()}
    return {guard: summarise_guard(state) for guard, state in states.items()}


def summarise_guard(state: GuardState) -> dict[str, Any]:
    """Give a guard's counts and the log of its largest wealth."""
    return {
        "stable": [state.stable_bad, state.stable],
        "candidate": [state.candidate_bad, state.candidate],
        "peak": state.peak,
    }
