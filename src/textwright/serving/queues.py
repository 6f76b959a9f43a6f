"""Texts that wait, taken turn by turn from those who sent them."""

from asyncio import Future
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from textwright.runtime.answer import Answer
from textwright.text.batch import Encoding
from textwright.text.examples import Input

Outcome = Answer | Exception

LEVELS = 4  # priorities 1, 2 and 3, then all others
TURNS = 8  # of so many texts one is taken without regard to priority


class Ticket:
    """One accepted request: its texts, and the answers as they come.

    accepted, deadline: on the clock of ``time.monotonic``.
    """

    __slots__ = ("accepted", "caller", "deadline", "future", "left", "outcomes")

    def __init__(
        self,
        count: int,
        times: tuple[float, float],
        future: Future[list[Outcome]],
        caller: str | int,
    ) -> None:
        self.outcomes: list[Outcome | None] = [None] * count
        self.left = count
        self.accepted, self.deadline = times
        self.future = future
        self.caller = caller


@dataclass(slots=True)
class Item:
    """One text of a request on its way; its encoding once it has one."""

    ticket: Ticket
    place: int
    text: Input
    encoding: Encoding | None = None

    @property
    def tokens(self) -> int:
        """Positions it takes in a batch, at least one."""
        return max(len(self.encoding.ids), 1) if self.encoding is not None else 1


@dataclass(slots=True)
class Level:
    """Texts of one priority: a line for each caller, and whose turn it is."""

    lines: dict[str | int, deque[Item]] = field(default_factory=dict)
    turns: deque[tuple[str | int, deque[Item]]] = field(default_factory=deque)


class FairQueue:
    """A line for each caller; one text is taken from each in turn, at the same cost for any number.

    Priorities 1, 2 and 3 go before all others, in that order; yet of eight texts one is taken
    from each of the levels in turn, so that nobody waits for ever.
    size:  texts that wait.
    lines: callers who wait.
    """

    def __init__(self) -> None:
        self.levels = tuple(Level() for _ in range(LEVELS))
        self.size = self.lines = self.taken = 0

    def add(self, items: Sequence[Item], priority: int = 0) -> None:
        """Put the texts of a request behind its caller's others; without a caller it is its own."""
        level = self.levels[priority - 1 if 0 < priority < LEVELS else LEVELS - 1]
        caller = items[0].ticket.caller
        line = level.lines.get(caller) if caller else None
        if line is None:
            line = deque(items)
            level.turns.append((caller, line))
            self.lines += 1
            if caller:
                level.lines[caller] = line
        else:
            line.extend(items)
        self.size += len(items)

    def take(self, count: int) -> list[Item]:
        """Take at most ``count`` texts."""
        found = []
        for _ in range(min(count, self.size)):
            level = self.next_level()
            caller, line = level.turns.popleft()
            found.append(line.popleft())
            if line:
                level.turns.append((caller, line))
            else:
                level.lines.pop(caller, None)
                self.lines -= 1
        self.size -= len(found)
        return found

    def next_level(self) -> Level:
        """Choose the level that the next text is taken from."""
        filled = [each for each in self.levels if each.turns]
        self.taken += 1
        turn, left = divmod(self.taken, TURNS)
        return filled[0] if left else filled[turn % len(filled)]
