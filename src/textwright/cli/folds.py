"""A cross-validation on the command line: ``train --folds``."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from textwright.cli.bars import Bars
from textwright.cli.output import print_json, print_table, say
from textwright.workflow.folds import CrossValidation, cross_validate

NAMES = {"baseline": "the baseline, first metric", "majority": "commonest label, accuracy"}


def run_folds(recipe: Path, overrides: Iterable[str], folds: int, *, json: bool) -> None:
    """Cross-validate a recipe, and print mean, standard deviation and each fold's scores."""
    with Bars() as bars:
        found = cross_validate(recipe, folds=folds, overrides=overrides, progress=bars)
    if json:
        print_json({**asdict(found), "mean": found.mean, "deviation": found.deviation})
    else:
        print_folds(found)


def print_folds(found: CrossValidation) -> None:
    """Print a row a score: mean and standard deviation, then fold by fold."""
    rows = len(found.folds)
    say(f"{found.model}: {rows} folds of the training rows, trained in {found.seconds:.1f} s")
    say()
    mean, deviation = found.mean, found.deviation
    print_table(
        ("on the rows held out", "mean", "std. dev.", *(f"fold {n}" for n in range(1, rows + 1))),
        [
            (NAMES.get(name, name.replace("_", " ")), mean[name], deviation[name], *values)
            for name, values in found.scores.items()
        ],
    )
    say()
    sizes = ", ".join(f"{each.rows:,}" for each in found.folds)
    say(f"Rows held out: {sizes}. The test file was not read; no version was made.")
