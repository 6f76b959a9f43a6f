"""A comparison of two versions, as a person reads it."""

from collections.abc import Sequence

from textwright.cli.output import print_table, say
from textwright.workflow.compare import Change, Comparison

SHOWN = 5


def print_comparison(found: Comparison) -> None:
    """Print both accuracies, their paired difference, and examples that changed."""
    print_table(
        ("version", "accuracy", "rows"),
        [
            (found.first, found.first_accuracy, found.rows),
            (found.second, found.second_accuracy, found.rows),
        ],
    )
    say()
    gap = found.difference
    say(f"Difference {gap.value:+.4f}, 95 % paired interval {gap.low:+.4f} to {gap.high:+.4f}:")
    say(f"  {judgement(found)}")
    say()
    for title, changes in (
        (f"Right only in {found.second}", found.won),
        (f"Right only in {found.first}", found.lost),
        ("Wrong in both, in different ways", found.other),
    ):
        print_changes(title, changes)


def judgement(found: Comparison) -> str:
    """Say what the interval says."""
    if found.difference.low > 0:
        return f"{found.second} is better than {found.first} on these rows."
    if found.difference.high < 0:
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
