"""What became of a load: who was answered, refused or failed, and how long each took."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from textwright.serving.load import Outcome

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
REFUSED = (429, 503)


class Told(msgspec.Struct):
    """What the report reads of an answer."""

    version: int = 0


@dataclass(frozen=True)
class Report:
    """The account of a load; times in milliseconds from when a request was due.

    rate:     answered requests a second.
    latency:  of those answered, at shares of them.
    refusal:  of those refused (429, 503), the same.
    late:     how much later than due requests left: beyond a few, the machine was too small to
              send this rate.
    versions: answers by the version that gave them; statuses: all requests, 0: no answer.
    """

    sent: int
    answered: int
    refused: int
    failed: int
    seconds: float
    rate: float
    latency: Mapping[str, float]
    refusal: Mapping[str, float]
    late: Mapping[str, float]
    versions: Mapping[str, int]
    statuses: Mapping[str, int]


class Account:
    """Adds outcomes up as they come, in little memory."""

    def __init__(self) -> None:
        self.answered = array("d")
        self.refused = array("d")
        self.late = array("d")
        self.versions: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.reader = msgspec.json.Decoder(Told)

    def add(self, outcome: Outcome) -> None:
        """Take one outcome in."""
        self.statuses[str(outcome.status)] += 1
        self.late.append(outcome.late_s)
        if outcome.status == 200:
            self.answered.append(outcome.seconds)
            self.versions[self.version_of(outcome.body)] += 1
        elif outcome.status in REFUSED:
            self.refused.append(outcome.seconds)

    def version_of(self, body: bytes) -> str:
        """Give the version that an answer names; ``?`` where it names none."""
        try:
            return str(self.reader.decode(body).version or "?")
        except msgspec.DecodeError:
            return "?"

    def report(self, seconds: float) -> Report:
        """Give the account.

        seconds: that the load took.
        """
        sent = sum(self.statuses.values())
        answered, refused = len(self.answered), len(self.refused)
        return Report(
            sent=sent,
            answered=answered,
            refused=refused,
            failed=sent - answered - refused,
            seconds=round(seconds, 3),
            rate=round(answered / seconds, 2),
            latency=tail(self.answered),
            refusal=tail(self.refused),
            late=tail(self.late),
            versions=dict(sorted(self.versions.items())),
            statuses=dict(sorted(self.statuses.items())),
        )


def tail(seconds: Sequence[float]) -> dict[str, float]:
    """Give milliseconds at several shares; none where there is nothing."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, int(share * len(ordered)))] * 1000, 3)
        for name, share in SHARES.items()
        if ordered
    }
