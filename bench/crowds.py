"""Crowds and faults: slow sockets, callers that go away, and a database that is gone for a minute.

    python bench/crowds.py [--json FILE] [--quick] [--seconds S] [--only slow|gone|database ...]

slow:     p99 of quick callers beside 1,000 connections that send a head a byte at a time.
gone:     10,000 connections closed with their request half sent, or just sent; then open files,
          threads and memory.
database: PostgreSQL stopped under load; predictions that failed, and records that are not there
          afterwards.
"""

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine, text

from generator import offer
from household import (
    PREDICT,
    Server,
    make_body,
    make_home,
    read_texts,
    serving,
    start_ours,
)
from rounds import ROOT, ROUNDS, Row, at_most, make_parser, processor_times, write_report
from textwright.serving.load import Load
from textwright.serving.load_report import Report

RATE = 300.0
SLOW, GONE = 1000, 10_000
P99_RATIO, GROWTH_MB, AWAY_S = 1.5, 10.0, 60.0
SETTLE_S = 3.0
WARM_S = 10.0  # in which a server has imported what it did not need for its first answer
BODIES = [make_body(each) for each in read_texts()]
HEAD = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def main() -> None:
    """Measure, and write the rows."""
    parts = {"slow": beside_slow, "gone": after_gone, "database": without_database}
    parser = make_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=tuple(parts), default=tuple(parts))
    parser.add_argument("--seconds", type=float, help="of each load; 20, with --quick 2")
    options = parser.parse_args()
    options.seconds = options.seconds or (2.0 if options.quick else 20.0)
    before = processor_times()
    rows = [row for name in options.only for row in parts[name](options)]
    write_report(options.json, rows, before, {"rate": RATE, "seconds": options.seconds})


def load_of(server: Server, seconds: float) -> Load:
    """Give the load of the quick callers."""
    return Load("127.0.0.1", server.port, PREDICT, BODIES, RATE, seconds)


def beside_slow(options: argparse.Namespace) -> list[Row]:
    """Measure quick callers with and without slow ones, in turn."""
    count = SLOW // 10 if options.quick else SLOW
    with tempfile.TemporaryDirectory() as name:
        home = make_home(Path(name) / "home")
        with serving(start_ours(home.settings)) as server:
            offer(load_of(server, 2.0))
            alone, beside, failed = [], [], 0
            for _ in range(1 if options.quick else ROUNDS):
                quiet = offer(load_of(server, options.seconds))
                crowded = with_slow(server, count, options.seconds)
                alone.append(quiet.latency["p99"])
                beside.append(crowded.latency["p99"])
                failed += crowded.failed + crowded.refused
        home.sessions.close()
    ratio = median(beside) / median(alone)
    return [
        at_most(f"{count} slow sockets: p99 over that without", "ratio", ratio, P99_RATIO),
        at_most(f"{count} slow sockets: others failed or refused", "requests", failed, 0.0),
    ]


def with_slow(server: Server, count: int, seconds: float) -> Report:
    """Measure quick callers beside slow ones, which have a process of their own."""
    spawn = get_context("spawn")
    ended, ready = spawn.Event(), spawn.Event()
    crowd = spawn.Process(target=crawl, args=(server.port, count, ready, ended))
    crowd.start()
    ready.wait()
    try:
        return offer(load_of(server, seconds))
    finally:
        ended.set()
        crowd.join()


def crawl(port: int, count: int, ready: Event, ended: Event) -> None:
    """Send slowly over many connections until told to end."""

    async def send_all() -> None:
        slow = [asyncio.create_task(send_slowly(port, ended)) for _ in range(count)]
        await asyncio.sleep(SETTLE_S)
        ready.set()
        await asyncio.gather(*slow)

    asyncio.run(send_all())


async def send_slowly(port: int, ended: Event) -> None:
    """Send a byte a second, and start anew when the server has had enough."""
    await asyncio.sleep(random.random())
    while not ended.is_set():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for byte in HEAD.encode():
                if ended.is_set() or writer.is_closing():
                    break
                writer.write(bytes((byte,)))
                await asyncio.sleep(1.0)
            writer.transport.abort()


