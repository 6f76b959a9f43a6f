"""Threads kept at work: one that dies or hangs is noticed, and another takes its place.

Everything here happens on the event loop, but for a worker's own job.
"""

import asyncio
import logging
from collections.abc import Callable
from threading import Thread
from time import monotonic
from typing import Generic, TypeVar

RESTART_S = 1.0  # between two threads started in place of lost ones
PROBE = "hello 你好"  # the first text of a thread that takes another's place
MOST_LOST = 8  # threads that may hang at once; then it is given up
LOG = logging.getLogger(__name__)

Recovered = Callable[[], None]  # called in a thread that took a lost one's place, and can answer


class Worker:
    """One thread, and since when it is at its job, or at this step of it.

    dismissed: somebody answers for it; whatever it still brings is thrown away.
    ended:     it came to its end as it should.
    """

    def __init__(self) -> None:
        self.since = float("inf")  # waiting for a job
        self.dismissed = self.ended = False
        self.thread = Thread()

    def show_life(self) -> None:
        """Note, from the thread, that it begins a job, or has come a step further."""
        self.since = monotonic()

    def lost(self, now: float, hang_s: float) -> bool:
        """Whether the thread died, or has been at one job or step for too long."""
        return not (self.ended or self.thread.is_alive()) or now - self.since > hang_s


W = TypeVar("W", bound=Worker)


class Roster(Generic[W]):
    """So many workers of one kind.

    start:  starts one; given what it calls once it has shown that it can answer, it takes the
            place of a lost one.
    hang_s: after which a worker at one job, or at one step of it, is lost.
    """

    def __init__(self, start: Callable[[Recovered | None], W], count: int, hang_s: float):
        self.start = start
        self.count = count
        self.hang_s = hang_s
        self.loop = asyncio.get_running_loop()
        self.workers = [start(None) for _ in range(count)]
        self.lost: list[W] = []
        self.healthy = True
        self.restarted = 0.0

    @property
    def threads(self) -> list[Thread]:
        """Those at work."""
        return [each.thread for each in self.workers]

    @property
    def alive(self) -> bool:
        """Whether the threads work; after one was lost: whether they have since shown that."""
        return self.healthy and all(thread.is_alive() for thread in self.threads)

    @property
    def whole(self) -> bool:
        """Whether nobody is missing, and nobody still has to show that it works."""
        return self.healthy and len(self.workers) == self.count

    def find_lost(self, now: float) -> list[W]:
        """Give up the workers that are lost since the last look, and give them.

        One that hangs is left to itself, with its call.
        """
        found = [each for each in self.workers if each.lost(now, self.hang_s)]
        for worker in found:
            self.healthy = False
            alive = worker.thread.is_alive()
            LOG.error("a thread that answers %s", "hangs" if alive else "is gone")
            self.workers.remove(worker)
            self.lost.append(worker)
        return found

    def fill(self, now: float) -> None:
        """Start a thread for each lost one, unless that was just done, or too many hang."""
        self.lost = [each for each in self.lost if each.thread.is_alive()]
        due = now - self.restarted > RESTART_S and len(self.lost) < MOST_LOST
        if len(self.workers) < self.count and due:
            self.restarted = now
            while len(self.workers) < self.count:
                self.workers.append(self.start(self.recovered))

    def recovered(self) -> None:
        """Note, from a thread, that one that took a lost one's place can answer."""
        try:
            self.loop.call_soon_threadsafe(self.note_health)
        except RuntimeError:
            LOG.info("the server stopped before a thread had recovered")

    def note_health(self) -> None:
        """Be alive again when all threads are there."""
        self.healthy = len(self.workers) == self.count
