"""An example: one labelled text, or pair of texts, of a task."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

PREFIX_END = ": "  # between the name of a task and the text, where one model has several


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two texts that are asked about as one; its length is that of both, in code points.

    A request's JSON is read straight into it.
    """

    text_a: str
    text_b: str

    def __len__(self) -> int:
        return len(self.text_a) + len(self.text_b)

    @property
    def texts(self) -> tuple[str, str]:
        """Both."""
        return self.text_a, self.text_b


Input = str | Pair  # what a model is asked


@dataclass(frozen=True)
class Example:
    """A text, or a pair of texts, with its labels.

    text_b: the second text of a pair; None where there is one text only.
    opening: names the task of the row, where there are several: ``text`` begins with it.
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
    text_b: str | None = None
    opening: str = ""

    @property
    def plain(self) -> str:
        """The text as it stands in its row."""
        return self.text.removeprefix(self.opening)

    @property
    def input(self) -> Input:
        """What a model is asked."""
        return self.text if self.text_b is None else Pair(self.text, self.text_b)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text, or both."""
        return (self.text,) if self.text_b is None else (self.text, self.text_b)

    @property
    def key(self) -> str:
        """What makes it a repeat of another: its text; of a pair both, in whatever order."""
        if self.text_b is None:
            return self.text
        return "\0".join(sorted(each.strip() for each in self.texts))


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
