"""Micro-batches: when the session is free it takes what waits, and nobody waits for company.

Everything a caller sees is changed on the event loop alone; the threads are in ``crew``.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from threading import Thread
from time import monotonic

from textwright.errors import NotReadyError
from textwright.runtime.answer import Answerer
from textwright.serving.admission import Admission
from textwright.serving.crew import Crew, Outcomes, Pause, Ran, late
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Item, Outcome, Ticket
from textwright.serving.roster import Roster
from textwright.text.examples import Input

WORKERS = 2  # while one is in the session, the other goes on
TICK_S = 0.02  # between two looks at deadlines and threads while something waits
LOG = logging.getLogger(__name__)


class Batcher:
    """Feeds one model's session from many requests; made and used on the event loop.

    observe: called on the event loop with the items of each batch and the seconds it took.
    """

    def __init__(
        self,
        answerer: Answerer,
        limits: BatchLimits,
        observe: Callable[[int, float], None] = lambda _items, _seconds: None,
    ) -> None:
        self.limits = limits
        self.observe = observe
        self.loop = asyncio.get_running_loop()
        self.admission = Admission(limits)
        self.crew = Crew(answerer, limits, self.hand_over)
        self.roster = Roster(self.crew.start, WORKERS, limits.hang_s)
        self.closed = False
        self.open: set[Ticket] = set()  # not yet answered
        self.arrived: list[tuple[list[Item], int]] = []  # in this turn of the loop
        self.watching = False

    @property
    def alive(self) -> bool:
        """Whether its threads work; after one was lost: whether they have since shown that."""
        return self.roster.alive

    @property
    def threads(self) -> list[Thread]:
        """Those at work."""
        return self.roster.threads

    @property
    def items(self) -> int:
        """Texts accepted and not yet answered."""
        return self.admission.items

    @property
    def characters(self) -> int:
        """Their length together."""
        return self.admission.characters

    @property
    def wait_s(self) -> float:
        """Seconds in which what waits now should be answered."""
        return self.admission.wait_s

    @property
    def session_free(self) -> Pause:
        """Keep the session from running: ``with batcher.session_free``."""
        return Pause(self.crew)

    def submit(
        self, texts: Sequence[Input], deadline: float, *, caller: str | int = "", priority: int = 0
    ) -> asyncio.Future[list[Outcome]]:
        """Accept a request's texts, or refuse all of them at once.

        deadline: on the clock of ``time.monotonic``; what is not answered by then is answered
                  by a DeadlineError.
        caller:   who shares turns and room with its own texts alone, a name or the number of a
                  key; empty: this request.
        priority: 1, 2, 3 go first, in that order, before all others (0).
        The future gives an answer or an exception for each text, in order. Cancelling it
        takes the texts that still wait out of the queue.
        Raises OverloadedError when they do not fit or would be late, NotReadyError after
        ``close``.
        """
        if self.closed:
            raise NotReadyError("This version was just replaced.", "Send the request again.")
        future: asyncio.Future[list[Outcome]] = self.loop.create_future()
        if not texts:
            future.set_result([])
            return future
        ticket = Ticket(len(texts), (monotonic(), deadline), future, caller)
        self.admission.admit(ticket, sum(map(len, texts)), self.crew.waiting)
        items = [Item(ticket, place, text) for place, text in enumerate(texts)]
        self.open.add(ticket)
        if not self.arrived:  # one wake-up for all requests that came together
            self.loop.call_soon(self.pass_on)
        self.arrived.append((items, priority))
        if not self.watching:
            self.watching = True
            self.loop.call_later(TICK_S, self.watch)
        return future

    def pass_on(self) -> None:
        """Give the threads what arrived."""
        arrived, self.arrived = self.arrived, []
        self.crew.add(arrived)

    def close(self) -> None:
        """Take nothing more; the threads end when what was accepted is answered."""
        self.closed = True
        if self.arrived:
            self.pass_on()
        self.crew.close()

    def hand_over(self, outcomes: Outcomes, ran: Ran | None) -> None:
        """Pass outcomes from a thread to the event loop; closed, nobody waits for them."""
        try:
            self.loop.call_soon_threadsafe(self.deliver, outcomes, ran)
        except RuntimeError:
            LOG.info("the server stopped before %d answers were handed over", len(outcomes))

    def deliver(self, outcomes: Outcomes, ran: Ran | None = None) -> None:
        """Put each outcome in its place; a request is answered when its last one is there."""
        now = monotonic()
        for item, outcome in outcomes:
            ticket = item.ticket
            self.admission.release(ticket.caller, len(item.text))
            ticket.outcomes[item.place] = outcome if now <= ticket.deadline else late()
            ticket.left -= 1
            if not ticket.left or ticket.future.done():
                self.answer(ticket)
        if ran is not None:
            items = len(ran.batch)
            self.admission.pace.learn(items, ran.cycle_s)
            self.observe(items, ran.seconds)

    def answer(self, ticket: Ticket) -> None:
        """Answer a request, unless nobody waits for it any more; what is missing is late."""
        self.open.discard(ticket)
        if not ticket.future.done():
            ticket.future.set_result([late() if each is None else each for each in ticket.outcomes])

    def watch(self) -> None:
        """End what is past its deadline, and replace lost threads: while something waits."""
        now = monotonic()
        for ticket in [each for each in self.open if each.deadline < now or each.future.done()]:
            self.answer(ticket)
        for worker in self.roster.find_lost(now):
            error = "What would have answered this was lost.", "Send the request again."
            hand = self.crew.dismiss(worker)
            self.deliver([(item, NotReadyError(*error)) for item in hand])
        self.roster.fill(now)
        self.watching = bool(self.items) or not self.roster.whole
        if self.watching:
            self.loop.call_later(TICK_S, self.watch)
