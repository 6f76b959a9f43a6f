"""Arrow and Parquet files into rows, class numbers by their names.

`datasets` writes the names of the classes of a column into the schema; a row then holds the name.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textwright.errors import DataError, MissingExtraError
from textwright.recipe.data import HubSplit

Row = dict[str, Any]
BATCH = 10_000  # rows held at once
FILE_FORM = b"ARROW1"  # how an Arrow file begins; a stream, which `datasets` writes, does not


def read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a Parquet file with their numbers, counted from 1.

    Raises DataError for a file that is none, MissingExtraError without pyarrow.
    """
    arrow = import_pyarrow(path)
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            yield from number_rows(file.schema_arrow, file.iter_batches(BATCH), path)
    except arrow.ArrowException as error:
        raise spoiled(path, error) from error


def read_arrow(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the rows of an Arrow file or stream; else as ``read_parquet``."""
    arrow = import_pyarrow(path)
    try:
        with arrow.OSFile(str(path)) as file:
            whole = file.read(len(FILE_FORM)) == FILE_FORM
            file.seek(0)
            if whole:
                found = arrow.ipc.open_file(file)
                batches = (found.get_batch(each) for each in range(found.num_record_batches))
            else:
                found = batches = arrow.ipc.open_stream(file)
            yield from number_rows(found.schema, batches, path)
    except arrow.ArrowException as error:
        raise spoiled(path, error) from error


def import_pyarrow(path: Path) -> Any:
    """Import pyarrow, or say how to get it."""
    try:
        import pyarrow
        import pyarrow.ipc  # not loaded by the package itself
    except ImportError as error:
        hint = "Install it: pip install 'textwright[parquet]'"
        raise MissingExtraError(f"Reading {path.name} needs pyarrow.", hint) from error
    return pyarrow


def spoiled(path: Path, error: Exception) -> DataError:
    """Build the error for a file that is not what its name says."""
    what = f"{path} cannot be read: {str(error).splitlines()[0]}."
    return DataError(what, "Copy the file again, or write it anew.")


def number_rows(
    schema: Any, batches: Iterable[Any], source: Path | HubSplit
) -> Iterator[tuple[int, Row]]:
    """Yield the rows of Arrow batches with their numbers, classes by their names."""
    check_header(schema.names, source)
    names = class_names(schema.metadata or {})
    rows = (row for batch in batches for row in batch.to_pylist())
    for number, row in enumerate(rows, start=1):
        for column, classes in names.items():
            row[column] = name_class(row[column], classes)
        yield number, row


def class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Read the names of the classes of each column that has such, as `datasets` notes them."""
    info = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {})
    found = {}
    for column, feature in info.get("features", {}).items():
        inner = feature[0] if isinstance(feature, list) else feature.get("feature", feature)
        if isinstance(inner, Mapping) and inner.get("_type") == "ClassLabel":
            found[column] = list(inner["names"])
    return found


def name_class(value: Any, names: Sequence[str]) -> Any:
    """Give the name of a class, or of each class of a list; -1, which stands for none, is None."""
    if isinstance(value, list):
        return [name_class(each, names) for each in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def check_header(header: Sequence[str], source: Path | HubSplit) -> None:
    """Refuse columns that share a name: one of the two would be lost."""
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        what = f"{source} has {header.count(twice[0])} columns called {twice[0]!r}."
        raise DataError(what, "Rename all but one of them.")


COLUMNAR = {".parquet": read_parquet, ".arrow": read_arrow}
