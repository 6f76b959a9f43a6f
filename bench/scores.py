"""Scores of the example recipes on the test splits, through the whole product.

The mean of three seeds. Each recipe is trained by ``textwright train`` in a home of its own.
What was tuned, and on which rows of dev or train, stands at the top of each recipe.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from rounds import ROOT, Row, higher_is_better, lower_is_better, processor_times, write_report

SEEDS = (7, 8, 9)
IN_SCOPE = ("data.out_of_scope=''", 'data.exclude={label=["oos"]}', "abstention.rule=none")


@dataclass(frozen=True)
class Bar:
    """A recipe, the score it must reach on its test split, and the seconds it may take."""

    line: str
    recipe: str
    metric: str
    least: float
    most_s: float | None
    overrides: tuple[str, ...] = ()


BARS = (
    Bar("clinc150 in scope, bag", "clinc150/bag", "accuracy", 0.92, 20, IN_SCOPE),
    Bar("clinc150 in scope, bilstm", "clinc150/bilstm", "accuracy", 0.90, 300, IN_SCOPE),
    Bar("clinc150 all rows, bag", "clinc150/bag", "out_of_scope_auroc", 0.91, None),
    Bar("clinc150 all rows, bilstm", "clinc150/bilstm", "out_of_scope_auroc", 0.91, None),
    Bar("imdb, bag", "imdb/bag", "accuracy", 0.905, 40),
    Bar("20newsgroups, bag", "20newsgroups/bag", "accuracy", 0.825, 30),
    Bar("sst2, bag", "sst2/bag", "accuracy", 0.82, 10),
    Bar("sst2, bilstm", "sst2/bilstm", "accuracy", 0.80, 300),
    Bar("chnsenticorp, bag", "chnsenticorp/bag", "accuracy", 0.92, 20),
    Bar("chnsenticorp, bilstm", "chnsenticorp/bilstm", "accuracy", 0.88, 480),
    Bar("thucnews_titles, bag", "thucnews_titles/bag", "accuracy", 0.88, 20),
)


def train(bar: Bar, seed: int) -> dict[str, Any]:
    """Train one recipe with one seed, in a home of its own, and read what the command prints."""
    overrides = [*bar.overrides, f"training.seed={seed}"]
    command = [sys.executable, "-m", "textwright.cli.main", "train"]
    command += [str(ROOT / "examples" / f"{bar.recipe}.toml"), "--json"]
    for each in overrides:
        command += ["--set", each]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{bar.line}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(bar: Bar, seeds: Sequence[int]) -> tuple[list[Row], dict[str, Any]]:
    """Train a recipe with every seed; gives its rows, and what each run found."""
    runs = [train(bar, seed) for seed in seeds]
    scores = [run["metrics"][bar.metric] for run in runs]
    seconds = [run["seconds"] for run in runs]
    rows = [higher_is_better(f"{bar.line}: {bar.metric}", "", mean(scores), bar.least, "bar")]
    if bar.most_s is not None:
        rows.append(lower_is_better(f"{bar.line}: seconds", "s", max(seconds), bar.most_s, "bar"))
    clean = [run["without_leaks"].get(bar.metric) for run in runs]
    kept = {"seeds": list(seeds), "scores": scores, "seconds": seconds, "without_leaks": clean}
    kept["baseline"] = [run["baseline"].get("accuracy") for run in runs]
    kept["leaked_rows"] = runs[0]["leaked_rows"]
    print(bar.line, json.dumps(kept), flush=True)
    return rows, kept


def main() -> None:
    """Measure every recipe, or those whose line contains ``--only``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--quick", action="store_true", help="one seed")
    parser.add_argument("--only", default="", help="only lines that contain this")
    options = parser.parse_args()
    before = processor_times()
    rows: list[Row] = []
    runs: dict[str, Any] = {}
    for bar in BARS:
        if options.only in bar.line:
            found, runs[bar.line] = measure(bar, SEEDS[:1] if options.quick else SEEDS)
            rows += found
    write_report(options.json, rows, before, {"runs": runs})


if __name__ == "__main__":
    main()
