"""Data files into rows and examples: JSONL, CSV and TSV, plain or gzipped; Parquet and Arrow.

To add a format of text: write a function from an open file to numbered rows, then add its line
to the table at the end.
"""

import csv
import gzip
import hashlib
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from textwright.errors import DataError, unknown_name
from textwright.recipe.data import DataSettings, HubSplit, RowForm, find_hub_split
from textwright.text.columnar import COLUMNAR, Row, check_header
from textwright.text.examples import PREFIX_END, Dataset, Example, make_dataset
from textwright.text.folders import list_files
from textwright.text.hub import read_hub
from textwright.text.parallel import is_parallel, read_parallel
from textwright.text.pieces import ALL, cut_part, join_lines, take_part

Format = Callable[[TextIO, Path], Iterator[tuple[int, Row]]]
TEXT_WITH_CLASS = RowForm()


def read_dataset(
    settings: DataSettings, file: str, *, keep_empty: bool, form: RowForm = TEXT_WITH_CLASS
) -> Dataset:
    """Read one part of a recipe's data section.

    file:       path relative to ``settings.root``, or a name on the hub.
    keep_empty: rows with an empty text stay (test), or are dropped and counted (training).
    form:       what each row holds.
    Raises DataError naming the file, and the row where one is at fault.
    """
    path = find_source(settings, file)
    rows = read_plain_text(path) if form.label == "none" else read_rows(path)
    examples: list[Example] = []
    columns: set[str] = set()
    dropped: Counter[str] = Counter()
    for number, row in rows:
        columns.update(row)
        if is_excluded(row, settings):
            dropped["excluded"] += 1
            continue
        example = make_example(row, settings, f"{path}, row {number}", form)
        written = example.labels[:1] if form.label == "text" else ()
        read = (example.plain, *example.texts[1:], *written)
        if not keep_empty and not all(text.strip() for text in read):
            dropped["empty text"] += 1
            continue
        examples.append(example)
    if not examples:
        raise DataError(f"{path} has no row to use.", "Check the file, and what exclude drops.")
    return make_dataset(file, examples, sorted(columns), dropped)


def read_texts(path: Path, column: str) -> Iterator[str]:
    """Yield the text of each row of a data file, or each line of one in .txt, empty ones too.

    Raises DataError as ``read_rows`` does, and for a row without that column.
    """
    for number, row in read_rows(path, lines=True):
        yield text_of(row, column, f"{path}, row {number}")


def find_source(settings: DataSettings, file: str) -> Path | HubSplit:
    """Give where a part of the data section is to be read from.

    Raises RecipeError for a data set of the hub that may not be fetched.
    """
    return find_hub_split(settings, file) or Path(settings.root) / file


def read_rows(source: Path | HubSplit, *, lines: bool = False) -> Iterator[tuple[int, Row]]:
    """Yield each row of data with its number, counted from 1 (a header is none).

    source: a file, a folder of files, or a split of one (``text/folders.py``), or on the hub.
    lines:  take a file in .txt, too: each line is a row with the single column ``text``.
    Raises DataError for a missing file, an unknown format, bytes that are no UTF-8, or a
    malformed row.
    """
    if isinstance(source, HubSplit):
        yield from read_hub(source)
        return
    if "\0" in str(source):
        raise DataError(f"{str(source)!r} is no file's name.", "Leave the zero byte out.")
    whole, part = cut_part(source)
    if part != ALL:
        yield from take_part(read_rows(whole, lines=lines), part)
        return
    if is_parallel(source):
        yield from read_parallel(source, read_plain)
        return
    formats = {**FORMATS, ".txt": read_lines} if lines else FORMATS
    endings = [*(f"{each}.gz" for each in formats), *formats, *COLUMNAR]
    number = before = 0
    for path in list_files(source, endings):
        for number, row in read_file(path, formats):
            yield before + number, row
        before += number


def read_plain_text(source: Path | HubSplit) -> Iterator[tuple[int, Row]]:
    """Yield the rows of data; of a file in .txt pieces of some lines each."""
    if isinstance(source, HubSplit):
        return read_rows(source)
    whole, part = cut_part(source)
    if whole.name.endswith((".txt", ".txt.gz")):
        return take_part(join_lines(read_rows(whole, lines=True)), part)
    return read_rows(source)


