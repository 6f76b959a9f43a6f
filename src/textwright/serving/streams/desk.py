"""What waits to be written, and who takes it: shared by the event loop and the threads."""

from collections import deque
from collections.abc import Sequence
from threading import Condition, Lock
from typing import TYPE_CHECKING

from textwright.serving.limits import StreamLimits
from textwright.serving.streams.orders import Flow, Order

if TYPE_CHECKING:
    from textwright.serving.streams.scribe import Scribe


class Desk:
    """Orders that wait, first come, first served.

    waiting, idle, closed: changed under ``awake`` alone.
    idle: who has nothing to do, and is asked before those that write already.
    """

    def __init__(self, limits: StreamLimits) -> None:
        self.limits = limits
        self.awake = Condition(Lock())
        self.waiting: deque[Order] = deque()
        self.idle: set[Scribe] = set()
        self.closed = False

    def add(self, orders: Sequence[Order]) -> None:
        """Put orders at the end."""
        with self.awake:
            self.waiting.extend(orders)
            self.awake.notify_all()

    def remove(self, flow: Flow) -> list[Order]:
        """Take a request's orders away that nobody has begun; gives them."""
        with self.awake:
            found = [each for each in self.waiting if each.flow is flow]
            for each in found:
                self.waiting.remove(each)
        return found

    def close(self) -> None:
        """Let the threads end when nothing is left."""
        with self.awake:
            self.closed = True
            self.awake.notify_all()

    def dismiss(self, scribe: "Scribe") -> None:
        """Ask a lost thread for nothing any more."""
        with self.awake:
            scribe.dismissed = True
            self.idle.discard(scribe)
            self.awake.notify_all()

    def has_work(self, scribe: "Scribe") -> bool:
        """Sleep until a thread has something to do; False: nothing will come any more."""
        with self.awake:
            scribe.since = float("inf")
            while not scribe.dismissed:
                if scribe.texts or self.waiting:
                    self.idle.discard(scribe)
                    scribe.show_life()
                    return True
                if self.closed:
                    break
                self.idle.add(scribe)
                self.awake.wait()
            self.idle.discard(scribe)
        return False

    def take(self, scribe: "Scribe") -> Order | None:
        """Give a thread the next order, if it has room for it and nobody is free who has more."""
        with self.awake:
            if not self.waiting or scribe.dismissed:
                return None
            order = self.waiting[0]
            room = self.limits.rows if scribe.pool.ragged else 0
            busy = bool(scribe.texts)
            if busy and (self.idle or len(scribe.texts) + order.count > room):
                return None
            scribe.show_life()
            scribe.begun = self.waiting.popleft()
            return order
