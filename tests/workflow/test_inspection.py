"""What is told of groups and rows, where they are written by hand."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from textwright.text.duplicates import TextGroup
from textwright.text.examples import Example
from textwright.text.named_rows import NamedRow
from textwright.text.statistics import count_characters, describe_texts
from textwright.training.confident import Judged, LabelIssue
from textwright.workflow.inspection import Inspection, Overlap

Written = tuple[str, str, tuple[str, ...]]  # split, text, labels

ROWS: list[Written] = [
    ("train", "a cat", ("pets",)),
    ("train", "a cat", ("pets",)),
    ("train", "a cat!", ("pets", "noise")),
    ("dev", "a cat", ()),
    ("dev", "rain", ("weather",)),
    ("test", "a cat?", ("pets",)),
    ("test", "rain", ("weather",)),
    ("test", "", ("pets",)),
]
EQUAL = (TextGroup((0, 1, 3), 1.0), TextGroup((4, 6), 1.0))
NEAR = (TextGroup((0, 1, 2, 3, 5), 0.9),)


def make_inspection(
    written: Sequence[Written] = ROWS,
    *,
    equal: tuple[TextGroup, ...] = EQUAL,
    near: tuple[TextGroup, ...] = NEAR,
    judged: Judged | None = None,
    labelled: bool = True,
    odd: dict[str, tuple[int, ...]] | None = None,
) -> Inspection:
    """Give an inspection of rows written by hand."""
    rows = tuple(
        NamedRow(split, f"{split}.csv", number, Example(text, labels))
        for number, (split, text, labels) in enumerate(written, start=1)
    )
    texts = {row.split: [each.text for each in rows if each.split == row.split] for row in rows}
    splits = {split: describe_texts(each, count_characters(each)) for split, each in texts.items()}
    odd = {"empty": (7,)} if odd is None else odd
    return Inspection("data", labelled, "none", rows, splits, equal, near, judged, odd)


def test_repeats_are_counted_for_each_pair_of_splits() -> None:
    assert make_inspection().overlaps == [
        Overlap("train", "train", 1, 1),
        Overlap("train", "dev", 1, 0),
        Overlap("train", "test", 0, 1),
        Overlap("dev", "dev", 0, 0),
        Overlap("dev", "test", 1, 1),
        Overlap("test", "test", 0, 0),
    ]


def test_labels_that_differ_are_conflicts_and_no_label_is_one_of_them() -> None:
    found = make_inspection()

    assert found.same_text == [EQUAL[0]]
    assert found.near_text == [NEAR[0]]
    assert found.labels_of(2) == "pets, noise"
    assert found.labels_of(3) == "none"
    assert make_inspection(labelled=False).same_text == []


def test_labels_are_counted_commonest_first() -> None:
    assert make_inspection().balance == {
        "pets": {"train": 3, "dev": 0, "test": 2},
        "weather": {"train": 0, "dev": 1, "test": 1},
        "noise": {"train": 1, "dev": 0, "test": 0},
        "none": {"train": 0, "dev": 1, "test": 0},
    }
    assert make_inspection(labelled=False).balance == {}


def test_rows_to_look_at_come_in_order_with_all_their_reasons() -> None:
    judged = Judged((LabelIssue(5, ("weather",), 0.1),), 8, 0.9, {})

    rows = list(make_inspection(judged=judged).suspicious())

    assert [(row["row"], row["reasons"], row.get("same_as")) for row in rows] == [
        (1, ["label_conflict"], None),
        (2, ["duplicate", "label_conflict", "near_duplicate"], "train.csv:1"),
        (3, ["label_conflict", "near_duplicate"], "train.csv:1"),
        (4, ["duplicate", "label_conflict", "near_duplicate"], "train.csv:1"),
        (6, ["label_conflict", "near_duplicate", "wrong_label"], "train.csv:1"),
        (7, ["duplicate"], "dev.csv:5"),
        (8, ["empty"], None),
    ]
    assert (rows[4]["suggested"], rows[4]["probability"]) == (["weather"], 0.1)


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (None, None),
        (Judged((), 0, 0.0, {"rare": 1}), {"judged": 0, "agreed": 0.0, "rare": {"rare": 1}}),
    ],
)
def test_labels_not_looked_at_and_labels_without_issues_are_told_apart(
    judged: Judged | None, expected: dict[str, Any] | None
) -> None:
    table = json.loads(json.dumps(make_inspection(judged=judged).table()))["wrong_labels"]

    assert table == (expected if expected is None else {**expected, "issues": []})
