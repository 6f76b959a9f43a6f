"""How often the paired gate lets a worse model through, and how often it cannot tell, by rows.

Simulated comparisons: of each, every row is won, lost or the same by chance. Writes
``bench/results/gates.json``: for each test size, the share of comparisons that passed, failed or
stayed unknown, with its exact 95 % interval; at a true loss of the margin, and for equal models.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from textwright.binomial import share_interval
from textwright.machine import describe_machine
from textwright.metrics import Ints
from textwright.paired import Counts, p_value, resampled_difference
from textwright.tasks.row_scores import Told, macro_f1
from textwright.tasks.scores import Rows
from textwright.text.labels import Labels

RESULTS = Path(__file__).parent / "results" / "gates.json"
ALPHA = 0.05
SIZES = (100, 200, 500, 1_000, 2_000)
LABELS = Labels(("a", "b", "c"))


@dataclass(frozen=True)
class Case:
    """Models that differ on so large a share of rows, and what the gate allows."""

    rows: int
    differ: float
    margin: float


@cache
def verdict(counts: Counts, margin: float) -> str:
    """Say what the gate ``not_worse_than`` says of accuracy."""
    if p_value(counts, -margin) <= ALPHA:
        return "pass"
    return "fail" if p_value(counts.swapped, margin) <= ALPHA else "unknown"


def simulate(case: Case, difference: float, comparisons: int, seed: int) -> Counter[str]:
    """Count the verdicts over simulated comparisons of models that truly differ by so much."""
    chance = np.random.default_rng(seed)
    shares = ((case.differ + difference) / 2, (case.differ - difference) / 2, 1 - case.differ)
    drawn = chance.multinomial(case.rows, shares, size=comparisons)
    samples = (Counts(int(won), int(lost), case.rows) for won, lost, _ in drawn)
    return Counter(verdict(each, case.margin) for each in samples)


def simulate_macro_f1(rows: int, margin: float, comparisons: int, seed: int) -> Counter[str]:
    """Count the verdicts on macro-F1 at a true loss of the margin, by the bootstrap.

    Three equal classes; the models answer wrongly at random, so that a share of wrong rows costs
    as much macro-F1.
    """
    chance = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    for _ in range(comparisons):
        gold = chance.integers(0, 3, rows)
        told = [make_told(gold, chance, wrong) for wrong in (0.1 + margin, 0.1)]

        def difference(places: Ints, pair: list[Told] = told) -> float:
            return macro_f1(pair[0], places) - macro_f1(pair[1], places)

        spread = resampled_difference(difference, rows, seed=int(chance.integers(1 << 31)))
        assert spread is not None
        outcome = "pass" if spread.low[ALPHA] > -margin else "unknown"
        found["fail" if spread.high[ALPHA] < -margin else outcome] += 1
    return found


def make_told(gold: Ints, chance: np.random.Generator, wrong: float) -> Told:
    """Answer rows, each wrongly with a chance."""
    missed = chance.random(len(gold)) < wrong
    answered = np.where(missed, (gold + chance.integers(1, 3, len(gold))) % 3, gold)
    truth = [(LABELS.names[each],) for each in gold]
    return Told(Rows(np.eye(3)[answered], truth, []), LABELS, LABELS.names)


def tell(found: Counter[str], outcome: str) -> dict[str, Any]:
    """Give the share of an outcome with its exact interval."""
    total = sum(found.values())
    low, high = share_interval(found[outcome], total, error=0.05)
    return {"share": found[outcome] / total, "low": round(low, 5), "high": round(high, 5)}


def measure(comparisons: int, bootstraps: int) -> list[dict[str, Any]]:
    """Simulate every case; one row each."""
    table = []
    for seed, case in enumerate(
        Case(rows, differ, margin)
        for rows in SIZES
        for differ, margin in ((0.05, 0.01), (0.1, 0.02))
    ):
        worse = simulate(case, -case.margin, comparisons, seed)
        equal = simulate(case, 0.0, comparisons, 1_000 + seed)
        row = {"metric": "accuracy", **vars(case), "comparisons": comparisons}
        row |= {"false_pass": tell(worse, "pass"), "unknown_equal": tell(equal, "unknown")}
        row |= {"pass_equal": tell(equal, "pass"), "false_fail": tell(worse, "fail")}
        table.append(row)
        print(json.dumps(row), file=sys.stderr)
    for rows in (300, 1_000) if bootstraps else ():
        worse = simulate_macro_f1(rows, 0.03, bootstraps, rows)
        row = {"metric": "macro_f1", "rows": rows, "margin": 0.03, "comparisons": bootstraps}
        table.append({**row, "false_pass": tell(worse, "pass"), "false_fail": tell(worse, "fail")})
        print(json.dumps(table[-1]), file=sys.stderr)
    return table


def rows_of(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the rows of the benchmark page: false passes beside alpha, and what stays unknown."""
    found = []
    for case in cases:
        what = f"{case['metric']}, {case['rows']:,} rows, margin {case['margin']:g}"
        share = case["false_pass"]["share"]
        ratio = round(ALPHA / share, 2) if share else ""
        row = {"line": f"false passes: {what}", "unit": "share", "ours": share, "peer": ALPHA}
        found.append({**row, "peer_name": "alpha, the most allowed", "ratio": ratio})
        if "unknown_equal" in case:
            row = {"line": f"unknown for equal models: {what}", "unit": "share"}
            row |= {
                "ours": case["unknown_equal"]["share"],
                "peer": "",
                "peer_name": "",
                "ratio": "",
            }
            found.append(row)
    return found


def main() -> None:
    """Run all, and write the results with where they come from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=RESULTS)
    parser.add_argument("--quick", action="store_true", help="few comparisons, no bootstrap")
    parser.add_argument("--comparisons", type=int, default=2_000)
    parser.add_argument("--bootstraps", type=int, default=200, help="comparisons of macro-F1")
    arguments = parser.parse_args()
    few = (100, 0) if arguments.quick else (arguments.comparisons, arguments.bootstraps)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    cases = measure(*few)
    found = {
        "command": f"python bench/gates.py --comparisons {few[0]} --bootstraps {few[1]}",
        "commit": commit.stdout.strip(),
        "alpha": ALPHA,
        "machine": describe_machine(),
        "python": platform.python_version(),
        "cases": cases,
        "rows": rows_of(cases),
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
