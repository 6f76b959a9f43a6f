"""A search for settings on the command line: ``tune``."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textwright.cli.bars import Bars
from textwright.cli.output import note, print_json, print_table, say
from textwright.workflow.tune import Tuned, TuneOptions, tune


def run_search(
    recipe: Path, overrides: Iterable[str], trials: int, timeout_s: float | None, *, json: bool
) -> None:
    """Search for better settings, and print every trial, what was changed, and what is next."""
    with Bars() as bars:
        options = TuneOptions(trials=trials, timeout_s=timeout_s, progress=bars)
        try:
            found = tune(recipe, overrides=overrides, options=options)
        except KeyboardInterrupt:
            note("The trials are kept: the same command goes on with them.")
            raise
    if json:
        print_json({**asdict(found), "default": found.trials[0].score, "changed": found.changed})
    else:
        print_tuned(found)


def print_tuned(found: Tuned) -> None:
    """Print the trials, the settings, and the recipe as written beside the best."""
    say(f"{found.model}: {len(found.trials)} trials, {found.resumed} of them kept from before")
    say()
    print_table(
        ("trial", f"dev {found.metric}", "outcome", "epochs", "seconds", "settings"),
        [
            (
                each.number,
                each.score,
                each.reason or each.outcome,
                each.epochs,
                f"{each.seconds:.1f}",
                short(each.values) if each.number > 1 else "as written",
            )
            for each in found.trials
        ],
    )
    say()
    print_table(
        ("setting", "as written", "best", "importance"),
        [
            (name, *map(brief, found.settings[name]), found.importance.get(name))
            for name in found.importance or found.settings
        ],
    )
    say()
    say(f"Dev {found.metric} as written: {found.trials[0].score:.4f}.")
    if found.best.number == 1:
        say("Nothing better was found.")
    else:
        say(f"Best: {found.best.score:.4f}, trial {found.best.number}. The best of many flatters:")
        say("  the test rows, which were not read, have the last word.")
    say(f"Pictures beside it: {found.history.name} and its like.")
    say(f"Next: textwright train {found.recipe}")


def short(values: Mapping[str, Any]) -> str:
    """Write the values of a trial in one line, without the names of the sections."""
    return ", ".join(f"{name.partition('.')[2]} {brief(each)}" for name, each in values.items())


def brief(value: Any) -> str:
    """Write a value with three digits that count."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
