"""What a server does for rollouts beside answering: count, compare, judge, tell."""

import logging
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from time import time

from textwright.serving.counting import ALL_MINUTES, Counting
from textwright.serving.housekeeping import Chore
from textwright.serving.keep import Keep
from textwright.serving.limits import Limits
from textwright.serving.loader import Loader, LoadFailure
from textwright.serving.metrics import ServerMetrics
from textwright.serving.shadow import Shadow

ACTOR = "textwright"  # of what nobody's hand did
PARCELS = 10  # sent in one round
WEBHOOK_S = 5.0  # that a receiver has
DUE = "SELECT 1 FROM outbox WHERE state = 'waiting' AND next_at <= ? LIMIT 1"
LOG = logging.getLogger(__name__)


class Rollouts:
    """A server's part in the rollouts.

    clock: seconds since 1970.
    """

    def __init__(
        self, loader: Loader, metrics: ServerMetrics, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self.loader = loader
        self.limits = limits.rollout
        self.clock = clock
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self.counting = Counting(loader, metrics, limits.answer_s)
        self.shadow = Shadow(loader, self.counting, limits.rollout.shadow_items, clock)

    def chores(self, keep: Keep) -> list[Chore]:
        """Give the work over the database."""

        def count(last: bool) -> None:
            self.counting.write(keep, ALL_MINUTES if last else int(self.clock() // 60))

        def judge(last: bool) -> None:
            if not last:
                self.judge(keep)

        return [
            Chore("writing counts", count, self.limits.count_s),
            Chore("telling of failures", lambda _: self.tell(keep), self.limits.judge_s),
            Chore("judging rollouts", judge, self.limits.judge_s),
        ]

    def judge(self, keep: Keep) -> None:
        """Judge the rollouts under way, unless another process does."""
        if not self.loader.rolling:
            return
        from textwright.lifecycle.judge import judge

        now = datetime.fromtimestamp(self.clock(), UTC)
        for each in judge(keep.sessions(), self.holder, now=now):
            level = logging.DEBUG if each.action in ("wait", "hold") else logging.INFO
            LOG.log(level, "%s@%d: %s, %s", each.model, each.candidate, each.action, each.because)

    def tell(self, keep: Keep) -> None:
        """Write into the journal which versions could not be loaded, each once."""
        failures = self.loader.failures
        while failures:
            journal(keep, failures[0], self.holder)
            failures.popleft()

    def stop(self) -> None:
        """Compare no more."""
        self.shadow.stop()


def journal(keep: Keep, failure: LoadFailure, server: str) -> None:
    """Write one event."""
    from textwright.lifecycle.journal import append_event

    name = f"{failure.model}@{failure.version}"
    details = {"reason": failure.reason, "server": server}
    keep.in_transaction(
        lambda session: append_event(
            session, "load_failed", actor=ACTOR, subject=name, details=details
        )
    )


def webhook_chore(keep: Keep, every_s: float) -> Chore:
    """Give the work of telling webhooks, which may wait long for others' servers."""

    def deliver(last: bool) -> None:
        if last or not keep.is_due(DUE, time()):
            return
        from textwright.lifecycle import webhooks

        listed = keep.settings.webhook_targets
        webhooks.deliver(keep.sessions(), listed=listed, limit=PARCELS, timeout_s=WEBHOOK_S)

    return Chore("telling webhooks", deliver, every_s)
