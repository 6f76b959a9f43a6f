"""What a server does again and again beside answering: chores, in a thread of their own."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic

from textwright.errors import TextwrightError

STOP_S = 10.0
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """A piece of work; it must not be hurt by being done once more.

    work:    told whether this is the last time, as the server stops. What it raises is logged,
             and it is done again at its next time.
    every_s: between its end and its next beginning.
    """

    name: str
    work: Callable[[bool], None]
    every_s: float


class Housekeeper:
    """Does chores one after the other; one that waits for others' servers wants its own.

    settle_s: from the start to the first round, so that the first answers have the processor.
    stop_s:   that the last round may take; then the server ends without it.
    """

    def __init__(
        self,
        chores: Sequence[Chore],
        *,
        settle_s: float = 0.0,
        stop_s: float = STOP_S,
    ) -> None:
        self.chores = chores
        self.settle_s = settle_s
        self.stop_s = stop_s
        self.due = dict.fromkeys((each.name for each in chores), 0.0)
        self.failing: set[str] = set()  # whose failure was logged
        self.stopping = Event()
        self.thread = Thread(target=self.work, daemon=True, name="housekeeper")

    def start(self) -> None:
        """Begin; without chores nothing is begun."""
        if self.chores:
            self.thread.start()

    def stop(self) -> None:
        """Do every chore a last time; wait for it, but not for ever."""
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join(self.stop_s)

    def work(self) -> None:
        """Do what is due until stopped: the body of the thread."""
        self.stopping.wait(self.settle_s)
        while not self.stopping.is_set():
            for chore in self.chores:
                if self.due[chore.name] <= monotonic() and not self.stopping.is_set():
                    self.do(chore, last=False)
                    self.due[chore.name] = monotonic() + chore.every_s
            self.stopping.wait(max(0.0, min(self.due.values()) - monotonic()))
        for chore in self.chores:
            self.do(chore, last=True)

    def do(self, chore: Chore, *, last: bool) -> None:
        """Do a chore; a failure is logged once, until it went well again."""
        try:
            chore.work(last)
        except TextwrightError as error:  # the database is away, most likely
            if chore.name not in self.failing:
                LOG.warning("%s: %s", chore.name, error.what)
            self.failing.add(chore.name)
        except Exception:  # nothing may end the thread that others' chores need
            if chore.name not in self.failing:
                LOG.exception("%s failed", chore.name)
            self.failing.add(chore.name)
        else:
            if chore.name in self.failing:
                LOG.info("%s: it works again", chore.name)
            self.failing.discard(chore.name)
