"""Tuning the BiLSTM of clinc150: 20 short trials, killed in the middle, resumed by one command.

A copy of ``examples/clinc150/bilstm.toml`` with fewer epochs is tuned; after some trials its
process is killed (SIGKILL) while it trains, and started again. The recipe it ends with must be at
least as good on dev as the one it began with. Both are then trained once, for their test figures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from rounds import ROOT, at_least, higher_is_better, make_parser, processor_times, write_report

RECIPE = ROOT / "examples" / "clinc150" / "bilstm.toml"
COMMAND = [sys.executable, "-m", "textwright.cli.main"]
TRIALS, KILLED_AT, EPOCHS = 20, 9, 6
QUICK_TRIALS, QUICK_KILLED_AT, QUICK_EPOCHS = 4, 3, 1
INTO_TRIAL_S = 2.0  # how long the trial that is killed has been training


def main() -> None:
    """Tune, kill, resume, train the best, and write the rows."""
    options = read_options()
    before = processor_times()
    with tempfile.TemporaryDirectory() as folder:
        recipe = write_recipe(Path(folder), options.epochs)
        command = [*COMMAND, "tune", str(recipe), "--trials", str(options.trials), "--json"]
        kill_at(options.killed_at, command, Path(folder))
        tuned = run(command, Path(folder))
        test = {
            name: run([*COMMAND, "train", str(path), "--json"], Path(folder))["metrics"]["accuracy"]
            for name, path in (("as written", recipe), ("tuned", Path(tuned["recipe"])))
        }
    best, written = tuned["best"]["score"], tuned["default"]
    rows = [
        higher_is_better("dev accuracy", "share", best, written, "as written"),
        higher_is_better("test accuracy", "share", test["tuned"], test["as written"], "as written"),
        at_least("trials kept over the kill", "trials", tuned["resumed"], options.killed_at - 1),
        at_least("trials in all", "trials", len(tuned["trials"]), options.trials),
    ]
    given = f"--trials {options.trials} --killed-at {options.killed_at} --epochs {options.epochs}"
    command_text = f"python bench/tuning.py {given}"
    write_report(options.json, rows, before, {"command": command_text, "search": tuned})


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("Tune the BiLSTM of clinc150, killed once.")
    parser.add_argument("--trials", type=int, default=0, help=f"default {TRIALS}")
    parser.add_argument("--killed-at", type=int, default=0, help=f"default trial {KILLED_AT}")
    parser.add_argument("--epochs", type=int, default=0, help=f"of every trial; default {EPOCHS}")
    options = parser.parse_args()
    quick = options.quick
    options.trials = options.trials or (QUICK_TRIALS if quick else TRIALS)
    options.killed_at = options.killed_at or (QUICK_KILLED_AT if quick else KILLED_AT)
    options.epochs = options.epochs or (QUICK_EPOCHS if quick else EPOCHS)
    return options


def write_recipe(folder: Path, epochs: int) -> Path:
    """Copy the recipe into a folder of its own, with other epochs."""
    table = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    table["data"]["root"] = str((RECIPE.parent / table["data"]["root"]).resolve())
    table["training"]["epochs"] = epochs
    path = folder / "bilstm.toml"
    path.write_text(tomli_w.dumps(table), encoding="utf-8")
    return path


def kill_at(number: int, command: list[str], folder: Path) -> None:
    """Start a search and kill its process while it trains a trial, counted from 1."""
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        print(line, end="", file=sys.stderr)
        if line.startswith(f"trial {number} of "):
            time.sleep(INTO_TRIAL_S)
            break
    process.kill()
    process.stderr.close()
    if process.wait() >= 0:
        raise SystemExit("The search ended before it could be killed.")


def run(command: list[str], folder: Path) -> dict[str, Any]:
    """Run a command and read the object it prints."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
