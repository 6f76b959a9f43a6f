"""A request for texts that come token by token, between the event loop and the threads."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from textwright.errors import TextwrightError
from textwright.runtime.streams import TextOptions
from textwright.runtime.writing import Prompt


@dataclass(frozen=True, slots=True)
class Piece:
    """What is new of a text.

    index:  which of its request's texts.
    text:   whole characters, often none.
    tokens: of the text so far; score: the sum of their log-probabilities.
    end:    how it ended, ``stop`` or ``length``, or what went wrong; empty: it goes on.
    """

    index: int
    text: str = ""
    tokens: int = 0
    score: float = 0.0
    end: str | Exception = ""


class Flow:
    """A request's texts as they come; used on the event loop, but for ``over``.

    left: texts that are not at their end.
    waits: none of its texts was begun yet.
    over: nobody waits for them any more; whichever thread writes them lets them go.
    accepted, first_by, whole_by: on the clock of ``time.monotonic``.
    """

    def __init__(self, orders: list["Order"], caller: str | int, times: tuple[float, float]):
        self.orders = orders
        self.caller = caller
        self.left = sum(each.count for each in orders)
        self.over = False
        self.waits = True
        self.accepted = monotonic()
        self.first_by, self.whole_by = (self.accepted + each for each in times)
        self.pieces: asyncio.Queue[Piece | TextwrightError] = asyncio.Queue()
        for each in orders:
            each.flow = self

    def take(self, piece: Piece) -> None:
        """Pass a piece on to who waits for it."""
        self.waits = False
        self.left -= bool(piece.end)
        if not self.over:
            self.pieces.put_nowait(piece)

    def fail(self, error: TextwrightError) -> None:
        """End it with an error."""
        if not self.over:
            self.over = True
            self.pieces.put_nowait(error)


class Order:
    """A prompt, and how its texts are written.

    first: index of the first of its texts in the request.
    open:  those that are not at their end, and when a token of each last came; None: none yet.
    cost:  tokens to be read, and at most to be written.
    """

    flow: Flow

    def __init__(self, prompt: Prompt, options: TextOptions, first: int) -> None:
        self.prompt = prompt
        self.options = options
        self.first = first
        self.count = options.count
        self.cost = len(prompt.ids) + options.count * options.longest
        self.open: dict[int, float | None] = {first + each: None for each in range(options.count)}