def after_gone(options: argparse.Namespace) -> list[Row]:
    """Let callers go away in two ways; then look at what the server still holds."""
    count = GONE // 20 if options.quick else GONE
    with tempfile.TemporaryDirectory() as name:
        home = make_home(Path(name) / "home")
        with serving(start_ours(home.settings)) as server:
            offer(load_of(server, max(WARM_S, options.seconds)))
            asyncio.run(go_away(server.port, count // 10))
            time.sleep(SETTLE_S)
            before = holdings(server)
            asyncio.run(go_away(server.port, count))
            time.sleep(SETTLE_S)
            after = holdings(server)
            still = offer(load_of(server, 1.0))
        home.sessions.close()
    bars = {"open files": 0.0, "threads": 0.0, "memory, MB": GROWTH_MB}
    rows = [
        at_most(f"{count} disconnects: {key} more", "more", after[key] - before[key], bar)
        for key, bar in bars.items()
    ]
    unanswered = still.sent - still.answered
    return [*rows, at_most("disconnects: unanswered after", "requests", unanswered, 0.0)]


def holdings(server: Server) -> dict[str, float]:
    """Count the open files and threads of a server, and its memory."""
    process = Path(f"/proc/{server.process.pid}")
    return {
        "open files": len(list((process / "fd").iterdir())),
        "threads": len(list((process / "task").iterdir())),
        "memory, MB": server.memory_mb(),
    }


async def go_away(port: int, count: int) -> None:
    """Open connections, send half of a request or all of one, and close without reading."""
    whole = f"{HEAD}Content-Length: {len(BODIES[0])}\r\n\r\n".encode() + BODIES[0]
    for number in range(count):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(whole if number % 2 else whole[: len(whole) // 2])
            await asyncio.sleep(0)
            writer.transport.abort()


def without_database(options: argparse.Namespace) -> list[Row]:
    """Stop PostgreSQL in the middle of a load; count failures and missing records."""
    sys.path.insert(0, str(ROOT))
    from tests.lifecycle.conftest import run_server

    away_s = 3.0 if options.quick else AWAY_S
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not binaries:
        raise SystemExit("There is no PostgreSQL here: install it, or leave out 'database'.")
    with tempfile.TemporaryDirectory() as name, run_server(binaries[-1].parent) as address:
        home = make_home(Path(name) / "home", address)
        with serving(start_ours(home.settings)) as server:
            time.sleep(WARM_S)
            first = count_records(address)
            report = while_away(server, binaries[-1], address, away_s)
            time.sleep(2 * SETTLE_S)
        recorded = count_records(address) - first
        home.sessions.close()
    failed = report.sent - report.answered
    lost = report.answered - recorded
    return [
        at_most(f"database away {away_s:g} s: not answered", "requests", failed, 0.0),
        at_most(f"database away {away_s:g} s: records lost", "records", lost, 0.0),
    ]


def while_away(server: Server, program: Path, address: str, away_s: float) -> Report:
    """Send a load during which the database is stopped, and started again."""
    with create_engine(address).connect() as connection:
        data = str(connection.execute(text("SHOW data_directory")).scalar())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(offer, load_of(server, away_s + 4 * SETTLE_S))
        time.sleep(SETTLE_S)
        control(program, data, "stop", "-m", "immediate")
        time.sleep(away_s)
        control(program, data, "restart", "-l", f"{data}/log-again")
        return waiting.result()


def control(program: Path, data: str, *arguments: str) -> None:
    """Start or stop PostgreSQL, as the user whose data it is."""
    owner = Path(data).owner()
    subprocess.run(
        [str(program), "-D", data, "-w", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=owner,
        cwd="/",
    )


def count_records(address: str) -> int:
    """Count the predictions that were recorded."""
    engine = create_engine(address)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM prediction")).scalar()
    engine.dispose()
    return int(found or 0)


if __name__ == "__main__":
    main()
