"""Threads that take texts through a model: whoever is free does what is most urgent.

Finished scores become answers first; then what waits is encoded, up to a batch, and run. Both
threads may be in the session at once: its calls let go of the interpreter, each has one core, and
batches of like length are nearly as cheap small as large (measured: 32 connections, 15 % more
answers a second than with one call at a time). What a thread has in hand is known at any moment,
so nothing is lost with a thread.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from threading import Condition, Lock, Thread
from time import monotonic, sleep
from types import TracebackType

from textwright.errors import DeadlineError
from textwright.runtime.answer import Answerer, Outputs
from textwright.runtime.streams import TextPool
from textwright.serving.batches import choose_batch, encode_items, finish_batch, run_batch
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import FairQueue, Item, Outcome
from textwright.serving.roster import PROBE, Recovered, Worker

WINDOW = 2  # batches' worth of texts encoded ahead, among which those of like length are found
OVERTAKEN = 0.1  # of the objective: so long others go before a text; of the 0.2 nobody is promised
PAUSE_S = 0.0005  # between two looks of who waits for the session to be free
LOG = logging.getLogger(__name__)

Outcomes = list[tuple[Item, Outcome]]


def late() -> DeadlineError:
    """Build the error for a text whose time is over."""
    return DeadlineError("The answer was not there in time.", "Send it again later.")


def try_out(answerer: Answerer) -> None:
    """Let a model answer a first text; one that writes writes a token."""
    if answerer.writer is None:
        answerer.predict([answerer.as_input(PROBE)])
    else:
        TextPool(answerer.writer).try_out(PROBE)


class BatchWorker(Worker):
    """A thread with the texts that it would take with it.

    answerer: the model, as one that shows at each step that the thread is at work.
    """

    def __init__(self, answerer: Answerer) -> None:
        super().__init__()
        self.answerer = answerer.telling(self.show_life)
        self.hand: Sequence[Item] = ()


class Ran:
    """A batch that was run, on its way to be answered.

    seconds: the call of the session.
    cycle_s: since the batch before it or, later, its first text came: what a batch costs in all.
    """

    __slots__ = ("batch", "cycle_s", "outputs", "seconds")

    def __init__(self, batch: list[Item], outputs: Outputs | Exception, times: tuple[float, float]):
        self.batch = batch
        self.outputs = outputs
        self.seconds, self.cycle_s = times


class Crew:
    """The queues of one model and the threads at work on them.

    hand_over: called in a thread with outcomes, and the batch they come from, if they do.
    waiting, ready, finished: texts without tokens; with them; batches to be answered. They and
        what a worker has in hand are changed under ``awake`` alone.
    running: who is in the session.
    paused:  nobody may enter it.
    """

    def __init__(
        self,
        answerer: Answerer,
        limits: BatchLimits,
        hand_over: Callable[[Outcomes, Ran | None], None],
    ) -> None:
        self.answerer = answerer
        self.limits = limits
        self.hand_over = hand_over
        self.awake = Condition(Lock())
        self.waiting = FairQueue()
        self.ready: deque[Item] = deque()
        self.finished: deque[Ran] = deque()
        self.running: set[BatchWorker] = set()
        self.paused = False
        self.closed = False
        self.last_end = 0.0

    def start(self, recovered: Recovered | None = None) -> BatchWorker:
        """Start a thread; one that takes a lost one's place shows first that it can answer."""
        worker = BatchWorker(self.answerer)
        worker.thread = Thread(target=self.live, args=(worker, recovered), daemon=True)
        worker.thread.start()
        return worker

    def live(self, worker: BatchWorker, recovered: Recovered | None) -> None:
        """Do job after job: the body of each thread."""
        try:
            if recovered is not None:
                worker.show_life()
                try_out(worker.answerer)
                recovered()
            while (job := self.next_job(worker)) is not None:
                job(worker)
            worker.ended = True
        except BaseException:  # the watch sees that it is gone, and answers for it
            LOG.exception("a thread of the batcher died")

    def add(self, requests: Sequence[tuple[list[Item], int]]) -> None:
        """Put the texts of requests into the queue, each with its priority.

        While every thread is in the session nobody is woken: the first to leave takes them.
        """
        with self.awake:
            for items, priority in requests:
                self.waiting.add(items, priority)
            self.awake.notify()

    def close(self) -> None:
        """Let the threads end when nothing is left."""
        with self.awake:
            self.closed = True
            self.awake.notify_all()

    def dismiss(self, worker: BatchWorker) -> Sequence[Item]:
        """Give the texts that a lost thread had in hand; it is asked for nothing any more."""
        with self.awake:
            worker.dismissed = True
            hand, worker.hand = worker.hand, ()
            self.running.discard(worker)
            self.awake.notify_all()
        return hand

    def next_job(self, worker: BatchWorker) -> Callable[[BatchWorker], None] | None:
        """Sleep until there is something to do; None: nothing will come any more."""
        with self.awake:
            worker.since = float("inf")
            while not worker.dismissed:
                job = self.find_job(worker)
                if job is not None:
                    worker.show_life()
                    return job
                if self.closed:
                    break
                self.awake.wait()
        return None

    def find_job(self, worker: BatchWorker) -> Callable[[BatchWorker], None] | None:
        """Choose what a free thread does now: answer, encode up to a batch, or run one."""
        if self.finished:
            ran = self.finished.popleft()
            worker.hand = ran.batch
            return partial(self.finish, ran=ran)
        room = WINDOW * self.limits.batch_items - len(self.ready)
        if self.waiting.size and room > 0 and (self.paused or room > self.limits.batch_items):
            return self.begin_encode(worker, room)
        if self.paused or not self.ready:
            return None
        batch = self.take_ready()
        if not batch:  # nobody waits for any of them: there is room for others
            return self.find_job(worker)
        self.running.add(worker)
        worker.hand = batch
        self.wake_if(self.ready or self.waiting.size)
        return partial(self.run, batch=batch)

    def begin_encode(self, worker: BatchWorker, room: int) -> Callable[[BatchWorker], None]:
        """Take texts that have no tokens yet."""
        items = self.waiting.take(room)
        worker.hand = items
        self.wake_if(self.finished or self.ready or self.waiting.size)
        return partial(self.encode, items=items)

    def wake_if(self, more: object) -> None:
        """Wake the other thread if there is something for it."""
        if more:
            self.awake.notify()

    def encode(self, worker: BatchWorker, items: list[Item]) -> None:
        """Give texts their tokens; one that fails is answered alone."""
        failed = encode_items(worker.answerer, items)
        with self.awake:
            if worker.dismissed:
                return
            worker.hand = ()
            self.ready.extend(item for item in items if item.encoding is not None)
        if failed:
            self.hand_over(failed, None)

    def take_ready(self) -> list[Item]:
        """Take the next batch; what is past its deadline, or asked for no more, is handed back.

        The oldest text is always in it, and of those behind it the nearest in length; in their
        order once it has waited for a tenth of the objective: those that overtake a text cost it
        no more than that, and admission leaves room for it.
        """
        now = monotonic()
        live: list[Item] = []
        dropped: Outcomes = []
        for item in self.ready:
            if item.ticket.deadline < now or item.ticket.future.done():
                dropped.append((item, late()))
            else:
                live.append(item)
        oldest = live[0].ticket.accepted if live else now
        objective_s = self.limits.objective_s
        hurry = objective_s is not None and now - oldest > OVERTAKEN * objective_s
        batch = choose_batch(live, self.limits, in_order=hurry)
        if len(batch) == len(live):
            self.ready.clear()
        else:
            chosen = {id(item) for item in batch}
            self.ready = deque(item for item in live if id(item) not in chosen)
        if dropped:
            self.hand_over(dropped, None)
        return batch

    def run(self, worker: BatchWorker, batch: list[Item]) -> None:
        """Run the session on a batch."""
        start = monotonic()
        outputs = run_batch(worker.answerer, batch)
        end = monotonic()
        with self.awake:
            if worker.dismissed:
                return
            times = end - start, end - max(self.last_end, batch[0].ticket.accepted)
            self.last_end = end
            self.running.discard(worker)
            worker.hand = ()
            self.finished.append(Ran(batch, outputs, times))

    def finish(self, worker: BatchWorker, ran: Ran) -> None:
        """Turn scores into answers."""
        outcomes = finish_batch(worker.answerer, ran.batch, ran.outputs)
        with self.awake:
            if worker.dismissed:
                return
            worker.hand = ()
        self.hand_over(outcomes, ran)


class Pause:
    """Keeps the session from running for as long as a block lasts."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew

    def __enter__(self) -> None:
        """Let nobody in any more, and look until all have left."""
        while True:
            with self.crew.awake:
                self.crew.paused = True
                if not self.crew.running:
                    return
            sleep(PAUSE_S)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Let it go."""
        with self.crew.awake:
            self.crew.paused = False
            self.crew.awake.notify_all()
