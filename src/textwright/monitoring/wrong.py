"""Counts of wrong answers for the guard of a rollout, from feedback as it arrives."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from textwright.lifecycle.counts import add_counts
from textwright.lifecycle.policy import read_policy
from textwright.lifecycle.rollout import UNDER_WAY
from textwright.lifecycle.tables import Deployment, Model
from textwright.lifecycle.tables_served import Feedback, Prediction
from textwright.lifecycle.tally import Counted

GUARD = "wrong"
CallerOf = tuple[int, str | None]  # version and caller


@dataclass(frozen=True)
class Watch:
    """A rollout under way.

    versions:   its two.
    since:      when it began.
    per_caller: how often a caller may count for a version in a window.
    had:        how often each was, in the window of now.
    """

    model: str
    versions: frozenset[int | None]
    since: datetime
    per_caller: int
    had: Counter[CallerOf]


class WrongCounts:
    """Counts feedback on answers that versions of a rollout gave since it began.

    Of each caller only the first ones in a window count, as the rollout's policy says; what
    was counted before is read from the feedback stored. So it is made before any is added.
    """

    def __init__(self, session: Session, models: set[int], now: datetime) -> None:
        self.session = session
        self.minute = int(now.timestamp() // 60)
        self.counted: list[Counted] = []
        self.watches = dict(self.find_rollouts(models))

    def find_rollouts(self, models: set[int]) -> Iterator[tuple[int, Watch]]:
        """Give the rollouts under way that this guard watches, by the model's id."""
        query = select(Deployment, Model.name).join(Model, Model.id == Deployment.model_id)
        chosen = query.where(Model.id.in_(models), Deployment.state.in_(UNDER_WAY))
        for row, name in self.session.execute(chosen).all():
            policy = read_policy(row.policy).settings
            if GUARD in policy.guards and row.started_at is not None:
                had = self.read_callers(row, policy.caller_minutes)
                versions = frozenset({row.stable, row.candidate})
                yield row.model_id, Watch(name, versions, row.started_at, policy.per_caller, had)

    def read_callers(self, row: Deployment, window: int) -> Counter[CallerOf]:
        """Count the feedback that each caller's answers had in this window of minutes already."""
        start = datetime.fromtimestamp(self.minute // window * window * 60, UTC)
        found = self.session.execute(
            select(Prediction.version, Prediction.caller, func.count())
            .join(Feedback, Feedback.prediction_id == Prediction.id)
            .where(Feedback.given_at >= start, Prediction.model_id == row.model_id)
            .where(Prediction.answered_at >= row.started_at, Prediction.caller.is_not(None))
            .group_by(Prediction.version, Prediction.caller)
        )
        return Counter({(version, caller): count for version, caller, count in found})

    def add(self, answer: Prediction, *, correct: bool) -> None:
        """Count the first feedback on an answer; one without a caller is a unit of its own."""
        watch = self.watches.get(answer.model_id)
        if watch is None or answer.version not in watch.versions:
            return
        if answer.answered_at < watch.since:
            return
        if answer.caller is not None:
            place = (answer.version, answer.caller)
            if watch.had[place] >= watch.per_caller:
                return
            watch.had[place] += 1
        bad = int(not correct)
        self.counted.append(Counted(watch.model, self.minute, answer.version, GUARD, 1, bad))

    def write(self) -> None:
        """Add what was counted to the counts of this minute."""
        add_counts(self.session, self.counted)
