"""Requests at a constant rate, each timed from the moment it was due.

Open loop: a request leaves when it is due, however slowly those before it are answered. A
generator that waits for one answer before it asks again leaves out what a stalled server makes
its callers wait (Gil Tene, "How NOT to Measure Latency", 2013, calls it coordinated omission;
his wrk2 mends it the same way).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ssl import SSLContext
from time import perf_counter
from typing import cast

import httptools

SWEEP_S = 0.1  # between two looks for requests past their time
TURN = 16  # requests sent in a row before others get the event loop


@dataclass(frozen=True)
class Load:
    """What is sent where, how often and for how long.

    bodies:      JSON, sent in turn.
    rate:        requests a second.
    timeout_s:   after it a request has failed; its connection is closed.
    connections: open at once; a request that finds none free waits, and that counts.
    """

    host: str
    port: int
    path: str
    bodies: Sequence[bytes]
    rate: float
    seconds: float
    timeout_s: float = 30.0
    connections: int = 1000
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: SSLContext | None = None

    @property
    def count(self) -> int:
        """How many requests that makes, at least one."""
        return max(1, round(self.rate * self.seconds))

    def requests(self) -> list[bytes]:
        """Give each request as it goes over the wire."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"Host": f"{name}:{self.port}", "Content-Type": "application/json"}
        lines = [f"{key}: {value}\r\n" for key, value in {**usual, **self.headers}.items()]
        head = f"POST {self.path} HTTP/1.1\r\n{''.join(lines)}Content-Length: "
        return [head.encode() + b"%d\r\n\r\n" % len(body) + body for body in self.bodies]


@dataclass(frozen=True, slots=True)
class Due:
    """One request: its place in the load, and when it is to leave, by ``time.perf_counter``."""

    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request.

    number:  its place in the load, from 0; its body is that of this number, in turn.
    at_s:    when it was due, in seconds from the start.
    seconds: from then to its answer, or to its failure.
    late_s:  by how much it left later than it was due.
    status:  0: there was no answer.
    """

    number: int
    at_s: float
    seconds: float
    late_s: float
    status: int
    headers: Mapping[str, str]
    body: bytes


class Caller(asyncio.Protocol):
    """One connection: sends one request at a time and reads its answer."""

    def __init__(self, callers: "Callers") -> None:
        self.callers = callers
        self.due: Due | None = None  # of the request under way; None: there is none
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection to send on."""
        self.transport = cast(asyncio.Transport, transport)

    def send(self, due: Due) -> None:
        """Send one request."""
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.due, self.sent = due, perf_counter()
        self.transport.write(self.callers.request(due))

    def data_received(self, data: bytes) -> None:
        """Read what came; what is no HTTP ends the connection."""
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, AttributeError):
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the answer."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the answer."""
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        """Tell the answer, and be free for the next request."""
        if not self.parser.should_keep_alive():
            self.transport.close()
        status = self.parser.get_status_code()
        self.tell(status, self.headers, b"".join(self.pieces))
        if not self.transport.is_closing():
            self.callers.free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Count the request under way as failed."""
        self.tell(0, {}, b"")
        self.callers.forget(self)

    def tell(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Tell what became of the request under way, once."""
        if self.due is not None:
            self.callers.tell(self.due, self.sent, status, headers, body)
            self.due = None


class Callers:
    """The connections of one load, and the requests that wait for one."""

    def __init__(self, load: Load, tell: Callable[[Outcome], None]) -> None:
        self.load = load
        self.observe = tell
        self.loop = asyncio.get_running_loop()
        self.requests = load.requests()
        self.start = perf_counter()
        self.open: set[Caller] = set()
        self.idle: list[Caller] = []
        self.opening: set[asyncio.Task[None]] = set()
        self.waiting: deque[Due] = deque()
        self.told = 0

    def request(self, due: Due) -> bytes:
        """Give a request as it goes over the wire."""
        return self.requests[due.number % len(self.requests)]

    def send(self, due: Due) -> None:
        """Send a request, or let it wait for a connection."""
        if self.idle:
            self.idle.pop().send(due)
            return
        self.waiting.append(due)
        if len(self.open) + len(self.opening) < self.load.connections:
            task = self.loop.create_task(self.connect())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    async def connect(self) -> None:
        """Open one more connection; where that fails, one request that waits has failed."""
        load = self.load
        try:
            async with asyncio.timeout(load.timeout_s):
                _, caller = await self.loop.create_connection(
                    lambda: Caller(self), load.host, load.port, ssl=load.tls
                )
        except OSError:  # of which TimeoutError is one
            if self.waiting:
                self.tell(self.waiting.popleft(), perf_counter(), 0, {}, b"")
            return
        self.open.add(caller)
        self.free(caller)

    def free(self, caller: Caller) -> None:
        """Use a connection for the request that waits longest, or keep it."""
        if self.waiting:
            caller.send(self.waiting.popleft())
        else:
            self.idle.append(caller)

    def forget(self, caller: Caller) -> None:
        """Drop a connection that has ended; another takes its place if something waits."""
        self.open.discard(caller)
        if caller in self.idle:
            self.idle.remove(caller)
        if self.waiting:
            self.send(self.waiting.popleft())

    def tell(
        self, due: Due, sent: float, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Tell what became of a request."""
        self.told += 1
        seconds, late_s = perf_counter() - due.at, sent - due.at
        at_s = due.at - self.start
        self.observe(Outcome(due.number, at_s, seconds, late_s, status, headers, body))

    def give_up(self) -> None:
        """Close connections whose request has had its time; drop those that waited as long."""
        oldest = perf_counter() - self.load.timeout_s
        for caller in list(self.open):
            if caller.due is not None and caller.due.at < oldest:
                caller.transport.abort()
        while self.waiting and self.waiting[0].at < oldest:
            self.tell(self.waiting.popleft(), perf_counter(), 0, {}, b"")

    async def sweep(self) -> None:
        """Give up what takes too long, until all is told."""
        while True:
            self.give_up()
            await asyncio.sleep(SWEEP_S)


async def run_load(load: Load, tell: Callable[[Outcome], None]) -> float:
    """Send a load, and wait until each request is answered or has failed.

    tell: called with what became of each, as it comes.
    Returns the seconds it took.
    """
    callers = Callers(load, tell)
    sweeping = asyncio.create_task(callers.sweep())
    try:
        for number in range(load.count):
            due = Due(number, callers.start + number / load.rate)
            ahead = due.at - perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            elif number % TURN == 0:
                await asyncio.sleep(0)
            callers.send(due)
        while callers.told < load.count:
            await asyncio.sleep(0.005)
        return perf_counter() - callers.start
    finally:
        sweeping.cancel()
        for caller in list(callers.open):
            caller.transport.abort()
        for task in callers.opening:
            task.cancel()
