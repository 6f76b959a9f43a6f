"""The texts that one version writes token by token; what a caller sees happens on the event loop.

A request is accepted whole or refused at once, and ends in any case: by its last text, at its
deadline, when its thread is lost, or when nobody waits for it any more.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from time import monotonic

from textwright.errors import DeadlineError, NotReadyError, OverloadedError
from textwright.runtime.streams import Writer
from textwright.serving.limits import StreamLimits
from textwright.serving.metrics import StreamMetrics
from textwright.serving.roster import Recovered, Roster
from textwright.serving.streams.desk import Desk
from textwright.serving.streams.orders import Flow, Order, Piece
from textwright.serving.streams.scribe import Pieces, Scribe

SCRIBES = 2  # threads, each with a core
TICK_S = 0.02  # between two looks at deadlines and threads while something is under way
FORGET = 0.98  # weight of what was known of the pace before, at each TICK_S
FIRST_RATE = 50.0  # tokens a second, believed until some were written


class StreamEngine:
    """Writes texts from many requests with one model; made and used on the event loop.

    rows, tokens: accepted and not yet ended; tokens to be read, and at most to be written.
    held:         rows of each caller; those of no caller are not in it.
    expected:     requests that are on their way here, in ``held_open``.
    """

    def __init__(self, writer: Writer, limits: StreamLimits, metrics: StreamMetrics) -> None:
        self.writer = writer
        self.limits = limits
        self.metrics = metrics
        self.loop = asyncio.get_running_loop()
        self.desk = Desk(limits)
        self.roster = Roster(self.hire, SCRIBES, limits.hang_s)
        self.flows: set[Flow] = set()
        self.rows = self.tokens = self.written = self.expected = 0
        self.held: Counter[str | int] = Counter()
        self.rate = FIRST_RATE
        self.closed = self.watching = False
        self.looked = 0.0

    def hire(self, recovered: Recovered | None) -> Scribe:
        """Start a thread that writes."""
        scribe = Scribe(self.desk, self.writer, self.hand_over)
        scribe.start(recovered)
        return scribe

    @property
    def alive(self) -> bool:
        """Whether its threads work; after one was lost: whether they have since shown that."""
        return self.roster.alive

    @property
    def running(self) -> int:
        """Texts that are being written."""
        return self.rows - sum(each.count for each in list(self.desk.waiting))

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Let a request in that is submitted before the block ends, closed meanwhile or not.

        Raises NotReadyError after ``close``.
        """
        self.check_open()
        self.expected += 1
        try:
            yield
        finally:
            self.expected -= 1
            self.end_if_over()

    def check_open(self) -> None:
        """Refuse what comes after ``close``, but for requests that are expected."""
        if self.closed and not self.expected:
            raise NotReadyError("This version was just replaced.", "Send the request again.")

    def submit(self, orders: list[Order], *, caller: str | int = "") -> Flow:
        """Accept a request's texts, or refuse all of them at once; ``follow`` comes next.

        caller: who shares room with its own texts alone; empty: this request.
        Raises OverloadedError when they do not fit, NotReadyError after ``close``.
        """
        self.check_open()
        rows, tokens = sum(each.count for each in orders), sum(each.cost for each in orders)
        self.check_room(rows, tokens, self.held[caller] if caller else 0)
        self.rows += rows
        self.tokens += tokens
        if caller:
            self.held[caller] += rows
        if not self.flows:
            self.looked = monotonic()
        flow = Flow(orders, caller, (self.limits.first_s, self.limits.whole_s))
        self.flows.add(flow)
        self.desk.add(orders)
        if not self.watching:
            self.watching = True
            self.loop.call_later(TICK_S, self.watch)
        return flow

    def check_room(self, rows: int, tokens: int, held: int) -> None:
        """Refuse what does not fit, and a caller's texts beyond its share.

        A caller may hold as many as are still free, as in ``admission.Admission``.
        """
        free = self.limits.queue_rows - self.rows
        if rows > free or self.tokens + tokens > self.limits.queue_tokens:
            raise self.refusal(f"{self.rows} texts are being written or wait for it.")
        if held and held + rows > free:
            raise self.refusal(f"{held} texts of this caller are being written or wait for it.")

    def refusal(self, what: str) -> OverloadedError:
        """Build the error, with the seconds in which what is accepted should be written."""
        error = OverloadedError(what, "Send fewer at once, or try later.")
        error.retry_s = min(ceil(self.tokens / self.rate), ceil(self.limits.whole_s))
        return error

    async def follow(self, flow: Flow) -> AsyncGenerator[Piece, None]:
        """Give the pieces of a request's texts as they come; left early, it is cancelled.

        Raises what ended it before its time: DeadlineError, NotReadyError, or what broke.
        """
        try:
            left = sum(each.count for each in flow.orders)
            while left:
                piece = await flow.pieces.get()
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece.end, Exception):
                    raise piece.end
                left -= bool(piece.end)
                yield piece
        finally:
            self.cancel(flow)

    def cancel(self, flow: Flow) -> None:
        """Stop working for a request; one that has ended stays as it is."""
        if flow.left and not flow.over:
            flow.over = True
            self.metrics.cancelled.inc(flow.left)
        self.forget(flow)

    def forget(self, flow: Flow) -> None:
        """Take a request that is over out of the queue, as far as it is there."""
        if flow.over:
            for order in self.desk.remove(flow):
                for index in list(order.open):
                    self.end(order, index)

    def hand_over(self, pieces: Pieces) -> None:
        """Pass pieces from a thread to the event loop; closed, nobody waits for them."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.deliver, pieces)

    def deliver(self, pieces: Pieces) -> None:
        """Count pieces, and pass each on; what was answered for already is thrown away."""
        now = monotonic()
        for order, piece in pieces:
            if piece.index not in order.open:
                continue
            if piece.tokens or piece.end in ("stop", "length"):
                self.count(order, piece.index, now)
            if piece.end:
                self.end(order, piece.index)
            order.flow.take(piece)

    def count(self, order: Order, index: int, now: float) -> None:
        """Count a token, and the time it took."""
        before = order.open[index]
        order.open[index] = now
        self.written += 1
        self.metrics.tokens.inc()
        if before is None:
            self.metrics.first_token.observe(now - order.flow.accepted)
        else:
            self.metrics.token.observe(now - before)

    def end(self, order: Order, index: int) -> None:
        """Note that a text is at its end, in whatever way, and free its room with the last."""
        del order.open[index]
        flow = order.flow
        self.rows -= 1
        if flow.caller:
            self.held[flow.caller] -= 1
            if not self.held[flow.caller]:
                del self.held[flow.caller]
        if not order.open:
            self.tokens -= order.cost
            if not any(each.open for each in flow.orders):
                self.flows.discard(flow)

    def watch(self) -> None:
        """End what is past its deadline, and replace lost threads: while something is under way."""
        now = monotonic()
        for flow in list(self.flows):
            if now > flow.whole_by or (now > flow.first_by and flow.waits):
                flow.fail(DeadlineError("The text was not written in time.", "Ask for less."))
                self.forget(flow)
        for scribe in self.roster.find_lost(now):
            self.answer_for(scribe)
        self.roster.fill(now)
        self.learn_pace(now)
        self.watching = bool(self.flows) or not self.roster.whole
        if self.watching:
            self.loop.call_later(TICK_S, self.watch)

    def answer_for(self, scribe: Scribe) -> None:
        """End the texts of a lost thread; what it still brings is thrown away."""
        self.desk.dismiss(scribe)
        begun = [] if scribe.begun is None else [scribe.begun]
        error = NotReadyError("What would have written this was lost.", "Send the request again.")
        for order in {*scribe.texts.copy().values(), *begun}:
            self.deliver([(order, Piece(each, end=error)) for each in list(order.open)])

    def learn_pace(self, now: float) -> None:
        """Learn how many tokens a second are written, from one look that finds some to the next."""
        if self.written and now > self.looked:
            known = FORGET ** ((now - self.looked) / TICK_S)
            self.rate = known * self.rate + (1 - known) * self.written / (now - self.looked)
            self.written, self.looked = 0, now

    def close(self) -> None:
        """Take nothing more; the threads end when what was accepted, or is expected, is written."""
        self.closed = True
        self.end_if_over()

    def end_if_over(self) -> None:
        """Let the threads end once nothing will come any more."""
        if self.closed and not self.expected:
            self.desk.close()
