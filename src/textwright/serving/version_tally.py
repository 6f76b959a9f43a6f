"""What a version has done since it was loaded, in this process."""

from dataclasses import dataclass, field


@dataclass
class Spent:
    """How often something happened, and the seconds it took together."""

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count it once more."""
        self.count += 1
        self.seconds += seconds


@dataclass
class VersionTally:
    """Requests and batches of a version; changed on the event loop alone.

    answered, failed: requests; one with a text that failed is failed.
    texts:            answered.
    last:             when one was last answered, in seconds since 1970; 0: never.
    batches:          runs of the session, by the texts in them.
    """

    answered: Spent = field(default_factory=Spent)
    failed: Spent = field(default_factory=Spent)
    texts: int = 0
    last: float = 0.0
    batches: dict[int, Spent] = field(default_factory=dict)

    def add_request(self, texts: int, failed: int, seconds: float, at: float) -> None:
        """Count a request with its texts; ``at``: seconds since 1970."""
        (self.failed if failed else self.answered).add(seconds)
        self.texts += texts - failed
        self.last = at

    def add_batch(self, items: int, seconds: float) -> None:
        """Count a run of the session."""
        self.batches.setdefault(items, Spent()).add(seconds)
