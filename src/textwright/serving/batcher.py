"""Micro-batches: when the session is free it takes what waits, and nobody waits for company.

Two threads share one session: while one runs it, the other turns new texts into tokens and
finished scores into answers. Everything a caller sees is changed on the event loop alone.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition, Lock, Thread
from time import monotonic

from textwright.errors import DeadlineError, NotReadyError, OverloadedError
from textwright.runtime.answer import Answerer, Outputs
from textwright.serving.limits import BatchLimits
from textwright.tasks.classify import ClassifyAnswer
from textwright.text.batch import Encoding

Answer = ClassifyAnswer
Outcome = Answer | Exception

WORKERS = 2  # one at the session, one beside it
WINDOW = 4  # batches' worth of items among which those of like length are looked for
SLACK_TOKENS = 256  # padding that costs less than another call would
LOG = logging.getLogger(__name__)


class Ticket:
    """One accepted request: its texts, and the answers as they come."""

    __slots__ = ("deadline", "future", "left", "outcomes")

    def __init__(
        self, count: int, deadline: float, future: asyncio.Future[list[Outcome | None]]
    ) -> None:
        self.outcomes: list[Outcome | None] = [None] * count
        self.left = count
        self.deadline = deadline
        self.future = future


@dataclass(slots=True)
class Item:
    """One text of a request on its way; its encoding once it has one."""

    ticket: Ticket
    place: int
    text: str
    encoding: Encoding | None = None

    @property
    def tokens(self) -> int:
        """Positions it takes in a batch, at least one."""
        return max(len(self.encoding.ids), 1) if self.encoding is not None else 1


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
        self.answerer = answerer
        self.limits = limits
        self.observe = observe
        self.loop = asyncio.get_running_loop()
        self.items = self.characters = 0  # accepted and not yet answered
        self.rate = 100.0  # items a second, as lately seen
        self.closed = False
        self.awake = Condition(Lock())  # guards the two queues below
        self.waiting: deque[Item] = deque()
        self.ready: deque[Item] = deque()
        self.session_free = Lock()
        self.threads = [Thread(target=self.work, daemon=True) for _ in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether both threads still work."""
        return all(thread.is_alive() for thread in self.threads)

    @property
    def wait_s(self) -> float:
        """Seconds in which what waits now should be answered."""
        return self.items / self.rate

    def submit(self, texts: Sequence[str], deadline: float) -> asyncio.Future[list[Outcome | None]]:
        """Accept a request's texts, or refuse all of them at once.

        deadline: on the clock of ``time.monotonic``; a text not in the session by then is
                  answered by a DeadlineError.
        The future gives an answer or an exception for each text, in order. Cancelling it
        takes the texts that still wait out of the queue.
        Raises OverloadedError when they do not fit, NotReadyError after ``close``.
        """
        if self.closed:
            raise NotReadyError("This version was just replaced.", "Send the request again.")
        self.check_room(len(texts), sum(map(len, texts)))
        future: asyncio.Future[list[Outcome | None]] = self.loop.create_future()
        if not texts:
            future.set_result([])
            return future
        ticket = Ticket(len(texts), deadline, future)
        items = [Item(ticket, place, text) for place, text in enumerate(texts)]
        with self.awake:
            self.waiting.extend(items)
            self.awake.notify()
        return future

    def check_room(self, items: int, characters: int) -> None:
        """Count a request in, or refuse it."""
        limits = self.limits
        full = self.items + items > limits.queue_items
        if full or self.characters + characters > limits.queue_characters:
            error = OverloadedError(
                f"{self.items} texts are waiting already.", "Send fewer at once, or try later."
            )
            error.retry_s = max(1, round(self.wait_s + 0.5))
            raise error
        self.items += items
        self.characters += characters

    def close(self) -> None:
        """Take nothing more; the threads end when what was accepted is answered."""
        self.closed = True
        with self.awake:
            self.awake.notify_all()

    def work(self) -> None:
        """Encode, run and answer until closed: the body of each thread."""
        while self.wait_for_work():
            self.encode(self.take_waiting())
            with self.session_free:
                batch, dropped = self.take_ready()
                start = monotonic()
                outputs = run_batch(self.answerer, batch)
                seconds = monotonic() - start
            outcomes = finish_batch(self.answerer, batch, outputs)
            self.hand_over([*outcomes, *dropped], len(batch), seconds)

    def wait_for_work(self) -> bool:
        """Sleep until something waits; False when closed and nothing does."""
        with self.awake:
            while not (self.waiting or self.ready):
                if self.closed:
                    return False
                self.awake.wait()
        return True

    def take_waiting(self) -> list[Item]:
        """Take texts that have no tokens yet, at most two batches of them."""
        with self.awake:
            count = min(len(self.waiting), 2 * self.limits.batch_items)
            return [self.waiting.popleft() for _ in range(count)]

    def encode(self, items: list[Item]) -> None:
        """Give items their tokens and make them ready; one that fails is answered alone."""
        failed = encode_items(self.answerer, items)
        with self.awake:
            self.ready.extend(item for item in items if item.encoding is not None)
            if len(self.ready) > self.limits.batch_items:
                self.awake.notify()
        self.hand_over(failed, 0, 0.0)

    def take_ready(self) -> tuple[list[Item], list[tuple[Item, Outcome]]]:
        """Take the next batch; beside it what is past its deadline, or asked for no more.

        The oldest item is always in it, and of those behind it the nearest in length.
        """
        with self.awake:
            count = min(len(self.ready), WINDOW * self.limits.batch_items)
            window = [self.ready.popleft() for _ in range(count)]
            now = monotonic()
            live: list[Item] = []
            dropped: list[Item] = []
            for item in window:
                late = item.ticket.deadline < now or item.ticket.future.done()
                (dropped if late else live).append(item)
            batch = choose_batch(live, self.limits)
            chosen = {id(item) for item in batch}
            self.ready.extendleft(item for item in reversed(live) if id(item) not in chosen)
        late_error = DeadlineError("The answer was not there in time.", "Send it again later.")
        return batch, [(item, late_error) for item in dropped]

    def hand_over(self, outcomes: list[tuple[Item, Outcome]], items: int, seconds: float) -> None:
        """Pass outcomes to the event loop; when it is closed nobody waits for them."""
        if not outcomes:
            return
        try:
            self.loop.call_soon_threadsafe(self.deliver, outcomes, items, seconds)
        except RuntimeError:
            LOG.info("the server stopped before %d answers were handed over", len(outcomes))

    def deliver(self, outcomes: list[tuple[Item, Outcome]], items: int, seconds: float) -> None:
        """Put each outcome in its place; a request is answered when its last one is there."""
        self.items -= len(outcomes)
        for item, outcome in outcomes:
            ticket = item.ticket
            self.characters -= len(item.text)
            ticket.outcomes[item.place] = outcome
            ticket.left -= 1
            if not ticket.left and not ticket.future.done():
                ticket.future.set_result(ticket.outcomes)
        if items:
            self.rate += 0.1 * (items / max(seconds, 1e-6) - self.rate)
            self.observe(items, seconds)


