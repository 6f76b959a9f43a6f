"""A comparison of two versions, as a person reads it."""

from collections.abc import Sequence

from textwright.cli.output import print_table, say
from textwright.workflow.compare import Change, Comparison, Line

SHOWN = 5


def print_comparison(found: Comparison) -> None:
    """Print the metrics and slices of both with their paired tests, and texts that changed."""
    say(f"{found.second} against {found.first}, on the same {found.rows:,} test rows")
    say()
    metric = found.first_metric.name.replace("_", " ")
    print_lines("metric", found, found.metrics)
    if found.slices:
        print_lines(f"{metric} by slice", found, found.slices)
    say(f"In {metric} {judgement(found)}")
    say()
    if found.first_metric.won is None:  # no answer is right or wrong
        return
    for title, changes in (
        (f"Right only in {found.second}", found.won),
        (f"Right only in {found.first}", found.lost),
        ("Wrong in both, in different ways", found.other),
    ):
        print_changes(title, changes)


def print_lines(title: str, found: Comparison, lines: Sequence[Line]) -> None:
    """Print one line a metric or slice: both values, the interval of their difference."""
    rows = [
        (
            each.name.replace("_", " "),
            each.rows,
            each.first,
            each.second,
            f"{each.difference.low:+.4f} to {each.difference.high:+.4f}",
            "-" if each.p is None else f"{each.p:.2g}",
        )
        for each in lines
    ]
    columns = (title, "rows", found.first, found.second, "95 % interval", "p")
    print_table(columns, rows)
    say()


def judgement(found: Comparison) -> str:
    """Say what the interval says."""
    low, high = found.difference.low, found.difference.high
    if found.first_metric.smaller:
        low, high = -high, -low
    if low > 0:
        return f"{found.second} is better than {found.first} on these rows."
    if high < 0:
        return f"{found.second} is worse than {found.first} on these rows."
    return "these rows do not tell which of them is better."


def print_changes(title: str, changes: Sequence[Change]) -> None:
    """Print the first examples of a kind of change."""
    say(f"{title}: {len(changes):,}")
    if changes:
        rows = [
            (each.text[:60], "|".join(each.labels), each.first, each.second)
            for each in changes[:SHOWN]
        ]
        print_table(("  text", "truth", "first", "second"), rows)
    say()