def read_plain(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield each line of a file as the column ``text``, whatever the file's ending is."""
    ending = path.suffixes[-2:][0] if path.suffix == ".gz" else path.suffix
    return read_file(path, {ending: read_lines})


def read_file(path: Path, formats: Mapping[str, Format]) -> Iterator[tuple[int, Row]]:
    """Yield each row of one file with its number; raises DataError as ``read_rows`` does."""
    suffixes = path.suffixes
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    suffix = "".join((suffixes[:-1] if packed else suffixes)[-1:])
    if suffix not in formats and (packed or suffix not in COLUMNAR):
        known = f"{', '.join(formats)}, also with .gz; {', '.join(COLUMNAR)}"
        raise DataError(f"{path} is of no known format.", f"Known endings: {known}.")
    number = 0
    try:
        if suffix in COLUMNAR:
            yield from COLUMNAR[suffix](path)
            return
        with open_text(path, packed=packed) as file:
            for number, row in formats[suffix](file, path):
                yield number, row
    except FileNotFoundError as error:
        hint = "Check the name; a recipe's files stand relative to it, or to data.root."
        raise DataError(f"There is no file {path}.", hint) from error
    except UnicodeDecodeError as error:
        what = f"{path} is not UTF-8: byte 0x{error.object[error.start]:02x} after row {number}."
        hint = f"Convert it first, such as: iconv -f GB18030 -t UTF-8 {path.name}"
        raise DataError(what, hint) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}.", "Copy the file again.") from error


def open_text(path: Path, *, packed: bool) -> TextIO:
    """Open a file as UTF-8 text, a byte order mark skipped; the caller closes it."""
    if packed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def read_lines(file: TextIO, _path: Path) -> Iterator[tuple[int, Row]]:
    """Yield each line as the column ``text``, blank ones too."""
    for number, line in enumerate(file, start=1):
        yield number, {"text": line.rstrip("\r\n")}


