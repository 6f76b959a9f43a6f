"""The rows of a training set as sorted digests in one file, which can be erased.

The file holds 32 bytes a row and no text: it answers whether a row was among them, and no more.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from textwright.errors import RefusedError

NAME = "train_rows"  # of the file, in records/ARTIFACT
WIDTH = 32  # bytes of a SHA-256


def write_rows(path: Path, digests: Iterable[str]) -> int:
    """Write the digests of rows, given in hex, sorted; gives how many, repeats included."""
    rows = sorted(bytes.fromhex(each) for each in digests)
    path.write_bytes(b"".join(rows))
    return len(rows)


def count_row(path: Path, digest: str) -> int:
    """Count how often a row was in the set; reads some forty places of the file, not all.

    Raises RefusedError when the file was erased, or never written.
    """
    wanted = bytes.fromhex(digest)
    try:
        with path.open("rb") as file:
            rows = os.fstat(file.fileno()).st_size // WIDTH

            def first_where(*, above: bool) -> int:
                low, high = 0, rows
                while low < high:
                    middle = (low + high) // 2
                    file.seek(middle * WIDTH)
                    row = file.read(WIDTH)
                    if row > wanted or (row == wanted and not above):
                        high = middle
                    else:
                        low = middle + 1
                return low

            return first_where(above=True) - first_where(above=False)
    except FileNotFoundError as error:
        raise RefusedError(
            f"The row digests of this training set are gone: there is no {path}.",
            "They were erased, or kept on another machine. The data set's own digest remains.",
        ) from error
