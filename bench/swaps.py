"""Hot swaps: 100 promotions at 70 % of the peak load; none dropped, none mixed.

    python bench/swaps.py [--json FILE] [--quick] [--swaps N] [--pause S]

Every version has the same network and its labels one place further, so an answer's label shows
which version's network and labels made it, whatever version it names. A version is live from its
promotion until the server has seen the next one.
"""

import argparse
import json
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from generator import Job, generate, offer
from household import (
    CLASSES,
    MODEL,
    PREDICT,
    Home,
    Server,
    make_body,
    make_home,
    make_network,
    read_texts,
    serving,
    start_ours,
)
from rounds import at_least, at_most, make_parser, processor_times, write_report
from serving import LABEL, find_labels
from textwright.runtime.artifact import seal
from textwright.serving.load import Load, Outcome

PEAK_SHARE = 0.7
SEEN_S = 3.0  # in which the server has looked, loaded and swapped; and answered what it had
VERSION = re.compile(r'"version":\s*(\d+)')


def main() -> None:
    """Measure, and write the rows."""
    options = read_options()
    before = processor_times()
    texts = read_texts()
    with tempfile.TemporaryDirectory() as name:
        home = make_home(Path(name) / "home")
        labels = find_labels(Path(name) / "home" / "built-7", texts)
        register_more(home, Path(name), options.swaps)
        with serving(start_ours(home.settings)) as server:
            promoted, outcomes, rate = run_swaps(home, server, texts, options)
        home.sessions.close()
    found = [read_answer(each) for each in outcomes]
    numbers = [int(label.partition("-")[2]) for label in labels.values()]
    mixed = sum(each.mixed(numbers) for each in found)
    stale = sum(not each.was_live(promoted) for each in found)
    dropped = sum(each.status != 200 for each in found)
    rows = [
        at_most("dropped", "requests", dropped, 0.0),
        at_most("mixed", "answers", mixed, 0.0),
        at_most("by a version not live", "answers", stale, 0.0),
        at_least("versions that answered", "versions", len({each.version for each in found}), 2),
    ]
    extra = {"rate": rate, "swaps": options.swaps, "requests": len(found)}
    write_report(options.json, rows, before, extra)


def read_options() -> argparse.Namespace:
    """Read the options."""
    parser = make_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--swaps", type=int, help="promotions; 100, with --quick 4")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two of them")
    options = parser.parse_args()
    options.swaps = options.swaps or (4 if options.quick else 100)
    return options


def register_more(home: Home, folder: Path, count: int) -> None:
    """Register versions with the first one's network, their labels moved by one place each."""
    first = folder / "first"
    make_network(first)
    for number in range(1, count + 1):
        moved = folder / f"moved-{number}"
        shutil.copytree(first, moved)
        path = moved / "labels.json"
        table = json.loads(path.read_text(encoding="utf-8"))
        table["names"] = [f"class-{(each + number) % CLASSES}" for each in range(CLASSES)]
        path.write_text(json.dumps(table), encoding="utf-8")
        (moved / "manifest.json").unlink()
        seal(moved)
        assert home.register(moved) == f"{MODEL}@{number + 1}"
        shutil.rmtree(moved)


def run_swaps(
    home: Home, server: Server, texts: Sequence[str], options: argparse.Namespace
) -> tuple[dict[int, float], list[Outcome], float]:
    """Promote version after version under load; gives when each was, what came, and the rate."""
    bodies = [make_body(text) for text in texts]
    seconds = 2.0 if options.quick else 10.0
    job = Job(server.port, PREDICT, [each.decode() for each in bodies], 32, seconds)
    rate = PEAK_SHARE * generate(job)["rate"]
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(1) as pool:
        length = (options.swaps + 1) * (options.pause + 0.05) + SEEN_S
        load = Load("127.0.0.1", server.port, PREDICT, bodies, rate, length)
        began = time.perf_counter()
        waiting = pool.submit(offer, load, outcomes.append)
        promoted = {1: 0.0}
        for version in range(2, options.swaps + 2):
            time.sleep(options.pause)
            promoted[version] = time.perf_counter() - began
            home.promote(f"{MODEL}@{version}")
        waiting.result()
    return promoted, sorted(outcomes, key=lambda each: each.at_s), rate


@dataclass(frozen=True)
class Read:
    """What one request got; the place of its text, and when it was answered."""

    number: int
    at_s: float
    status: int
    version: int
    label: int

    def mixed(self, labels: Sequence[int]) -> bool:
        """Whether another version's labels made it than the one it names."""
        expected = (labels[self.number % len(labels)] + self.version - 1) % CLASSES
        return self.status == 200 and self.label != expected

    def was_live(self, promoted: dict[int, float]) -> bool:
        """Whether its version was in production when it was given, or just before."""
        end = promoted.get(self.version + 1, float("inf")) + SEEN_S
        return self.status != 200 or promoted[self.version] <= self.at_s <= end


def read_answer(outcome: Outcome) -> Read:
    """Read what a request got."""
    body = outcome.body.decode()
    version, label = VERSION.search(body), LABEL.search(body)
    return Read(
        outcome.number,
        outcome.at_s + outcome.seconds,
        outcome.status,
        int(version[1]) if version else 0,
        int(label[0].partition("-")[2]) if label else -1,
    )


if __name__ == "__main__":
    main()