def encode_items(answerer: Answerer, items: Sequence[Item]) -> list[tuple[Item, Outcome]]:
    """Give items their tokens, all at once; gives those that fail, found one by one."""
    if not items:
        return []
    try:
        encodings = answerer.encode([item.text for item in items])
        for item, encoding in zip(items, encodings, strict=True):
            item.encoding = encoding
    except Exception as error:  # whatever one text breaks must not reach the others
        if len(items) == 1:
            LOG.exception("a text could not be encoded")
            return [(items[0], error)]
        return [failed for item in items for failed in encode_items(answerer, [item])]
    return []


def run_batch(answerer: Answerer, batch: Sequence[Item]) -> Outputs | Exception:
    """Run the session on a batch; an exception is given back, for the items to be tried alone."""
    if not batch:
        return {}
    try:
        return answerer.run([item.encoding for item in batch if item.encoding is not None])
    except Exception as error:  # whatever one text breaks must not reach the others
        return error


def finish_batch(
    answerer: Answerer, batch: Sequence[Item], outputs: Outputs | Exception
) -> list[tuple[Item, Outcome]]:
    """Turn a batch's outputs into answers; when that fails each item is tried alone."""
    if not batch:
        return []
    try:
        if isinstance(outputs, Exception):
            raise outputs
        encodings = [item.encoding for item in batch if item.encoding is not None]
        return list(zip(batch, answerer.answers(encodings, outputs), strict=True))
    except Exception as error:  # as above
        if len(batch) == 1:
            LOG.exception("a text could not be answered")
            return [(batch[0], error)]
        alone = ([item] for item in batch)
        return [
            each for one in alone for each in finish_batch(answerer, one, run_batch(answerer, one))
        ]


def choose_batch(items: Sequence[Item], limits: BatchLimits) -> list[Item]:
    """Choose the first item and those nearest to it in length, within the budget.

    At most half of a batch is padding, but for a small one: a long text makes nobody slow.
    """
    if len(items) <= 1:
        return list(items)
    batch: list[Item] = []
    longest = real = 0
    first = items[0].tokens
    for item in sorted(items, key=lambda each: abs(each.tokens - first)):
        widest = max(longest, item.tokens)
        padded = (len(batch) + 1) * widest
        wasteful = padded > 2 * (real + item.tokens) + SLACK_TOKENS
        if batch and (padded > limits.batch_tokens or wasteful):
            continue
        batch.append(item)
        longest, real = widest, real + item.tokens
        if len(batch) == limits.batch_items:
            break
    return batch
