"""A training's result, as a person reads it in a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textwright.cli.output import print_table, say
from textwright.lifecycle.gates import Verdict
from textwright.training.card import baselines_of, built_on_lines, find_clean, slice_score
from textwright.workflow.train import TrainedVersion

WEAKEST = 5
MARKS = {"pass": "passed", "fail": "FAILED", "unknown": "unknown"}


def print_trained(found: TrainedVersion) -> None:
    """Print scores beside the baselines, the weakest labels, slices, gates, and what is next."""
    say(f"{found.name}: trained in {found.seconds:.1f} s, measured in {measuring(found):.1f} s")
    if not found.new and found.number is not None:
        say("  The same artifact as before: no new version.")
    for line in built_on_lines(found.report):
        if line.startswith("- "):
            say(line.removeprefix("- "))
    say()
    print_scores(found.metrics, found.report)
    if found.verdicts:
        print_verdicts(found.verdicts)
    say(f"Pictures and held-out answers: {found.records}")
    if found.export_difference:
        say(f"Exported network differs from the trained one by {found.export_difference:.1e}.")
    for line in next_steps(found):
        say(line)


def trained_table(found: TrainedVersion) -> dict[str, Any]:
    """Give what ``train --json`` prints."""
    same = ("model", "new", "run", "artifact", "folder", "records", "seconds", "total_seconds")
    return {
        **{name: getattr(found, name) for name in same},
        "version": found.number,
        "metrics": {name: each for name, each in found.metrics.items() if name != "confusion"},
        "baseline": found.report.get("baseline", {}),
        "second_baseline": found.report.get("second_baseline", {}),
        "majority": found.report.get("majority"),
        "leaked_rows": found.report.get("leaked_rows", 0),
        "without_leaks": found.report.get("without_leaks", {}),
        "embedding": found.report.get("embedding", {}),
        "encoder": found.report.get("encoder", {}),
        "verdicts": found.verdicts,
        "export_difference": found.export_difference,
    }


def print_evaluated(found: Mapping[str, Any]) -> None:
    """Print the scores of a file of labelled rows."""
    rows = [(name, value, interval) for name, value, interval in score_rows(found, {})]
    print_table(("on this file", "value", "95 % interval"), rows)
    for name, signature in found.get("signatures", {}).items():
        say(f"{name}: {signature}")
    say(f"{found['rows']:,} rows, SHA-256 {found['data']['digest'][:16]}")


def measuring(found: TrainedVersion) -> float:
    """Give the seconds spent after training."""
    return found.total_seconds - found.seconds


def print_scores(test: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Print the scores of the test set, and what they are held against."""
    if not test:
        say("Unevaluated: there is no test set, so this version cannot be promoted.")
        say("  Add test = FILE to [data], or score it: textwright evaluate")
        say()
        return
    print_table(("on the test set", "value", "95 % interval"), score_rows(test, report))
    for name, signature in test.get("signatures", {}).items():
        say(f"{name}: {signature}")
    say()
    if report.get("leaked_rows"):
        say(f"{report['leaked_rows']:,} of {test['rows']:,} test rows also stand in the training")
        metric, clean = find_clean(report)
        said = "no row is left" if clean is None else f"the {metric} is {clean:.4f}"
        say(f"  file; without them {said}.")
        say()
    for column, values in test.get("slices", {}).items():
        slices = [(value, *slice_score(each), each["rows"]) for value, each in values.items()]
        print_table((f"by {column}", "metric", "value", "rows"), slices)
        say()
    print_weakest(test.get("labels", {}))


def print_weakest(labels: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the labels with the lowest F1."""
    if labels:
        worst = sorted(labels.items(), key=lambda each: each[1]["f1"])[:WEAKEST]
        columns = ("f1", "precision", "recall", "rows")
        rows = [(name, *(each[column] for column in columns)) for name, each in worst]
        print_table(("weakest labels", "F1", "precision", "recall", "rows"), rows)
        say()


def score_rows(
    test: Mapping[str, Any], report: Mapping[str, Any]
) -> Iterable[tuple[str, float, str]]:
    """Give the rows of the table of scores."""
    for name, value in test.items():
        if isinstance(value, float):
            low, high = test.get(f"{name}_interval", (None, None))
            interval = "" if low is None else f"{low:.4f} to {high:.4f}"
            yield name.replace("_", " "), value, interval
    for baseline in baselines_of(report):
        for name, value in baseline.items():
            if f"{name}_interval" in baseline:
                low, high = baseline[f"{name}_interval"]
                beside = baseline.get("name", "n-gram linear model")
                yield f"{beside}, {name}", value, f"{low:.4f} to {high:.4f}"
    if "majority" in report:
        yield "commonest label, accuracy", report["majority"], ""


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Print what each gate said, and why."""
    print_table(
        ("gate", "verdict", "reason"),
        [(each.gate, MARKS[each.outcome], each.reason) for each in verdicts],
    )
    say()


def next_steps(found: TrainedVersion) -> Iterable[str]:
    """Say what to type next."""
    if found.number is None:
        yield f'Ask it: textwright predict {found.folder} "your text"'
    elif not found.metrics:
        yield f'Ask it: textwright predict {found.name} "your text"'
    elif all(each.outcome == "pass" for each in found.verdicts):
        yield f"Next: textwright promote {found.name}"
    else:
        yield f"It cannot be promoted as it is. Look at it: textwright show {found.name}"
