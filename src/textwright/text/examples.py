"""An example: one labelled text of a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Example:
    """A text with its labels.

    labels: the classes it belongs to; empty for a row out of scope, or one without any label
            in a multi-label task.
    slices: the columns to report by, with their values.
    digest: SHA-256 of the whole row, every column, as canonical JSON: names the row without
            keeping its text.
    """

    text: str
    labels: tuple[str, ...]
    slices: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True)
class Dataset:
    """The examples of one file, and what the record keeps of it.

    digest:  SHA-256 over the row digests in sorted order: the same rows in another order are
             the same data set.
    columns: the names met, sorted.
    dropped: rows left out, by reason (``empty text``, ``excluded``).
    """

    source: str
    examples: tuple[Example, ...]
    digest: str
    columns: tuple[str, ...]
    dropped: Mapping[str, int]
