"""A matrix of vectors written to a .npy file piece by piece; killed at any moment, it goes on.

Until it is complete it stands under another name, with a marker beside it that says how many rows
are safe on disk. Shapes: N rows, D dimensions.
"""

import fcntl
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError, RefusedError, SettingsError

PARTIAL, MARKER = ".partial", ".partial.json"  # added to the file's name
DTYPES = {"float32": "<f4", "float16": "<f2"}


@dataclass(frozen=True)
class Order:
    """All that a file of vectors depends on; two of one order are the same to the byte.

    input, model: SHA-256 of the texts' file, and the address of the artifact.
    column:       of the texts.
    rows, dimensions: N and D.
    dtype:        float32 or float16.
    """

    input: str
    model: str
    column: str
    rows: int
    dimensions: int
    dtype: str


@dataclass(frozen=True)
class Tally:
    """What is done, and how many of the texts were unusual.

    truncated: cut to what the model reads.
    empty:     nothing to read in them.
    unknown:   mostly of tokens never seen in training.
    """

    done: int = 0
    truncated: int = 0
    empty: int = 0
    unknown: int = 0


class VectorFile:
    """The file being written; made by ``open_vector_file``, which closes it."""

    def __init__(self, path: Path, order: Order, file: BinaryIO) -> None:
        self.path, self.order, self.file = path, order, file
        self.partial, self.marker = partial_of(path), marker_of(path)
        self.row_bytes = order.dimensions * np.dtype(DTYPES[order.dtype]).itemsize
        self.tally = Tally()

    def begin(self) -> None:
        """Start anew, or drop what was written behind the last mark and go on from there.

        Raises DataError when it was begun with another order.
        """
        head = header(self.order)
        begun = read_marker(self.marker)
        if begun is None:
            self.file.truncate(0)
            write_all(self.file, head)
            self.mark(self.tally)
            return
        order, tally = begun
        check_order(order, self.order, self.path)
        size = len(head) + tally.done * self.row_bytes
        if os.fstat(self.file.fileno()).st_size < size:
            what = f"{self.partial} is shorter than the {tally.done:,} rows its marker tells of."
            raise DataError(what, f"Remove {self.partial} and {self.marker.name} to start anew.")
        self.file.truncate(size)
        self.tally = tally

    def append(self, vectors: NDArray[np.float32], tally: Tally) -> None:
        """Write rows [n, D]; they are safe on disk when this returns.

        tally: what is done with them included.
        Raises DataError for a number that float16 cannot hold.
        """
        with np.errstate(over="ignore"):
            rows = vectors.astype(DTYPES[self.order.dtype])
        if not np.isfinite(rows).all() and np.isfinite(vectors).all():
            raise DataError("A vector has numbers beyond what float16 holds.", "Take float32.")
        write_all(self.file, rows.tobytes())
        self.mark(tally)

    def mark(self, tally: Tally) -> None:
        """Make what was written last, then say so in the marker: never the other way round."""
        os.fsync(self.file.fileno())
        draft = self.marker.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"order": asdict(self.order), "tally": asdict(tally)}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.marker)
        self.tally = tally

    def finish(self) -> None:
        """Give the complete file its name."""
        self.partial.replace(self.path)
        self.marker.unlink()


@contextmanager
def open_vector_file(path: Path, order: Order) -> Iterator[VectorFile]:
    """Open a file of vectors to write, new or where it stopped; finishes it when N rows are there.

    Raises DataError when it was begun for another order, RefusedError when another process is at
    it, SettingsError when it cannot be written: what was marked is kept.
    """
    target: VectorFile | None = None
    try:
        mend_finish(path, order)
        with partial_of(path).open("ab", buffering=0) as file:
            lock(file, path)
            target = VectorFile(path, order, file)
            target.begin()
            yield target
            if target.tally.done == order.rows:
                target.finish()
    except OSError as error:
        done = target.tally.done if target else 0
        hint = "Check the folder, and that the disk has room."
        if done:
            hint += f" {done:,} of {order.rows:,} rows are kept: the same command goes on."
        raise SettingsError(f"{path} cannot be written: {error}.", hint) from error


def mend_finish(path: Path, order: Order) -> None:
    """Take back a finish that was cut short; drop a marker whose file was removed."""
    begun = None if partial_of(path).exists() else read_marker(marker_of(path))
    if begun is None:
        return
    if begun[0] == order and begun[1].done == order.rows and path.exists():
        path.replace(partial_of(path))
    else:
        marker_of(path).unlink()


def lock(file: BinaryIO, path: Path) -> None:
    """Keep other processes off the file while this one has it open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        hint = "Wait for it, or give another --out."
        raise RefusedError(f"Another process is writing {path}.", hint) from error


def read_marker(path: Path) -> tuple[Order, Tally] | None:
    """Read what was marked last; None where nothing was, or it cannot be read."""
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Order(**table["order"]), Tally(**table["tally"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {error!r}.", "Remove it to start anew.") from error


def check_order(begun: Order, order: Order, path: Path) -> None:
    """Refuse to go on with something else than was begun."""
    meanings = {"input": "the texts", "model": "the model"}
    now = asdict(order)
    other = [meanings.get(key, key) for key, value in asdict(begun).items() if now[key] != value]
    if other:
        what = f"{partial_of(path)} was begun with something else: {', '.join(other)} differ."
        raise DataError(what, "Remove it to start anew, or run what it was begun with.")


def header(order: Order) -> bytes:
    """Write the head of a .npy file (format 1.0) that holds all rows."""
    head = io.BytesIO()
    shape = (order.rows, order.dimensions)
    about = {"descr": DTYPES[order.dtype], "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, about)
    return head.getvalue()


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write bytes to an unbuffered file, which may take only a part of them at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def partial_of(path: Path) -> Path:
    """Name the file of vectors until it is complete."""
    return path.with_name(path.name + PARTIAL)


def marker_of(path: Path) -> Path:
    """Name the marker beside it."""
    return path.with_name(path.name + MARKER)
