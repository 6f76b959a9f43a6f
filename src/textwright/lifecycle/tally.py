"""What a server counts for the guards: of each caller, the first requests in a window of minutes.

Pure, in memory and without SQLAlchemy, whose import a server puts off; ``counts.add_counts``
writes what ``take`` gives. A process that dies loses the minutes not yet taken: fewer units, no
wrong ones.
"""

from dataclasses import dataclass

MOST_CALLERS = 100_000  # remembered in a window; a further one is not counted


@dataclass(frozen=True)
class Counted:
    """What was seen of a version in one minute.

    minute:  whole minutes since 1970, UTC.
    version: its number.
    n, bad:  units seen, and those of them against the guard; each caller's are capped already.
    """

    model: str
    minute: int
    version: int
    guard: str
    n: int
    bad: int


@dataclass(
    slots=True
)  # not frozen: several are made for each request, and that takes twice as long
class Seen:
    """One answer, as one guard sees it.

    minute: whole minutes since 1970, UTC.
    caller: None or empty: nobody said, so the request is a unit of its own.
    """

    model: str
    minute: int
    version: int
    guard: str
    caller: str | None
    bad: bool


class Tally:
    """Counts of the minutes that were not taken yet; one thread at a time uses it.

    per_caller, window: of the policy: the first ``per_caller`` requests of a caller in a window of
    so many minutes count.
    """

    def __init__(self, per_caller: int = 1, window: int = 1) -> None:
        self.per_caller = per_caller
        self.window = window
        self.sums: dict[tuple[str, int, int, str], list[int]] = {}
        self.callers: dict[int, int] = {}  # by hash: one shared by two only loses a unit
        self.opened = 0  # the window that ``callers`` is about

    def add(self, seen: Seen) -> bool:
        """Count an answer, unless its caller has had its share; gives whether it was counted."""
        if seen.caller and not self.has_room(seen, seen.caller):
            return False
        total = self.sums.setdefault((seen.model, seen.minute, seen.version, seen.guard), [0, 0])
        total[0] += 1
        total[1] += seen.bad
        return True

    def has_room(self, seen: Seen, caller: str) -> bool:
        """Tell whether a caller may count once more, and note that it does.

        A straggler from the window before opens none; a clock that was set back by more does.
        """
        window = seen.minute // self.window
        if not self.opened - 1 <= window <= self.opened:
            self.callers.clear()
            self.opened = window
        key = hash((seen.model, seen.version, seen.guard, caller))
        had = self.callers.get(key, 0)
        if had >= self.per_caller or (not had and len(self.callers) >= MOST_CALLERS):
            return False
        self.callers[key] = had + 1
        return True

    def take(self, before: int) -> list[Counted]:
        """Give and forget the counts of the minutes before one, oldest first."""
        done = sorted((key for key in self.sums if key[1] < before), key=lambda key: key[1])
        return [Counted(*key, *self.sums.pop(key)) for key in done]