def read_jsonl(file: TextIO, path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the JSON object of each line; blank lines are skipped, but numbered."""
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            what = f"{path}, row {number} is no JSON: {error}."
            raise DataError(what, "Each line must be one JSON object.") from error
        if not isinstance(row, dict):
            raise DataError(
                f"{path}, row {number} is {type(row).__name__}, not an object.",
                'Write each line as {"text": ..., "label": ...}.',
            )
        if "\\u" in line:
            check_escapes(row, f"{path}, row {number}")
        yield number, row


def check_escapes(row: Row, place: str) -> None:
    """Refuse half a character, such as a lone U+D83D: no file in UTF-8 could hold it."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        hint = "Cut texts between characters, not inside an emoji."
        raise DataError(f"{place} holds half a character: {half}.", hint) from error


def read_csv(file: TextIO, path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a file with a header and commas between the cells (RFC 4180)."""
    return read_cells(csv.reader(file, strict=True), path)


def read_tsv(file: TextIO, path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a file with a header and tabs between the cells; quotes mean nothing."""
    return read_cells(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), path)


def read_cells(rows: Iterator[list[str]], path: Path) -> Iterator[tuple[int, Row]]:
    """Pair the cells of each row with the header; blank lines are skipped, but numbered."""
    csv.field_size_limit(sys.maxsize)
    number = 0
    try:
        header = next(rows, [])
        check_header(header, path)
        for number, cells in enumerate(rows, start=1):
            if not cells:
                continue
            if len(cells) != len(header):
                what = f"{path}, row {number} has {len(cells)} cells, the header {len(header)}."
                raise DataError(what, "Mend the row, or quote a separator inside a cell.")
            yield number, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        what = f"{path} is malformed after row {number}: {error}."
        raise DataError(what, "Check the quotes of the next row.") from error


def is_excluded(row: Row, settings: DataSettings) -> bool:
    """Tell whether ``exclude`` drops a row."""
    return any(str(row.get(column)) in values for column, values in settings.exclude.items())


def make_example(
    row: Row, settings: DataSettings, place: str, form: RowForm = TEXT_WITH_CLASS
) -> Example:
    """Make an example of a row; raises DataError naming the place and the nearest column."""
    single = not form.paired or (form.loose and settings.text_a not in row)
    columns = [settings.text] if single else [settings.text_a, settings.text_b]
    label = settings.target if form.label == "text" else settings.label
    unlabelled = form.label == "none" or (form.loose and label not in row)
    check_columns(row, (*columns, *([] if unlabelled else [label])), place)
    check_columns(row, settings.all_slices, place)
    first, *second = (text_of(row, column, place) for column in columns)
    opening = name_task(row, settings, place) if form.prefixed else ""
    return Example(
        text=opening + first,
        labels=() if unlabelled else read_labels_of(row, settings, place, form),
        slices={column: str(row[column]) for column in settings.all_slices},
        digest=digest_row(row),
        text_b=second[0] if second else None,
        opening=opening,
    )


def name_task(row: Row, settings: DataSettings, place: str) -> str:
    """Give what begins the text of a row that names its task; raises DataError for no such task."""
    task = str(row[settings.prefix])
    if task not in settings.tasks:
        hint = unknown_name("task", task, settings.tasks).hint
        raise DataError(f"{place}: data.tasks has no {task!r}.", hint)
    return f"{task}{PREFIX_END}"


def check_columns(row: Row, columns: Iterable[str], place: str) -> None:
    """Refuse a row that lacks one of the columns; the error names the nearest there is."""
    for column in columns:
        if column not in row:
            missing = unknown_name("column", column, row)
            raise DataError(f"{place} has no column {column!r}.", missing.hint)


def text_of(row: Row, column: str, place: str) -> str:
    """Give the text of a row; raises DataError where there is none."""
    check_columns(row, (column,), place)
    text = row[column]
    if not isinstance(text, str):
        hint = f"Column {column!r} must hold strings."
        raise DataError(f"{place}: the text is {text!r}.", hint)
    return text


def read_labels_of(row: Row, settings: DataSettings, place: str, form: RowForm) -> tuple[str, ...]:
    """Read a row's labels: one, or (multi-label) a list or a cell with separators."""
    if form.label == "text":
        return read_targets(row, settings, place)
    value = row[settings.label]
    if form.label != "class":
        return (read_number(value, place, whole=form.label == "whole"),)
    if settings.multi_label:
        if isinstance(value, str):
            value = [each.strip() for each in value.split(settings.separator)]
        if not isinstance(value, list):
            raise DataError(f"{place}: the labels are {value!r}.", "Write them as a list.")
        return tuple(sorted({str(each) for each in value if str(each)} - {settings.out_of_scope}))
    if value is None or isinstance(value, list | dict) or value == "":
        hint = "Give each row one label, or set data.multi_label."
        raise DataError(f"{place}: the label is {value!r}.", hint)
    return () if str(value) == settings.out_of_scope else (str(value),)


def read_targets(row: Row, settings: DataSettings, place: str) -> tuple[str, ...]:
    """Read the text to write of a row, and others that are as right."""
    others: Any = []
    if settings.references:
        check_columns(row, (settings.references,), place)
        others = row[settings.references]
    if not isinstance(others, list) or not all(isinstance(each, str) for each in others):
        hint = f"Column {settings.references!r} must hold lists of strings."
        raise DataError(f"{place}: the references are {str(others)[:80]!r}.", hint)
    return (text_of(row, settings.target, place), *others)


def read_number(value: Any, place: str, *, whole: bool) -> str:
    """Check that a label is a finite number, or a whole one, and give it as it stands."""
    try:
        number = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number) or (whole and number != int(number)):
        wanted = "whole number" if whole else "number"
        hint = f"Correct column and row, or choose other labels in [decoder]: a {wanted} is read."
        raise DataError(f"{place}: the label is {value!r}, which is no {wanted}.", hint)
    return str(int(number)) if whole else str(value).strip()


def digest_row(row: Row) -> str:
    """SHA-256 of a row as canonical JSON, in hex."""
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


FORMATS: dict[str, Format] = {
    ".jsonl": read_jsonl,
    ".csv": read_csv,
    ".tsv": read_tsv,
}
