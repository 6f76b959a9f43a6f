"""Shadow: a version that answers copies of what stable answered, and nobody.

One thread does it, one text at a time and while the live version has nothing to do, so that no
caller waits for it; a server that is always busy lets one through now and then. The thread has
no lower priority than others: put off while it holds the interpreter, it would hold up them all.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import randrange
from threading import Condition, Event, Lock, Thread
from time import monotonic

from textwright.runtime.answer import Answer
from textwright.serving.counting import Counting
from textwright.serving.live import Deployed, Live
from textwright.serving.loader import Loader
from textwright.serving.metrics import ServerMetrics
from textwright.serving.predict import Done
from textwright.tasks.embed import EmbedAnswer
from textwright.text.examples import Input

CHARACTERS = 1_000_000  # that wait at most
BUSY_S = 0.2  # after which a text is compared though the live version is busy
LOOK_S = 0.005  # between two looks at whether it is
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Copy:
    """A text, what stable answered, and the version that is to answer it again."""

    deployed: Deployed
    shadow: Live
    text: Input
    answer: Answer


class Shadow:
    """Compares a rollout's shadow with stable; ``copy`` is called on the event loop."""

    def __init__(
        self, loader: Loader, counting: Counting, most: int, clock: Callable[[], float]
    ) -> None:
        self.loader = loader
        self.counting = counting
        self.metrics: ServerMetrics = counting.metrics
        self.most = most
        self.clock = clock
        self.characters = 0
        self.waiting: deque[Copy] = deque()
        self.awake = Condition(Lock())
        self.stopping = Event()
        self.thread = Thread(target=self.work, daemon=True, name="shadow")
        self.thread.start()

    def copy(self, done: Done) -> None:
        """Take one text of a request that stable answered, drawn by chance: units are alike.

        Vectors are not compared: they tell nobody what to do. Nor is what was written as the
        caller wished it: the shadow writes as its recipe says.
        """
        deployed = self.loader.deployed.get(done.asked.name)
        if deployed is None or deployed.shadow is None or not done.by_recipe:
            return
        place = randrange(len(done.given.outcomes))
        answer, text = done.given.outcomes[place], done.asked.texts[place]
        by_stable = done.given.version == deployed.row.stable.version
        if not by_stable or isinstance(answer, Exception | EmbedAnswer):
            return
        if len(self.waiting) >= self.most or self.characters + len(text) > CHARACTERS:
            self.metrics.shadow_dropped.labels(deployed.model).inc()
            return
        if self.counting.takes_shadow(deployed, done.at, done.asked.caller):
            with self.awake:
                self.characters += len(text)
                self.waiting.append(Copy(deployed, deployed.shadow, text, answer))
                self.awake.notify()

    def work(self) -> None:
        """Compare until stopped: the body of the thread."""
        while (copy := self.take()) is not None:
            self.wait_for_idle(copy.deployed.stable)
            differs = is_different(copy)
            self.counting.count_shadow(copy.deployed, self.clock(), differs=differs)

    def take(self) -> Copy | None:
        """Wait for a copy; None when stopped."""
        with self.awake:
            self.awake.wait_for(lambda: self.waiting or self.stopping.is_set())
            if self.stopping.is_set():
                return None
            copy = self.waiting.popleft()
            self.characters -= len(copy.text)
            return copy

    def wait_for_idle(self, live: Live) -> None:
        """Wait until the live version has nothing to do, or for as long as is decent."""
        end = monotonic() + BUSY_S
        while live.items and monotonic() < end:
            self.stopping.wait(LOOK_S)

    def stop(self) -> None:
        """End; what waits is not compared any more."""
        self.stopping.set()
        with self.awake:
            self.awake.notify()


def is_different(copy: Copy) -> bool:
    """Whether the shadow would have one do something else; failing is different, too."""
    try:
        (other,) = copy.shadow.answerer.predict([copy.text])
    except Exception:  # whatever the version does, only it is to blame
        LOG.warning("%s@%d failed in the shadow", copy.shadow.model, copy.shadow.target.version)
        return True
    return not copy.answer.agrees(other)
