"""Where a version comes from: was a row in its training set."""

from pathlib import Path

from textwright.errors import UsageError
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rows import NAME, count_row
from textwright.settings import Settings
from textwright.text.readers import digest_row, read_plain_text
from textwright.workflow.opening import open_keep


def count_trained_row(reference: str, row: str, *, settings: Settings | None = None) -> int:
    """Count how often a row of a data file stood in a version's training set.

    The whole row counts, every column: another label makes it another row.
    row: ``FILE:N``, N from 1 (a header is none); of a file in .txt a piece as it is trained on.
    Raises UsageError when there is no such row, UnknownNameError for an unknown version,
    RefusedError when the record of its rows was erased.
    """
    digest = find_row(row)
    with open_keep(settings) as keep:
        with keep.sessions() as session:
            artifact = find_version(session, reference).artifact
        return count_row(keep.settings.records / artifact / NAME, digest)


def find_row(row: str) -> str:
    """Give the digest of the row that ``FILE:N`` names; raises UsageError."""
    file, _, number = row.rpartition(":")
    if not file or not number.isascii() or not number.isdigit():
        raise UsageError(f"{row!r} names no row.", "Write FILE:N, such as train.jsonl:3.")
    for found, content in read_plain_text(Path(file)):
        if found == int(number):
            return digest_row(content)
    raise UsageError(f"{file} has no row {number}.", "Rows are counted from 1; a header is none.")
