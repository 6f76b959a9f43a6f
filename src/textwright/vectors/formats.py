"""Word vectors in the field's file formats: word2vec text and binary, GloVe, fastText ``.vec``.

Text holds a word and its numbers a line. word2vec and fastText write a header above: how many
words, how many dimensions; GloVe does not. Binary is that header, then of each word its bytes,
a space, and its numbers as little-endian float32. Every file may be packed by gzip or xz.

Shapes: V words, D dimensions.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError, unknown_name
from textwright.vectors.packed import COPY_AGAIN, open_packed, write_whole

Floats = NDArray[np.float32]

BLOCK = 1 << 24  # bytes parsed at once
LONGEST_WORD = 10_000  # bytes; more without a space is no word of a binary file
MOST_DIMENSIONS = 100_000
HEADER = re.compile(rb"(\d{1,15}) (\d{1,15})\s*")


class WordTable(NamedTuple):
    """Words, each once, and their vectors: [V, D] float32, finite."""

    words: list[str]
    matrix: Floats

    def first(self, count: int) -> "WordTable":
        """Give the first words only; 0 for all."""
        return WordTable(self.words[:count], self.matrix[:count]) if count else self


@dataclass(frozen=True)
class Format:
    """What sets a format apart, and what it is good for."""

    header: bool
    binary: bool
    purpose: str


FORMATS: dict[str, Format] = {
    "word2vec": Format(True, False, "text with a header; what gensim and fastText read"),
    "word2vec-binary": Format(True, True, "smallest and quickest to read; .bin of word2vec"),
    "glove": Format(False, False, "text without a header"),
    "fasttext": Format(True, False, "the .vec of fastText; the same as word2vec"),
}


@dataclass
class Draft:
    """What was read of a file so far.

    entry:  what a word and its vector are called in errors: line, or word.
    first:  number of the first entry.
    errors: strict, or replace: see ``read_vectors``.
    """

    path: Path
    entry: str
    first: int
    errors: str
    words: list[str] = field(default_factory=list)
    blocks: list[Floats] = field(default_factory=list)

    def place(self, position: int) -> str:
        """Name the place of an entry, counted from 0, for an error."""
        return f"{self.path}, {self.entry} {self.first + position}"

    def add(self, words: list[bytes], matrix: Floats) -> None:
        """Take the next words with their vectors, decoded and checked."""
        before = len(self.words)
        infinite = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
        if len(infinite):
            what = f"{self.place(before + int(infinite[0]))} holds a number that is not finite."
            raise DataError(what, "Train or export the vectors again: these went wrong.")
        for position, word in enumerate(words, start=before):
            if not word:
                raise DataError(f"{self.place(position)} has no word.", COPY_AGAIN)
            try:
                self.words.append(word.decode("utf-8", self.errors))
            except UnicodeDecodeError as error:
                what = f"{self.place(position)}: the word {word!r} is not UTF-8."
                raise DataError(what, 'Convert the file, or read it with errors="replace".') from (
                    error
                )
        self.blocks.append(matrix)

    def finish(self) -> WordTable:
        """Give the whole table, repeated words refused, or (replace) all but the first dropped."""
        if not self.words:
            raise DataError(f"{self.path} holds no words.", COPY_AGAIN)
        matrix = self.blocks[0] if len(self.blocks) == 1 else np.concatenate(self.blocks)
        rows: dict[str, int] = {}
        for position, word in enumerate(self.words):
            if rows.setdefault(word, position) != position and self.errors == "strict":
                what = f"{self.place(position)} repeats {word!r} of {self.place(rows[word])}."
                hint = 'Take one out, or read with errors="replace", which keeps the first.'
                raise DataError(what, hint)
        if len(rows) < len(self.words):
            return WordTable(list(rows), matrix[list(rows.values())])
        return WordTable(self.words, matrix)


def read_vectors(
    path: Path | str, *, kind: str = "auto", max_words: int = 0, errors: str = "strict"
) -> WordTable:
    """Read a file of word vectors.

    kind:      a name of ``FORMATS``, or auto: told from the first two lines.
    max_words: read only so many, from the top; 0 for all.
    errors:    replace turns bytes that are no UTF-8 into U+FFFD, and keeps the first of repeated
               words; strict refuses both.
    Raises DataError, naming the line or the word: wrong counts or dimensions, repeated words,
    numbers not finite, words not UTF-8, a file cut short.
    """
    path = Path(path)
    if kind == "auto":
        kind = detect_format(path)
    elif kind not in FORMATS:
        raise unknown_name("format of vectors", kind, FORMATS)
    with open_packed(path) as file:
        if FORMATS[kind].binary:
            return read_binary(file, Draft(path, "word", 1, errors), max_words)
        first = 2 if FORMATS[kind].header else 1
        return read_text(file, Draft(path, "line", first, errors), max_words)


def detect_format(path: Path) -> str:
    """Tell the format of a file by its first two lines."""
    with open_packed(path) as file:
        first, second = file.readline(BLOCK), file.readline(BLOCK)
    if not HEADER.fullmatch(first):
        return "glove"
    try:
        is_text = bool([float(each) for each in second.split()[1:]]) or not second
    except ValueError:
        is_text = False
    return "word2vec" if is_text else "word2vec-binary"


def read_header(file: BinaryIO, path: Path) -> tuple[int, int]:
    """Read how many words and dimensions a file says it has."""
    line = file.readline(100)
    found = HEADER.fullmatch(line)
    if not found or not 1 <= int(found[2]) <= MOST_DIMENSIONS:
        what = f"{path}, line 1 is {line[:40]!r}, which is no count of words and dimensions."
        raise DataError(what, "Name the format, such as glove, whose files have no such line.")
    return int(found[1]), int(found[2])


def read_text(file: BinaryIO, draft: Draft, max_words: int) -> WordTable:
    """Read the lines of a text file; the header is there if the first entry is line 2."""
    count = dimensions = None
    if draft.first == 2:
        count, dimensions = read_header(file, draft.path)
    while lines := file.readlines(BLOCK):
        if max_words:
            lines = lines[: max_words - len(draft.words)]
        dimensions = dimensions or max(1, len(lines[0].split()) - 1)
        draft.add(*parse_lines(lines, dimensions, draft))
        if len(draft.words) == max_words:
            return draft.finish()
    if count is not None and len(draft.words) != count:
        what = f"{draft.path}, line 1 says {count} words, but {len(draft.words)} lines follow."
        raise DataError(what, f"{COPY_AGAIN[:-1]}, or correct line 1.")
    return draft.finish()


def parse_lines(lines: list[bytes], dimensions: int, draft: Draft) -> tuple[list[bytes], Floats]:
    """Give the words and numbers of lines: all at once, or if that fails line by line."""
    split = [line.rstrip().partition(b" ") for line in lines]
    joined = b",".join([numbers.replace(b" ", b",") for _, _, numbers in split])
    if all(word and numbers.count(b" ") == dimensions - 1 for word, _, numbers in split):
        with suppress(msgspec.DecodeError):
            numbers = msgspec.json.decode(b"[" + joined + b"]", type=list[float])
            if len(numbers) == len(lines) * dimensions:
                matrix = to_floats(numbers).reshape(-1, dimensions)
                return [word for word, _, _ in split], matrix
    start = len(draft.words)
    rows = [
        parse_line(line, dimensions, draft.place(number))
        for number, line in enumerate(lines, start=start)
    ]
    return [word for word, _ in rows], np.array([row for _, row in rows], dtype=np.float32)


def parse_line(line: bytes, dimensions: int, place: str) -> tuple[bytes, Floats]:
    """Give the word and the numbers of one line; a word may hold spaces, as some of GloVe do."""
    fields = line.rsplit(maxsplit=dimensions)
    found = len(line.split()) - 1
    if len(fields) <= dimensions or is_number(fields[0].split()[-1:], found > dimensions):
        what = f"{place} has {max(0, found)} numbers, not {dimensions}."
        raise DataError(what, "Each line is a word and its numbers, one for each dimension.")
    try:
        return fields[0].strip(), to_floats([float(each) for each in fields[1:]])
    except ValueError as error:
        what = f"{place}: {str(error).removeprefix('could not convert string to float: ')}"
        raise DataError(f"{what} is no number.", COPY_AGAIN) from error


def to_floats(numbers: list[float]) -> Floats:
    """Give numbers as float32; those too large become infinite, which ``Draft`` refuses."""
    with np.errstate(over="ignore"):
        return np.array(numbers, dtype=np.float32)


def is_number(fields: list[bytes], suspected: bool) -> bool:
    """Tell whether the last part of a word of several is a number, one too many in its line."""
    try:
        return suspected and bool([float(each) for each in fields])
    except ValueError:
        return False


def read_binary(file: BinaryIO, draft: Draft, max_words: int) -> WordTable:
    """Read a binary file; a line break after each vector, as word2vec writes it, is skipped."""
    count, dimensions = read_header(file, draft.path)
    wanted = min(count, max_words or count)
    rest = b""
    while len(draft.words) < wanted:
        block = file.read(BLOCK)
        words, matrix, rest = cut_records(rest + block, dimensions, wanted - len(draft.words))
        draft.add(words, matrix)
        stuck = len(rest) > LONGEST_WORD + 4 * dimensions and len(draft.words) < wanted
        if stuck or not block:
            what = f"{draft.path}, line 1 says {count} words; word {len(draft.words) + 1} is not"
            raise DataError(f"{what} whole.", COPY_AGAIN)
    if wanted == count and (rest.strip(b"\n") or file.read(2).strip(b"\n")):
        what = f"{draft.path} goes on after the {count} words that its line 1 says."
        raise DataError(what, COPY_AGAIN)
    return draft.finish()


def cut_records(data: bytes, dimensions: int, most: int) -> tuple[list[bytes], Floats, bytes]:
    """Cut whole records off: their words, their vectors [V, D], and the bytes left over."""
    words: list[bytes] = []
    vectors: list[bytes] = []
    start, size = 0, 4 * dimensions
    while len(words) < most:
        space = data.find(b" ", start)
        end = space + 1 + size
        if space < 0 or end > len(data):
            break
        words.append(data[start:space].lstrip(b"\n"))
        vectors.append(data[space + 1 : end])
        start = end
    matrix = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(-1, dimensions)
    return words, matrix.astype(np.float32, copy=False), data[start:]


def write_vectors(path: Path | str, table: WordTable, *, kind: str = "word2vec") -> None:
    """Write words and vectors to a file, packed if its name ends in .gz or .xz.

    Text has nine digits, which give each float32 back exactly. The file appears whole or not at
    all. Raises DataError for a word that the format cannot hold, SettingsError for a full disk.
    """
    path = Path(path)
    if kind not in FORMATS:
        raise unknown_name("format of vectors", kind, FORMATS)
    words = [encode_word(word) for word in table.words]
    dimensions = table.matrix.shape[1]
    with write_whole(path) as file:
        if FORMATS[kind].header:
            file.write(b"%d %d\n" % (len(words), dimensions))
        if FORMATS[kind].binary:
            rows = (row.astype("<f4", copy=False).tobytes() for row in table.matrix)
        else:
            line = b" ".join([b"%.9g"] * dimensions)
            rows = (line % tuple(row.tolist()) for row in table.matrix)
        lines = (word + b" " + row + b"\n" for word, row in zip(words, rows, strict=True))
        while block := list(islice(lines, 10_000)):
            file.write(b"".join(block))


def encode_word(word: str, *, blanks: bool = False) -> bytes:
    """Give the bytes of a word that stands before a blank; or (blanks) alone in its line."""
    with suppress(UnicodeEncodeError):
        encoded = word.encode()
        if encoded and (encoded.split(b"\n") if blanks else encoded.split()) == [encoded]:
            return encoded
    what = f"The word {word!r} cannot be written to a file of word vectors."
    raise DataError(what, "Words there have no white space and are UTF-8; leave it out.")
