"""Two files of plain lines that say the same in two languages, line by line, read as one.

``train.{de,en}.gz`` stands for ``train.de.gz`` and ``train.en.gz``; each pair of lines is a row
with the columns ``de`` and ``en``.
"""

import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

from textwright.errors import DataError
from textwright.text.columnar import Row

BRACES = re.compile(r"\{([\w-]+),([\w-]+)\}")


def is_parallel(path: Path) -> bool:
    """Tell whether a name stands for two files."""
    return BRACES.search(path.name) is not None


def read_parallel(
    path: Path, read_lines: Callable[[Path], Iterator[tuple[int, Row]]]
) -> Iterator[tuple[int, Row]]:
    """Yield each pair of lines as a row, with its number, counted from 1.

    read_lines: gives each line of a file as the column ``text``.
    Raises DataError when one file has more lines than the other.
    """
    found = BRACES.search(path.name)
    assert found is not None
    names = found.groups()
    if names[0] == names[1]:
        raise DataError(f"{path} names one file twice.", "Write two names in the braces.")
    files = [path.with_name(BRACES.sub(name, path.name)) for name in names]
    for first, second in zip_longest(*map(read_lines, files)):
        if first is None or second is None:
            longer, shorter = files if second is None else files[::-1]
            what = f"{longer} has more lines than {shorter.name}."
            raise DataError(what, "Line by line they must say the same.")
        yield first[0], dict(zip(names, (first[1]["text"], second[1]["text"]), strict=True))
