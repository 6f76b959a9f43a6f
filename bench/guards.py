"""Measure the guards: false rollbacks of an equal candidate, and how soon a worse one is caught.

    python bench/guards.py --json bench/results/guards.json     (--quick: fewer rollouts)

Each rate stands with its exact 95 % binomial interval. Callers are heavy-tailed, traffic swings,
the share grows from 1 % to 10 % to 50 %, and every guard is looked at every minute.
"""

import json
import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from rounds import read_options

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.lifecycle.callers import Callers, simulate  # noqa: E402

from textwright.lifecycle.detection import Defect, first_proofs, requests_to_detection  # noqa: E402
from textwright.machine import describe_machine  # noqa: E402
from textwright.recipe.rollout import RolloutSettings  # noqa: E402

SEED = 11
MINUTES = 360
POPULATIONS = (
    ("callers alike, 1 %", Callers(0.01, 0.01)),
    ("callers alike, 5 %", Callers(0.05, 0.05)),
    ("callers differ for good, window 1 minute", Callers(0.01, 0.01, spread=0.03)),
    ("callers differ for good, window 10 minutes", Callers(0.01, 0.01, spread=0.03, window=10)),
    ("callers differ for good, window 60 minutes", Callers(0.01, 0.01, spread=0.03, window=60)),
    ("callers differ for good, one window", Callers(0.01, 0.01, spread=0.03, window=10_000)),
    ("every request counts (not offered)", Callers(0.01, 0.01, window=0)),
)
DEFECTS = (
    Defect("errors", 0.01, 0.02),
    Defect("errors", 0.01, 0.05),
    Defect("slow", 0.01, 0.03),
    Defect("wrong", 0.1, 0.15),
    Defect("disagreement", 0.1, 0.2),
)


def false_rollbacks(rollouts: int) -> list[dict[str, Any]]:
    """Rate at which an equal candidate is rolled back by one guard that has all of alpha."""
    rows = []
    for name, callers in POPULATIONS:
        for alpha in (0.01, 0.05):
            for tolerance in (0.0, RolloutSettings().error_tolerance):
                settings = replace(
                    RolloutSettings(), alpha=alpha, error_tolerance=tolerance, guards=("errors",)
                )
                blocks = simulate(callers, rollouts=rollouts, minutes=MINUTES, seed=SEED)
                caught = int((first_proofs("errors", settings, blocks) >= 0).sum())
                low, high = interval(caught, rollouts)
                rows.append(
                    {"callers": name, "alpha": alpha, "tolerance": tolerance, "rollouts": rollouts,
                     "rolled_back": caught, "rate": caught / rollouts, "low": low, "high": high}
                )  # fmt: skip
                print(rows[-1], flush=True)
    return rows


def whole_rollouts(rollouts: int) -> list[dict[str, Any]]:
    """Rate at which any of all guards rolls an equal candidate back, alpha split over them.

    Each guard near the edge of its null and on its own traffic: as many chances as can be. The
    traffic swings by half around its mean, so disagreement's mean is that much below its budget.
    """
    rows = []
    shares = {"errors": 0.01, "slow": 0.03, "wrong": 0.1, "disagreement": 0.1 / 1.5}
    for alpha in (0.01, 0.05):
        settings = replace(
            RolloutSettings(), alpha=alpha, error_tolerance=0.0, slow_tolerance=0.0,
            wrong_tolerance=0.0,
        )  # fmt: skip
        ended = np.zeros(rollouts, dtype=bool)
        for seed, (guard, share) in enumerate(shares.items()):
            callers = Callers(share, share)
            blocks = simulate(callers, rollouts=rollouts, minutes=MINUTES, seed=SEED + seed)
            ended |= first_proofs(guard, settings, blocks) >= 0
        caught = int(ended.sum())
        low, high = interval(caught, rollouts)
        rows.append(
            {"alpha": alpha, "rollouts": rollouts, "rolled_back": caught,
             "rate": caught / rollouts, "low": low, "high": high}
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def interval(found: int, number: int) -> tuple[float, float]:
    """Exact 95 % interval of a rate (Clopper and Pearson 1934)."""
    low = 0.0 if found == 0 else float(beta.ppf(0.025, found, number - found + 1))
    high = 1.0 if found == number else float(beta.ppf(0.975, found + 1, number - found))
    return round(low, 5), round(high, 5)


def detections(rollouts: int) -> list[dict[str, Any]]:
    """Power and median requests to detection with the default policy, by defect and share."""
    rows = []
    for defect in DEFECTS:
        for share in (0.01, 0.1, 0.5):
            found = requests_to_detection(
                RolloutSettings(), defect, share=share, rollouts=rollouts, seed=SEED
            )
            rows.append(
                {**vars(defect), "share": share, "rollouts": rollouts, "power": found.caught,
                 "median_requests": found.requests, "touched": found.touched}
            )  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def rows_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of the benchmark page: what was measured, beside what is promised."""
    rows: list[dict[str, Any]] = []
    for each in report["whole_rollouts"]:
        line = f"false rollbacks, all guards together, alpha {each['alpha']}"
        rows.append(beside_alpha(line, each))
    for each in report["false_rollbacks"]:
        line = f"false rollbacks, errors alone, {each['callers']}, tolerance {each['tolerance']}"
        rows.append(beside_alpha(line, each))
    for each in report["detection"]:
        change = f"{each['guard']} {each['before']:.0%} to {each['after']:.0%}"
        line = f"{change} at a share of {each['share']:.0%}: requests until caught, median"
        rows.append(
            {"line": line, "unit": "requests", "ours": each["median_requests"],
             "peer": f"caught in {each['power']:.0%}", "peer_name": "", "ratio": ""}
        )  # fmt: skip
    return rows


def beside_alpha(line: str, found: dict[str, Any]) -> dict[str, Any]:
    """Give the row of a rate that alpha bounds, with its interval."""
    interval = f"{found['low']} to {found['high']}"
    return {
        "line": f"{line} (95 % interval {interval})",
        "unit": "share",
        "ours": found["rate"],
        "peer": found["alpha"],
        "peer_name": "alpha",
        "ratio": round(found["alpha"] / found["rate"], 2) if found["rate"] else "",
    }


def main(options: Namespace) -> None:
    """Measure, print, and write where ``--json`` says."""
    rollouts = 100 if options.quick else 1000
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    report = {
        "command": "python bench/guards.py" + (" --quick" if options.quick else ""),
        "commit": commit,
        "seed": SEED,
        "machine": describe_machine(),
        "numpy": np.__version__,
        "minutes": MINUTES,
        "detection": detections(rollouts),
        "whole_rollouts": whole_rollouts(rollouts),
        "false_rollbacks": false_rollbacks(rollouts),
    }
    report["rows"] = rows_of(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(read_options(__doc__ or ""))
