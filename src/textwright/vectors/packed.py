"""Files as they are or packed by gzip or xz: read, and written whole or not at all."""

import gzip
import io
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from textwright.errors import DataError, SettingsError

GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"  # the first bytes of packed files
COPY_AGAIN = "Copy or download the file again."


@contextmanager
def open_packed(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read bytes, unpacked if its first bytes are those of gzip or xz.

    Raises DataError for whatever goes wrong in reading it.
    """
    try:
        with path.open("rb") as file, unpack(file) as unpacked:
            yield unpacked
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.", "Check the name.") from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path} cannot be read: {error}.", COPY_AGAIN) from error


def unpack(file: BinaryIO) -> BinaryIO:
    """Give an open file, unpacked if its first bytes are those of gzip or xz."""
    start = file.read(len(XZ))
    file.seek(0)
    if start.startswith(GZIP):
        return buffered(gzip.GzipFile(fileobj=file))
    return buffered(lzma.LZMAFile(file)) if start == XZ else file


def buffered(file: gzip.GzipFile | lzma.LZMAFile) -> BinaryIO:
    """Give an unpacked file quick lines: its own are read by slow Python."""
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, file), 1 << 20))


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path``, renamed to it in the end, removed on any failure.

    Packed if the name ends in .gz or .xz. Raises SettingsError when the disk is full, or the folder
    cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("wb") as plain:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as zipped:
                    yield cast(BinaryIO, zipped)
            elif path.suffix == ".xz":
                with lzma.LZMAFile(plain, "wb", preset=1) as pressed:
                    yield cast(BinaryIO, pressed)
            else:
                yield plain
            plain.flush()
            os.fsync(plain.fileno())
        draft.replace(path)
    except OSError as error:
        raise unwritten(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


def unwritten(path: Path, error: OSError) -> SettingsError:
    """Build the error for a file or folder that could not be written."""
    hint = "Check the folder, and that the disk has room; nothing of it was left."
    return SettingsError(f"{path} cannot be written: {error}.", hint)
