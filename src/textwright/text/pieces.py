"""Plain text as rows: pieces of some lines, and a part of a file.

``book.txt[:90%]`` stands for the first nine tenths of the rows of a file, ``book.txt[90%:]`` for
the rest.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from textwright.errors import DataError
from textwright.text.columnar import Row

ALL = (0, 100)  # the hundredths of a whole file
PIECE = 2_000  # characters of a piece, at least
PART = re.compile(r"(?P<file>.+)\[(?:(?P<first>\d{1,2})%)?:(?:(?P<end>\d{1,2})%)?\]")


def join_lines(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    """Yield lines of a plain text as pieces of about ``PIECE`` characters, numbered from 1."""
    number, lines, size = 0, list[str](), 0
    for _, row in rows:
        lines.append(row["text"])
        size += len(row["text"]) + 1
        if size >= PIECE:
            number += 1
            yield number, {"text": "\n".join(lines)}
            lines, size = [], 0
    if lines:
        yield number + 1, {"text": "\n".join(lines)}


def cut_part(path: Path) -> tuple[Path, tuple[int, int]]:
    """Give the file that a name stands for, and from where to where, in hundredths.

    Raises DataError for a part that holds nothing.
    """
    found = PART.fullmatch(path.name)
    if found is None:
        return path, ALL
    first, end = int(found["first"] or 0), int(found["end"] or 100)
    if first >= end:
        what = f"{path.name} goes from {first} % to {end} %."
        raise DataError(what, "Write it as FILE[:90%] or FILE[90%:].")
    return path.with_name(found["file"]), (first, end)


def take_part(rows: Iterator[tuple[int, Row]], part: tuple[int, int]) -> Iterator[tuple[int, Row]]:
    """Yield the rows from one hundredth to another."""
    first, end = part
    if part == ALL:
        yield from rows
        return
    every = list(rows)
    yield from every[len(every) * first // 100 : len(every) * end // 100]
