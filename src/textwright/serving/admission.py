"""Who may join the queue: bounded in texts, in characters, in time, and for each caller."""

from math import floor

from textwright.errors import OverloadedError
from textwright.serving.limits import BatchLimits
from textwright.serving.pace import Pace
from textwright.serving.queues import FairQueue, Ticket

SHARE = 0.8  # of the time a request has is given out; the rest is for what no estimate knows


class Admission:
    """Counts what was accepted and not yet answered, and refuses what is too much.

    held: texts of each caller among them; those of no caller are not in it.
    """

    def __init__(self, limits: BatchLimits) -> None:
        self.limits = limits
        self.pace = Pace(limits.batch_items)
        self.items = self.characters = 0
        self.held: dict[str | int, int] = {}

    @property
    def wait_s(self) -> float:
        """Seconds in which what waits now should be answered."""
        return self.pace.expect(self.items)

    def admit(self, ticket: Ticket, characters: int, queue: FairQueue) -> None:
        """Count a request in, or raise OverloadedError."""
        count = ticket.left
        held = self.held.get(ticket.caller, 0)
        self.check_room(count, characters, held)
        if self.items:  # who comes to an empty queue is always let in, and shows how long it takes
            self.check_time(ticket, held, queue)
        self.items += count
        self.characters += characters
        if ticket.caller:
            self.held[ticket.caller] = held + count

    def check_room(self, count: int, characters: int, held: int) -> None:
        """Refuse what does not fit, and a caller's texts beyond its share.

        A caller may hold as many as are still free: alone half of the queue, two of them a
        third each, and so on; there is always room for who comes anew.
        """
        limits = self.limits
        free = limits.queue_items - self.items
        full = count > free or self.characters + characters > limits.queue_characters
        if full:
            raise self.refusal(f"{self.items} texts are waiting already.")
        if held and held + count > free:
            raise self.refusal(f"{held} texts of this caller are waiting already.")

    def check_time(self, ticket: Ticket, held: int, queue: FairQueue) -> None:
        """Refuse what would be answered too late, for itself or for the objective.

        Before the last text of a request come, turn by turn, as many of each caller. A request
        of more texts than a batch holds has the objective for its first one only.
        """
        count = ticket.left
        allowed_s = SHARE * (ticket.deadline - ticket.accepted)
        taken = self.items - queue.size

        def wait_s(texts: int) -> float:
            ahead = min(queue.size, queue.lines * (held + texts))
            return self.pace.expect(taken + ahead + texts)

        objective_s = self.limits.objective_s
        late = wait_s(count) > allowed_s
        if objective_s is not None and not late:
            first = count if count <= self.limits.batch_items else 1
            late = wait_s(first) > SHARE * objective_s
        if late:
            raise self.refusal(f"{self.items} texts are waiting: it would be too late.")

    def refusal(self, what: str) -> OverloadedError:
        """Build the error, with the seconds in which what waits now should be answered."""
        error = OverloadedError(what, "Send fewer at once, or try later.")
        error.retry_s = floor(self.wait_s) + 1
        return error

    def release(self, caller: str | int, characters: int) -> None:
        """Count a text out."""
        self.items -= 1
        self.characters -= characters
        if caller:
            left = self.held[caller] - 1
            if left:
                self.held[caller] = left
            else:
                del self.held[caller]
