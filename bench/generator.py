"""The load of the measurements of serving.

Closed loop: connections that each ask again as soon as they are answered, in a process of its own
on a job of JSON; requests are prepared, and no more is read of a response than its status and its
length, so that the generator is not what is measured. Open loop: ``textwright bench``'s own.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import uvloop

from textwright.serving.load import Load as OpenLoad
from textwright.serving.load import Outcome, run_load
from textwright.serving.load_report import Account, Report

GIVE_UP_S = 30.0  # for answers still out at the end


@dataclass(frozen=True)
class Job:
    """What to send, and for how long.

    bodies:  JSON, sent in turn.
    seconds: 0: every body once, and the responses are given back.
    """

    port: int
    path: str
    bodies: list[str]
    connections: int
    seconds: float = 0.0


class Load:
    """One job under way."""

    def __init__(self, job: Job) -> None:
        head = f"POST {job.path} HTTP/1.1\r\nHost: localhost:{job.port}\r\n"
        head += "Content-Type: application/json\r\nContent-Length: "
        self.requests = [
            f"{head}{len(body.encode())}\r\n\r\n{body}".encode() for body in job.bodies
        ]
        self.keep = not job.seconds
        self.next = 0
        self.end = time.perf_counter() + job.seconds if job.seconds else float("inf")
        self.latencies: list[float] = []
        self.errors = 0
        self.answers: dict[int, str] = {}
        self.running = job.connections
        self.done = asyncio.get_running_loop().create_future()

    def take(self) -> int | None:
        """Give the number of the next body, or None when it is over."""
        number = self.next
        if time.perf_counter() >= self.end or (self.keep and number == len(self.requests)):
            return None
        self.next += 1
        return number % len(self.requests)

    def leave(self) -> None:
        """Count a connection that has ended."""
        self.running -= 1
        if not self.running and not self.done.done():
            self.done.set_result(None)


class Connection(asyncio.Protocol):
    """One caller: asks, reads, asks again."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.buffer = b""
        self.number = 0
        self.waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask first."""
        self.transport = cast(asyncio.Transport, transport)
        self.ask()

    def ask(self) -> None:
        """Send the next request, or end."""
        number = self.load.take()
        if number is None:
            self.transport.close()
            return
        self.number, self.waits = number, True
        self.sent = time.perf_counter()
        self.transport.write(self.load.requests[number])

    def data_received(self, data: bytes) -> None:
        """Read until the response is whole, then count it and ask again."""
        self.buffer = self.buffer + data if self.buffer else data
        size = response_size(self.buffer)
        if size is None or len(self.buffer) < size:
            return
        self.load.latencies.append(time.perf_counter() - self.sent)
        if self.buffer[9:12] != b"200":
            self.load.errors += 1
        elif self.load.keep:
            self.load.answers[self.number] = self.buffer.partition(b"\r\n\r\n")[2].decode()
        self.buffer = self.buffer[size:]
        self.waits = False
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Count a connection that ended unanswered."""
        self.load.errors += self.waits
        self.load.leave()


def response_size(data: bytes) -> int | None:
    """Give the length of a response, head and body; None while that cannot be told."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end].lower()
    at = head.find(b"content-length:")
    if at >= 0:
        return end + 4 + int(head[at + 15 :].partition(b"\r\n")[0])
    last = data.find(b"\r\n0\r\n\r\n", end)  # chunked
    return last + 7 if last >= 0 else None


async def run_job(job: Job) -> dict[str, Any]:
    """Send a job's load; gives requests, seconds, latencies in ms, errors, answers."""
    loop = asyncio.get_running_loop()
    load = Load(job)
    began = time.perf_counter()
    for _ in range(job.connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", job.port)
    try:
        await asyncio.wait_for(load.done, (job.seconds or 60.0) + GIVE_UP_S)
    except TimeoutError:
        load.errors += load.running
    seconds = time.perf_counter() - began
    latencies = sorted(load.latencies)
    return {
        "requests": len(latencies),
        "rate": (len(latencies) - load.errors) / seconds,
        "p50_ms": percentile(latencies, 0.50) * 1000,
        "p99_ms": percentile(latencies, 0.99) * 1000,
        "errors": load.errors,
        "answers": [load.answers.get(each, "") for each in range(len(job.bodies) * load.keep)],
    }


def percentile(ordered: list[float], share: float) -> float:
    """Give the value below which that share lies; 0 where there is none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def generate(job: Job) -> dict[str, Any]:
    """Run a job in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve())]
    done = subprocess.run(
        command, input=json.dumps(asdict(job)), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def offer(load: OpenLoad, observe: Callable[[Outcome], None] = lambda _: None) -> Report:
    """Send an open-loop load from this process, and give its account.

    observe: called with every outcome, in the thread that sends.
    """
    account = Account()

    def tell(outcome: Outcome) -> None:
        account.add(outcome)
        observe(outcome)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return account.report(runner.run(run_load(load, tell)))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run_job(Job(**json.load(sys.stdin))))))
