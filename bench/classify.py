"""Text classification: our n-gram linear model against scikit-learn and fastText.

From texts in memory to weights, features included, on two threads. Data and settings of ours are
those of ``examples/*/bag.toml``, trained on all training rows (a dev set cut from them goes back
in). The peers' settings were chosen on the same dev rows (``PEER_SETTINGS``).
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from environments import open_environment, run_contestant, run_with
from rounds import (
    ROOT,
    ROUNDS,
    Row,
    alternate,
    higher_is_better,
    lower_is_better,
    processor_times,
    read_options,
    write_report,
)
from textwright.recipe.file import read_recipe
from textwright.text.examples import Dataset
from textwright.text.readers import read_dataset

CONTESTANTS = ROOT / "bench" / "contestants"
THREADS = 2
SETS = {
    "clinc150": ("data.out_of_scope=''", 'data.exclude={label=["oos"]}'),
    "imdb": (),
    "20newsgroups": (),
    "chnsenticorp": (),
}
QUICK = ("clinc150", "chnsenticorp")
WORD_PAIRS = {"ngram_range": [1, 2]}
IN_WORDS = {"analyzer": "char_wb", "ngram_range": [2, 5]}
PEER_SETTINGS: dict[str, dict[str, Any]] = {
    "clinc150": {
        "sklearn": [WORD_PAIRS, IN_WORDS],
        "fasttext": {
            "marks": True,
            "dim": 50,
            "lr": 1.0,
            "epoch": 25,
            "wordNgrams": 2,
            "minn": 3,
            "maxn": 5,
            "bucket": 200_000,
        },
    },
    "imdb": {
        "sklearn": [WORD_PAIRS],
        "fasttext": {
            "marks": False,
            "dim": 10,
            "lr": 0.5,
            "epoch": 5,
            "wordNgrams": 2,
            "bucket": 1_000_000,
        },
    },
    "20newsgroups": {
        "sklearn": [WORD_PAIRS],
        "fasttext": {"marks": False, "dim": 20, "lr": 0.5, "epoch": 25, "wordNgrams": 1},
    },
    "chnsenticorp": {
        "sklearn": [{"analyzer": "char", "ngram_range": [1, 3]}],
        "fasttext": {
            "marks": True,
            "dim": 10,
            "lr": 0.5,
            "epoch": 10,
            "wordNgrams": 3,
            "bucket": 1_000_000,
        },
    },
}


def main() -> None:
    """Run the comparison and write its rows."""
    options = read_options("n-gram linear model against scikit-learn and fastText")
    before = processor_times()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        cold = {}
        for name in QUICK if options.quick else SETS:
            job = write_job(name, Path(folder) / f"{name}.json")
            cold[name] = measure_cold(job, Path(folder) / "cache")
            rows += compare(name, job, rounds=1 if options.quick else ROUNDS)
            print(f"{name}: first use, nothing compiled yet: {cold[name]:.1f} s", file=sys.stderr)
    command = "python bench/classify.py" + (" --quick" if options.quick else "")
    settings = {"command": command, "seed": 7, "peer_settings": PEER_SETTINGS}
    write_report(options.json, rows, before, {**settings, "cold_seconds": cold})


def write_job(name: str, path: Path) -> Path:
    """Write a set's rows and everybody's settings to a file."""
    recipe = read_recipe(ROOT / "examples" / name / "bag.toml", SETS[name])
    train = read_dataset(recipe.data, recipe.data.train, keep_empty=False)
    test = read_dataset(recipe.data, recipe.data.test, keep_empty=True)
    training = {**asdict(recipe.training), "threads": THREADS}
    job = {"train": columns(train), "test": columns(test), **PEER_SETTINGS[name]}
    job |= {"encoder": asdict(recipe.encoder), "training": training}
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def columns(rows: Dataset) -> dict[str, list[str]]:
    """Give texts and labels as two lists."""
    return {
        "texts": [each.text for each in rows.examples],
        "labels": [each.labels[0] for each in rows.examples],
    }


def measure_cold(job: Path, cache: Path) -> float:
    """Seconds until the first small training is done when nothing was compiled before."""
    with tempfile.TemporaryDirectory(dir=cache.parent) as empty:
        environment = {**os.environ, "NUMBA_CACHE_DIR": empty}
        command = [sys.executable, str(CONTESTANTS / "bag.py"), str(job)]
        return float(run_with(command, environment)["first"])


def compare(name: str, job: Path, *, rounds: int) -> list[Row]:
    """Run all three on one set."""

    def contestant(python: Path | str, script: str) -> Callable[[], dict[str, Any]]:
        return partial(run_contestant, python, CONTESTANTS / script, job, THREADS)

    found = alternate(
        {
            "ours": contestant(sys.executable, "bag.py"),
            "scikit-learn": contestant(open_environment("sklearn"), "sklearn_svm.py"),
            "fastText": contestant(open_environment("fasttext"), "fasttext_supervised.py"),
        },
        rounds,
    )
    ours = found.pop("ours")
    rows = []
    for peer, theirs in found.items():
        rows.append(
            higher_is_better(
                f"{name} accuracy", "share", ours["accuracy"], theirs["accuracy"], peer
            )
        )
        rows.append(
            lower_is_better(f"{name} training", "s", ours["seconds"], theirs["seconds"], peer)
        )
    return rows


if __name__ == "__main__":
    main()
