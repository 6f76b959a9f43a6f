"""What was found in data: groups of rows, counts by split, and the rows to look at."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from typing import Any

from textwright.text.duplicates import TextGroup
from textwright.text.named_rows import NamedRow
from textwright.text.statistics import Statistics
from textwright.training.confident import Judged, LabelIssue


@dataclass(frozen=True)
class Overlap:
    """How many rows of one split stand in another one, or again in itself.

    equal: rows of ``second`` with a text of ``first``; in one split, beyond a text's first row.
    near:  rows, not among those, with nearly such a text.
    """

    first: str
    second: str
    equal: int
    near: int


@dataclass(frozen=True)
class Inspection:
    """What was found in data; rows are named by their position in ``rows``.

    labelled: False where the rows have no label.
    outside:  name of the class of rows that belong to none.
    splits:   what the texts of each split are like, in the order they were read.
    equal:    texts that stand there more than once.
    near:     texts nearly the same, with the repeats of each; at least two differ.
    judged:   what was found about labels; None where that was not looked for.
    odd:      rows to look at, by what is odd about them.
    """

    source: str
    labelled: bool
    outside: str
    rows: tuple[NamedRow, ...]
    splits: dict[str, Statistics]
    equal: tuple[TextGroup, ...]
    near: tuple[TextGroup, ...]
    judged: Judged | None
    odd: dict[str, tuple[int, ...]]

    def labels_of(self, place: int) -> str:
        """Name the labels of a row."""
        return ", ".join(self.rows[place].example.labels) or self.outside

    @property
    def balance(self) -> dict[str, dict[str, int]]:
        """Rows of each label in each split, commonest label first."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in self.rows if self.labelled else ():
            for label in row.example.labels or (self.outside,):
                counts[label][row.split] += 1
        order = sorted(counts, key=lambda label: (-counts[label].total(), label))
        return {label: {split: counts[label][split] for split in self.splits} for label in order}

    @property
    def overlaps(self) -> list[Overlap]:
        """Repeats within and across splits, each pair of splits once."""
        found = []
        for first, second in combinations_with_replacement(self.splits, 2):
            equal = self.shared_rows(self.equal, first, second)
            near = self.shared_rows(self.near, first, second) - equal
            found.append(Overlap(first, second, len(equal), len(near)))
        return found

    def shared_rows(self, groups: Iterable[TextGroup], first: str, second: str) -> set[int]:
        """Give the rows of ``second`` whose group has a row of ``first``, or an earlier one."""
        found: set[int] = set()
        for group in groups:
            one, other = (
                [place for place in group.places if self.rows[place].split == split]
                for split in (first, second)
            )
            if one:
                found.update(other[1:] if first == second else other)
        return found

    def conflicts(self, groups: Iterable[TextGroup]) -> list[TextGroup]:
        """Give the groups whose rows have different labels."""
        if not self.labelled:
            return []
        return [group for group in groups if len({*map(self.labels_of, group.places)}) > 1]

    @property
    def same_text(self) -> list[TextGroup]:
        """Groups of the same text with different labels."""
        return self.conflicts(self.equal)

    @property
    def near_text(self) -> list[TextGroup]:
        """Groups of nearly the same text with different labels."""
        return self.conflicts(self.near)

    @property
    def issues(self) -> tuple[LabelIssue, ...]:
        """Rows whose labels are likely wrong, least probable first."""
        return self.judged.issues if self.judged else ()

    def suspicious(self) -> Iterator[dict[str, Any]]:
        """Give each row that should be looked at as plain values, with the reasons, in order."""
        reasons: defaultdict[int, list[str]] = defaultdict(list)
        alike: dict[int, int] = {}
        for reason, groups in (("near_duplicate", self.near), ("duplicate", self.equal)):
            for group in groups:
                for place in group.places[1:]:
                    reasons[place].append(reason)
                    alike[place] = group.places[0]
        for group in (*self.same_text, *self.near_text):
            for place in group.places:
                reasons[place].append("label_conflict")
        for reason, places in self.odd.items():
            for place in places:
                reasons[place].append(reason)
        issues = {issue.row: issue for issue in self.issues}
        for place in issues:
            reasons[place].append("wrong_label")
        for place in sorted(reasons):
            found = {**self.row_table(place), "reasons": sorted(set(reasons[place]))}
            if place in alike:
                found["same_as"] = self.rows[alike[place]].name
            if place in issues:
                found["suggested"] = list(issues[place].suggested)
                found["probability"] = issues[place].probability
            yield found

    def row_table(self, place: int) -> dict[str, Any]:
        """Give a row as plain values."""
        row = self.rows[place]
        return {
            "file": row.file,
            "row": row.number,
            "split": row.split,
            "labels": list(row.example.labels),
            **self.text_table(place),
        }

    def text_table(self, place: int) -> dict[str, str]:
        """Give the text of a row, or both of a pair, by the names of their columns."""
        texts = self.rows[place].example.texts
        return dict(zip(("text_a", "text_b") if texts[1:] else ("text",), texts, strict=True))

    def table(self) -> dict[str, Any]:
        """Give all that was found as plain values, rows by file and number."""
        return {
            "data": self.source,
            "rows": len(self.rows),
            "labelled": self.labelled,
            "splits": {split: asdict(found) for split, found in self.splits.items()},
            "labels": self.balance,
            "overlaps": [asdict(each) for each in self.overlaps],
            "duplicates": [self.group_table(group) for group in self.equal],
            "near_duplicates": [self.group_table(group) for group in self.near],
            "label_conflicts": {
                "same_text": [self.group_table(group) for group in self.same_text],
                "near_text": [self.group_table(group) for group in self.near_text],
            },
            "wrong_labels": self.judged_table(),
            "odd": {
                reason: [self.rows[place].name for place in places]
                for reason, places in self.odd.items()
            },
        }

    def group_table(self, group: TextGroup) -> dict[str, Any]:
        """Give a group as plain values."""
        return {
            "similarity": group.similarity,
            "rows": [self.rows[place].name for place in group.places],
            "labels": sorted({*map(self.labels_of, group.places)}) if self.labelled else [],
            **self.text_table(group.places[0]),
        }

    def judged_table(self) -> dict[str, Any] | None:
        """Give what was found about labels as plain values; None where it was not looked for."""
        if self.judged is None:
            return None
        return {
            "judged": self.judged.rows,
            "agreed": self.judged.agreed,
            "rare": self.judged.rare,
            "issues": [
                {
                    **self.row_table(each.row),
                    "suggested": list(each.suggested),
                    "probability": each.probability,
                }
                for each in self.issues
            ],
        }
