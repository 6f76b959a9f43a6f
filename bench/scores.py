"""Scores of the example recipes on the test splits, through the whole product.

The mean of three seeds, where anything is drawn at random. Each recipe is trained by
``textwright train`` in a home of its own. What was tuned, and on which rows of dev or train,
stands at the top of each recipe.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from rounds import ROOT, Row, higher_is_better, lower_is_better, processor_times, write_report

SEEDS = (7, 8, 9)
CLUSTERS = "stackoverflow_titles, minilm and k-means"
TITLES = ROOT.parent / "shared" / "data" / "stackoverflow_titles" / "all.jsonl.gz"
TUNED = "clinc150/minilm_tuned"
ALL_ROWS = {"out_of_scope_auroc": 0.95, "overall_accuracy": 0.89, "out_of_scope_recall": 0.75}
IN_SCOPE = ("data.out_of_scope=''", 'data.exclude={label=["oos"]}', "abstention.rule=none")


@dataclass(frozen=True)
class Bar:
    """A recipe, the scores it must reach on its test split, and the seconds it may take.

    seeds:   1 where nothing is drawn at random.
    """

    line: str
    recipe: str
    least: Mapping[str, float]
    most_s: float | None
    overrides: tuple[str, ...] = ()
    seeds: int = len(SEEDS)


BARS = (
    Bar("clinc150 in scope, bag", "clinc150/bag", {"accuracy": 0.92}, 20, IN_SCOPE),
    Bar("clinc150 in scope, bilstm", "clinc150/bilstm", {"accuracy": 0.90}, 300, IN_SCOPE),
    Bar("clinc150 all rows, bag", "clinc150/bag", {"out_of_scope_auroc": 0.91}, None),
    Bar("clinc150 all rows, bilstm", "clinc150/bilstm", {"out_of_scope_auroc": 0.91}, None),
    Bar("imdb, bag", "imdb/bag", {"accuracy": 0.905}, 40),
    Bar("20newsgroups, bag", "20newsgroups/bag", {"accuracy": 0.825}, 30),
    Bar("sst2, bag", "sst2/bag", {"accuracy": 0.82}, 10),
    Bar("sst2, bilstm", "sst2/bilstm", {"accuracy": 0.80}, 300),
    Bar("chnsenticorp, bag", "chnsenticorp/bag", {"accuracy": 0.92}, 20),
    Bar("chnsenticorp, bilstm", "chnsenticorp/bilstm", {"accuracy": 0.88}, 480),
    Bar("thucnews_titles, bag", "thucnews_titles/bag", {"accuracy": 0.88}, 20),
    Bar("clinc150 in scope, minilm", "clinc150/minilm", {"accuracy": 0.95}, 120, IN_SCOPE),
    Bar("clinc150 in scope, tuned minilm", TUNED, {"accuracy": 0.955}, 900, IN_SCOPE),
    Bar("clinc150 all rows, minilm", "clinc150/minilm", ALL_ROWS, None),
    Bar("clinc150 all rows, tuned minilm", TUNED, ALL_ROWS, None),
    Bar("sst2, minilm", "sst2/minilm", {"accuracy": 0.875}, 600),
    Bar("stsb, minilm as it is", "stsb/minilm_zero", {"spearman": 0.82}, None, seeds=1),
    Bar("stsb, minilm", "stsb/minilm", {"spearman": 0.83}, 1200),
    Bar("msrp, minilm reads both", "msrp/cross", {"accuracy": 0.77}, 900),
    Bar("stsb_zh, own vectors", "stsb_zh/vectors", {"spearman": 0.7}, None),
)


def run(arguments: Sequence[str], home: str) -> dict[str, Any]:
    """Run a command of textwright in a folder, and read what it prints."""
    command = [sys.executable, "-m", "textwright.cli.main", *arguments, "--json"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def train(bar: Bar, seed: int) -> dict[str, Any]:
    """Train one recipe with one seed, in a home of its own, and read what the command prints."""
    changes = [f"--set={each}" for each in (*bar.overrides, f"training.seed={seed}")]
    with tempfile.TemporaryDirectory() as home:
        return run(["train", str(ROOT / "examples" / f"{bar.recipe}.toml"), *changes], home)


def measure(bar: Bar, seeds: Sequence[int]) -> tuple[list[Row], dict[str, Any]]:
    """Train a recipe with every seed; gives its rows, and what each run found."""
    runs = [train(bar, seed) for seed in seeds]
    scores = {name: [run["metrics"][name] for run in runs] for name in bar.least}
    seconds = [run["seconds"] for run in runs]
    rows = [
        higher_is_better(f"{bar.line}: {name}", "", mean(scores[name]), least, "bar")
        for name, least in bar.least.items()
    ]
    if bar.most_s is not None:
        rows.append(lower_is_better(f"{bar.line}: seconds", "s", max(seconds), bar.most_s, "bar"))
    clean = {name: [run["without_leaks"].get(name) for run in runs] for name in bar.least}
    kept = {"seeds": list(seeds), "scores": scores, "seconds": seconds, "without_leaks": clean}
    kept["baseline"] = [run["baseline"].get("accuracy") for run in runs]
    kept["leaked_rows"] = runs[0]["leaked_rows"]
    print(bar.line, json.dumps(kept), flush=True)
    return rows, kept


def measure_clusters(seeds: Sequence[int]) -> tuple[list[Row], dict[str, Any]]:
    """Group the titles of stackoverflow by MiniLM's vectors as they are, with every seed."""
    with tempfile.TemporaryDirectory() as home:
        recipe = ROOT / "examples" / "stsb" / "minilm_zero.toml"
        model = run(["train", str(recipe), "--no-register"], home)["folder"]
        wish = [str(TITLES), "--model", model, "--label", "label", "--k", "20"]
        found = [run(["cluster", *wish, "--seed", str(seed)], home)["agreement"] for seed in seeds]
    nmi = mean(each["nmi"] for each in found)
    return [higher_is_better(f"{CLUSTERS}: nmi", "", nmi, 0.69, "bar")], {"agreement": found}


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
            seeds = SEEDS[: 1 if options.quick else bar.seeds]
            found, runs[bar.line] = measure(bar, seeds)
            rows += found
    if options.only in CLUSTERS:
        found, runs[CLUSTERS] = measure_clusters(SEEDS[:1] if options.quick else SEEDS)
        rows += found
    only = f' --only "{options.only}"' if options.only else ""
    command = f"python bench/scores.py{only}" + (" --quick" if options.quick else "")
    write_report(options.json, rows, before, {"command": command, "runs": runs})


if __name__ == "__main__":
    main()
