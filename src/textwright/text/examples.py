"""An example: one labelled text of a task."""

import hashlib
from collections.abc import Iterable, Mapping
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


def make_dataset(
    source: str, examples: Iterable[Example], columns: Iterable[str], dropped: Mapping[str, int]
) -> Dataset:
    """Make a data set of examples, with the digest of just those."""
    kept = tuple(examples)
    digest = hashlib.sha256()
    for each in sorted(example.digest for example in kept):
        digest.update(bytes.fromhex(each))
    return Dataset(source, kept, digest.hexdigest(), tuple(columns), dict(dropped))
