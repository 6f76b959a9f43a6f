"""Text files of any size, plain, gzipped or xz, in blocks of whole lines."""

import lzma
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from textwright.errors import DataError
from textwright.vectors.packed import unpack

BLOCK_BYTES = 1 << 18
MARK = b"\xef\xbb\xbf"  # a byte order mark, skipped at the start of a file


@dataclass(frozen=True)
class Block:
    """A piece of a file, cut behind a line, else (in an endless line) behind a blank.

    line:  number of the first line in it, from 1.
    share: of all files, how much of their bytes on disk is read.
    """

    path: Path
    line: int
    text: bytes
    share: float


def check_files(paths: Sequence[Path]) -> list[int]:
    """Give the sizes of the files in bytes; raises DataError for none or a missing one."""
    if not paths:
        raise DataError("No text file was given.", "Name at least one.")
    for path in paths:
        if not path.is_file():
            raise DataError(f"There is no file {path}.", "Check the name.")
    return [path.stat().st_size for path in paths]


def read_blocks(paths: Sequence[Path]) -> Iterator[Block]:
    """Yield the text of some files; each file's last line ends with a line break.

    Raises DataError for a file that cannot be read to its end.
    """
    sizes = check_files(paths)
    before, total = 0, max(1, sum(sizes))
    for path, size in zip(paths, sizes, strict=True):
        try:
            with path.open("rb") as raw, unpack(raw) as file:
                line = 1
                for text in cut_blocks(file):
                    yield Block(path, line, text, (before + min(size, raw.tell())) / total)
                    line += text.count(b"\n")
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataError(f"{path} cannot be read: {error}.", "Copy the file again.") from error
        before += size


def cut_blocks(file: BinaryIO) -> Iterator[bytes]:
    """Cut a stream into blocks that end between words."""
    rest = b""
    first, ended = True, True
    while piece := file.read(BLOCK_BYTES):
        if first:
            piece, first = piece.removeprefix(MARK), False
        rest += piece
        end = find_cut(rest)
        if end:
            yield rest[:end]
            ended = rest[:end].endswith(b"\n")
        rest = rest[end:]
    if rest or not ended:
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def find_cut(text: bytes) -> int:
    """Find the last place to cut at: behind a line, else a blank, else before a character.

    Only where there is neither line nor blank a character other than ASCII waits for what follows.
    """
    end = 1 + (text.rfind(b"\n") if b"\n" in text else text.rfind(b" "))
    if end:
        return end
    end = len(text)
    while end and len(text) - end < 3 and text[end - 1] & 0xC0 == 0x80:
        end -= 1  # back to a character's first byte
    return end - 1 if end and text[end - 1] >= 0xC0 else len(text)
