"""The rows of data files, each named by its file and its number."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from textwright.errors import DataError
from textwright.recipe.data import DataSettings, DevShare, RowForm
from textwright.text.examples import Example
from textwright.text.readers import (
    find_source,
    is_excluded,
    make_example,
    read_plain_text,
    read_rows,
)
from textwright.text.splits import hash_share


@dataclass(frozen=True)
class NamedRow:
    """A row of a data file.

    split:  train, dev or test of a recipe; the file's name where there is none.
    number: counted from 1, a header left out.
    """

    split: str
    file: str
    number: int
    example: Example

    @property
    def name(self) -> str:
        """File and number, as ``train.jsonl:12``."""
        return f"{self.file}:{self.number}"

    @property
    def text(self) -> str:
        """The text; both of a pair, a line break between them."""
        return "\n".join(self.example.texts)


def read_recipe_rows(settings: DataSettings, form: RowForm) -> list[NamedRow]:
    """Read all rows of a recipe's files, empty texts too; those that it excludes are left out.

    Where dev is a share of the training file, its rows are told from the others.
    Raises DataError as training does.
    """
    rows = list(read_file("train", settings.train, settings, form)) if settings.train else []
    if isinstance(settings.dev, DevShare):
        rows = [
            NamedRow("dev", row.file, row.number, row.example)
            if hash_share(row.example.key) < settings.dev.share
            else row
            for row in rows
        ]
    else:
        rows += read_file("dev", settings.dev, settings, form)
    if settings.test:
        rows += read_file("test", settings.test, settings, form)
    return rows


def read_files(files: Iterable[Path], settings: DataSettings, form: RowForm) -> list[NamedRow]:
    """Read all rows of data files, each file a split by itself."""
    return [row for file in files for row in read_file(str(file), str(file), settings, form)]


def has_column(file: Path, column: str) -> bool:
    """Tell whether the first row of a data file has a column."""
    return any(column in row for _, row in islice(read_rows(file, lines=True), 1))


def read_file(split: str, file: str, settings: DataSettings, form: RowForm) -> Iterator[NamedRow]:
    """Read the rows of one part of the data section, as training does.

    Plain text is read in pieces, as for training on it. Where only a label may be left out, the
    file may end in .txt, too: each line is a row.
    """
    path = find_source(settings, file)
    plain = form.label == "none"
    rows = read_plain_text(path) if plain else read_rows(path, lines=form.loose)
    number = 0
    for number, row in rows:
        if not is_excluded(row, settings):
            example = make_example(row, settings, f"{path}, row {number}", form)
            yield NamedRow(split, file, number, example)
    if not number:
        raise DataError(f"{path} has no row.", "Check the file.")
