"""Overload: 2, 5 and 10 times what a slowed network can answer, open loop, objective 250 ms.

    python bench/overload.py [--json FILE] [--quick] [--seconds S]

Requests leave at a constant rate whether answered or not; each is timed from when it was due. Good
is an answer within the objective; the peak is the most of them that a smaller load got.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from pathlib import Path

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
from rounds import ROOT, Row, at_least, at_most, make_parser, processor_times, write_report
from slow_server import OBJECTIVE_S
from textwright.serving.load import Load, Outcome

RATE = 200.0  # texts a second that the slowed network answers
FACTORS = (2, 5, 10)
BELOW = (0.7, 0.8, 0.9, 1.0)  # shares of the rate among which the peak is found
REFUSAL_MS = 50.0
MEMORY_MB = 10.0  # an overload may cost this much, for its connections


def main() -> None:
    """Measure, and write the rows."""
    options = read_options()
    before = processor_times()
    with tempfile.TemporaryDirectory() as name:
        home = make_home(Path(name) / "home")
        program = (sys.executable, str(ROOT / "bench" / "slow_server.py"))
        start = start_ours(home.settings, program=program)
        environment = {**start.environment, "SLOW_RATE": str(RATE)}
        with serving(dataclasses.replace(start, environment=environment)) as server:
            figures = measure(server, options.seconds)
        home.sessions.close()
    rows = [row for factor in FACTORS for row in compare(factor, figures)]
    write_report(options.json, rows, before, {"seconds": options.seconds, "figures": figures})


def read_options() -> argparse.Namespace:
    """Read the options."""
    parser = make_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, help="of each load; 30, with --quick 3")
    options = parser.parse_args()
    options.seconds = options.seconds or (3.0 if options.quick else 30.0)
    return options


def measure(server: Server, seconds: float) -> dict[str, dict[str, float]]:
    """Send all loads, small ones first; gives what each got, by its factor."""
    put_load(server, RATE / 2, min(seconds, 5.0))  # warm: the server learns how fast it is
    figures = {}
    for factor in (*BELOW, *FACTORS):
        figures[str(factor)] = put_load(server, factor * RATE, seconds)
        print(factor, figures[str(factor)], file=sys.stderr)
        time.sleep(1.0)
    figures["peak"] = {"goodput": max(figures[str(each)]["goodput"] for each in BELOW)}
    return figures


def put_load(server: Server, rate: float, seconds: float) -> dict[str, float]:
    """Send one load; gives its figures."""
    good, retry_s = [0], [0.0]

    def look(outcome: Outcome) -> None:
        good[0] += outcome.status == 200 and outcome.seconds <= OBJECTIVE_S
        retry_s.append(float(outcome.headers.get("retry-after", 0)))

    before = server.memory_mb()
    bodies = [make_body(text) for text in read_texts()]
    report = offer(Load("127.0.0.1", server.port, PREDICT, bodies, rate, seconds), look)
    return {
        "goodput": good[0] / report.seconds,
        "answered": report.answered,
        "refused": report.refused,
        "failed": report.failed,
        "admitted_p99_ms": report.latency.get("p99", 0.0),
        "refused_p99_ms": report.refusal.get("p99", 0.0),
        "late_p99_ms": report.late["p99"],
        "retry_after_s": max(retry_s),
        "grown_mb": server.memory_mb() - before,
    }


def compare(factor: int, figures: dict[str, dict[str, float]]) -> list[Row]:
    """Hold one overload against what it must keep."""
    found, peak = figures[str(factor)], figures["peak"]["goodput"]
    admitted = found["admitted_p99_ms"]
    return [
        at_most(f"{factor}x: admitted p99", "ms", admitted, OBJECTIVE_S * 1000),
        at_most(f"{factor}x: refused p99", "ms", found["refused_p99_ms"], REFUSAL_MS),
        at_least(f"{factor}x: goodput over peak", "share", found["goodput"] / peak, 0.9),
        at_most(f"{factor}x: memory grown", "MB", found["grown_mb"], MEMORY_MB),
        at_most(f"{factor}x: failed", "requests", found["failed"], 0.0),
    ]


if __name__ == "__main__":
    main()
