"""A soak: half of the peak load for ten minutes; resident memory must stay where it is.

python bench/soak.py [--json FILE] [--quick] [--seconds S]
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from generator import Job, generate, offer
from household import PREDICT, make_body, make_home, read_texts, serving, start_ours
from rounds import at_most, make_parser, processor_times, write_report
from textwright.serving.load import Load

GROWTH_MB = 2.0


def main() -> None:
    """Measure, and write the rows."""
    parser = make_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, help="of the load; 600, with --quick 5")
    options = parser.parse_args()
    seconds = options.seconds or (5.0 if options.quick else 600.0)
    before = processor_times()
    bodies = [make_body(text) for text in read_texts()]
    with tempfile.TemporaryDirectory() as name:
        home = make_home(Path(name) / "home")
        with serving(start_ours(home.settings)) as server, ThreadPoolExecutor(1) as pool:
            texts = [each.decode() for each in bodies]
            job = Job(server.port, PREDICT, texts, 32, min(10.0, seconds))
            rate = generate(job)["rate"] / 2
            load = Load("127.0.0.1", server.port, PREDICT, bodies, rate, seconds)
            waiting = pool.submit(offer, load)
            memory = []
            while not waiting.done():
                memory.append(server.memory_mb())
                time.sleep(min(1.0, seconds / 20))
            report = waiting.result()
        home.sessions.close()
    half = len(memory) // 2
    rows = [
        at_most("memory: last half over end of first", "MB", growth(memory), GROWTH_MB),
        at_most("failed or refused", "requests", report.failed + report.refused, 0.0),
    ]
    extra = {
        "rate": rate,
        "seconds": seconds,
        "memory_mb": {"start": memory[0], "half": memory[half - 1], "end": memory[-1]},
        "latency_ms": report.latency,
    }
    write_report(options.json, rows, before, extra)


def growth(memory: list[float]) -> float:
    """Give by how much the last half goes beyond the end of the first, at its highest."""
    half = len(memory) // 2
    return max(memory[half:]) - memory[half - 1]


if __name__ == "__main__":
    main()
