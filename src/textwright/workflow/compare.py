"""Hold two versions against each other on the rows both were measured on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textwright.errors import RefusedError
from textwright.metrics import Interval, paired_difference
from textwright.settings import Settings
from textwright.workflow.opening import Keep, find_artifact, open_keep


@dataclass(frozen=True)
class Change:
    """A held-out text that the two versions answer differently."""

    text: str
    labels: tuple[str, ...]
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same held-out rows that have a label.

    difference: accuracy of the second less that of the first, with its paired 95 % interval.
    won, lost:  rows that only the second, only the first answers rightly.
    """

    first: str
    second: str
    rows: int
    first_accuracy: float
    second_accuracy: float
    difference: Interval
    won: tuple[Change, ...]
    lost: tuple[Change, ...]
    other: tuple[Change, ...]


def compare(first: str, second: str, *, settings: Settings | None = None) -> Comparison:
    """Compare two versions by their answers to the test rows they share.

    Raises UnknownNameError for an unknown version, RefusedError when they share no row.
    """
    with open_keep(settings) as keep:
        found = [find_artifact(keep, each) for each in (first, second)]
        ours, theirs = (read_answers(keep, each.artifact.address) for each in found)
    shared = [(ours[key], theirs[key]) for key in ours if key in theirs and ours[key]["labels"]]
    if not shared:
        raise RefusedError(
            f"{found[0].name} and {found[1].name} were not measured on the same rows.",
            f"Score each on one file: textwright evaluate {found[0].name} FILE",
        )
    return summarise(found[0].name, found[1].name, shared)


def read_answers(keep: Keep, address: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Read the held-out answers of an artifact by row digest and repeat; empty without a file."""
    path = Path(keep.settings.records / address / "answers.jsonl")
    found: dict[tuple[str, int], dict[str, Any]] = {}
    if path.is_file():
        seen: dict[str, int] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            repeat = seen[row["digest"]] = seen.get(row["digest"], 0) + 1
            found[row["digest"], repeat] = row
    return found


def summarise(
    first: str, second: str, shared: list[tuple[dict[str, Any], dict[str, Any]]]
) -> Comparison:
    """Count and test the differences between two versions' answers to the same rows."""
    right = np.array([[each["right"] for each in pair] for pair in shared], dtype=np.float64)
    changes = [
        Change(a["text"], tuple(a["labels"]), a["answer"], b["answer"])
        for a, b in shared
        if a["answer"] != b["answer"]
    ]
    kinds = [(a["right"], b["right"]) for a, b in shared if a["answer"] != b["answer"]]
    chosen = {
        kind: tuple(each for each, found in zip(changes, kinds, strict=True) if found == kind)
        for kind in ((False, True), (True, False), (False, False))
    }
    return Comparison(
        first=first,
        second=second,
        rows=len(shared),
        first_accuracy=float(right[:, 0].mean()),
        second_accuracy=float(right[:, 1].mean()),
        difference=paired_difference(right[:, 1], right[:, 0]),
        won=chosen[False, True],
        lost=chosen[True, False],
        other=chosen[False, False],
    )
