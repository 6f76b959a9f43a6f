"""Measure ours against a peer in alternating rounds, and write what came out as rows of JSON."""

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROUNDS = 3
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Row:
    """One line of a comparison; a ratio above 1 means that ours is better.

    peer: None where ours is published by itself; then there is no ratio either.
    """

    line: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    ratio: float | None


def lower_is_better(line: str, unit: str, ours: float, peer: float, peer_name: str) -> Row:
    """Make a row of times, sizes or errors."""
    return Row(line, unit, round(ours, 4), round(peer, 4), peer_name, round(peer / ours, 3))


def higher_is_better(line: str, unit: str, ours: float, peer: float, peer_name: str) -> Row:
    """Make a row of scores or rates."""
    return Row(line, unit, round(ours, 4), round(peer, 4), peer_name, round(ours / peer, 3))


def at_most(line: str, unit: str, ours: float, bar: float) -> Row:
    """Hold a number against what it may be at most; a ratio of 1 or more keeps to it."""
    ratio = round(bar / ours, 3) if ours > 0 else 1.0
    return Row(line, unit, round(ours, 4), bar, "at most", ratio)


def at_least(line: str, unit: str, ours: float, bar: float) -> Row:
    """Hold a number against what it must be at least; a ratio of 1 or more keeps to it."""
    return higher_is_better(line, unit, ours, bar, "at least")


def alternate(
    contestants: Mapping[str, Callable[[], Mapping[str, float]]], rounds: int
) -> dict[str, dict[str, float]]:
    """Run every contestant once a round, in turn; gives the median of each of its numbers."""
    found: dict[str, list[Mapping[str, float]]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            found[name].append(run())
    return {
        name: {key: median(each[key] for each in runs) for key in runs[0]}
        for name, runs in found.items()
    }


def processor_times() -> tuple[int, int]:
    """Stolen and total processor time since boot, in ticks; zeros where there is no such file."""
    path = Path("/proc/stat")
    if not path.exists():
        return 0, 0
    ticks = [int(each) for each in path.read_text(encoding="ascii").split("\n")[0].split()[1:9]]
    return ticks[7], sum(ticks)


def stolen_share(before: tuple[int, int]) -> float:
    """Share of processor time that other guests of the machine took since ``before``."""
    stolen, total = processor_times()
    return round((stolen - before[0]) / max(1, total - before[1]), 4)


def read_options(purpose: str) -> argparse.Namespace:
    """Read the options every comparison has: ``--json FILE`` and ``--quick``."""
    return make_parser(purpose).parse_args()


def make_parser(purpose: str) -> argparse.ArgumentParser:
    """Make a parser of these options, for a comparison that has more."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--quick", action="store_true", help="one round, and the small sets only")
    return parser


def write_report(
    path: Path | None, rows: Sequence[Row], before: tuple[int, int], extra: Mapping[str, Any]
) -> None:
    """Print the rows and write them with commit and machine.

    before: ``processor_times`` at the start.
    """
    for row in rows:
        peer, ratio = (show(each) for each in (row.peer, row.ratio))
        print(f"{row.line:<44} {row.ours:>10} {peer:>10} {ratio:>8}  {row.peer_name}")
    report = {
        "commit": commit(),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()},
        "python": platform.python_version(),
        "stolen_share": stolen_share(before),
        **extra,
        "rows": [asdict(row) for row in rows],
    }
    print(f"stolen processor time: {report['stolen_share']:.1%}")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def show(cell: float | str | None) -> str:
    """Give a cell of a row as text; nothing for what there is not."""
    return "" if cell is None else str(cell)


def commit() -> str:
    """Give the commit measured, with ``+`` when files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def processor() -> str:
    """Give the processor's name as the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
