"""How much each key may ask: requests and texts a second, and requests at a time."""

from math import ceil
from time import monotonic

from textwright.errors import RateError
from textwright.serving.limits import KeyLimits
from textwright.serving.predict import Asked

ENOUGH = 1.0 - 1e-9  # of a token; what fills it is rounded
REMEMBERED = 4096  # keys; beyond that those are forgotten that ask nothing


class Bucket:
    """A second's worth of tokens that fills again at a rate.

    Whoever finds one token may take any number, and the debt is waited off afterwards: so a large
    request passes as well as a small one, and the rate holds on the long run.
    """

    __slots__ = ("at", "rate", "room", "tokens")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self.room = max(1.0, rate)
        self.tokens = self.room
        self.at = now

    def wait_s(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        self.tokens = min(self.room, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.tokens >= ENOUGH else (1.0 - self.tokens) / self.rate

    def take(self, count: int) -> None:
        """Take tokens; there must be one."""
        self.tokens -= count


class Use:
    """What one key asks at present."""

    __slots__ = ("requests", "running", "texts")

    def __init__(self, limits: KeyLimits, now: float) -> None:
        self.requests = Bucket(limits.requests_per_s, now)
        self.texts = Bucket(limits.texts_per_s, now)
        self.running = 0

    def is_idle(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        if self.running or self.requests.wait_s(now) or self.texts.wait_s(now):
            return False
        return all(each.tokens >= each.room for each in (self.requests, self.texts))


class Throttle:
    """Counts what keys ask, on the event loop; what is over the limits is refused at once."""

    def __init__(self, limits: KeyLimits) -> None:
        self.limits = limits
        self.uses: dict[int, Use] = {}

    def enter(self, key: int) -> None:
        """Let a request in; ``leave`` must follow. Raises RateError."""
        now = monotonic()
        use = self.uses.get(key) or self.add(key, now)
        if use.running >= self.limits.concurrency:
            raise over(f"{self.limits.concurrency} requests of this key are running.", 1.0)
        wait_s = use.requests.wait_s(now)
        if wait_s:
            raise over(f"A key may ask {self.limits.requests_per_s:g} times a second.", wait_s)
        use.requests.take(1)
        use.running += 1

    def leave(self, key: int) -> None:
        """Count a request as answered."""
        self.uses[key].running -= 1

    def charge(self, asked: Asked) -> None:
        """Let a request's texts in, between ``enter`` and ``leave`` of its key; raises RateError.

        Without a key nothing is counted.
        """
        if asked.key is None:
            return
        texts = self.uses[asked.key.key].texts
        wait_s = texts.wait_s(monotonic())
        if wait_s:
            raise over(f"A key may send {self.limits.texts_per_s:g} texts a second.", wait_s)
        texts.take(len(asked.texts))

    def add(self, key: int, now: float) -> Use:
        """Begin to count for a key."""
        if len(self.uses) >= REMEMBERED:
            self.uses = {name: use for name, use in self.uses.items() if not use.is_idle(now)}
        use = self.uses[key] = Use(self.limits, now)
        return use


def over(what: str, wait_s: float) -> RateError:
    """Build the error for a key that asks too much; it may come back after ``wait_s``."""
    error = RateError(what, "Ask more slowly, or in fewer and larger requests.")
    error.retry_s = max(1, ceil(wait_s))
    return error
