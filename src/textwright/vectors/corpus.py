"""A text of any size as word numbers on disk, to train word vectors on.

One pass counts the words, a second one writes their numbers; memory does not grow with the text,
only with the number of different words, which is bounded. A build that was killed goes on where
it was when it is run again: files get their names when they are complete, ``corpus.json`` last.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError, SettingsError
from textwright.recipe.vectors import CorpusSettings, describe_tokenizer
from textwright.vectors.blocks import Block, check_files, read_blocks
from textwright.vectors.lexicon import (
    CUT_LINES,
    LONGEST_SENTENCE,
    READ,
    SENTENCE_END,
    Lexicon,
    Numbers,
    lexicon_of,
)
from textwright.vectors.spelling import Spell, make_alphabet, make_speller

Progress = Callable[[int, int], None]

FORMAT = 1
COUNTED, FINISHED, SPELLED = "counted.json", "corpus.json", "spelled.txt"
WORDS, IDS, STARTS = "words.txt", "ids.int32", "starts.int64"
PARTIAL = ".partial"
AS_SPELLED = CorpusSettings(tokenizer="spaces", lowercase=False)


@dataclass(frozen=True)
class Reading:
    """What was met on the way through the files.

    raw_tokens: words read, rare ones included.
    cut_lines:  lines of more than 10,000 words, cut into several sentences.
    replaced:   bytes that were no UTF-8 and stand as U+FFFD (one for each run of them).
    forgotten:  largest count at which words were forgotten while counting; 0 for none.
    longest:    words kept of the longest sentence.
    """

    raw_tokens: int = 0
    cut_lines: int = 0
    replaced: int = 0
    forgotten: int = 0
    longest: int = 0


@dataclass(frozen=True, eq=False)
class Corpus:
    """Numbers of words, sentence by sentence; V words, N tokens, S sentences.

    words:  [V], most frequent first, ties by spelling.
    counts: [V] int64, occurrences in ``ids``.
    ids:    [N] int32, mapped from disk: numbers of the words kept.
    starts: [S + 1] int64, mapped from disk: where each sentence starts in ``ids``; the last is N.
            No sentence is empty, or longer than 10,000.
    tokenizer: its one name, as ``describe_tokenizer`` gives it.
    """

    words: list[str]
    counts: NDArray[np.int64]
    ids: Numbers
    starts: NDArray[np.int64]
    tokenizer: str
    reading: Reading

    @property
    def raw_tokens(self) -> int:
        """Count the words read, rare ones included."""
        return self.reading.raw_tokens

    def notes(self) -> list[str]:
        """Say what a user should know of this text before training on it."""
        reading, found = self.reading, []
        if reading.cut_lines:
            found.append(
                f"{reading.cut_lines:,} lines of more than {LONGEST_SENTENCE:,} words were cut "
                "into several sentences."
            )
        if reading.replaced:
            found.append(f"{reading.replaced:,} places that are no UTF-8 were read as U+FFFD.")
        if reading.forgotten:
            found.append(
                "There were too many different words to count them all: words met up to "
                f"{reading.forgotten:,} times while counting may be missing (max_counted)."
            )
        if reading.longest == 1:
            found.append(
                "Every sentence (line) has a single word: there is no context to learn from."
            )
        return found


@dataclass(frozen=True)
class Build:
    """What a build needs to know; ``order`` is what its markers are held against."""

    paths: Sequence[Path]
    folder: Path
    settings: CorpusSettings
    order: dict[str, Any]
    progress: Progress | None


def build_corpus(
    paths: Sequence[Path],
    folder: Path,
    settings: CorpusSettings,
    *,
    progress: Progress | None = None,
) -> Corpus:
    """Build a corpus of some text files in a folder, or open it when it stands there complete.

    paths:    UTF-8, a sentence a line; ``.gz`` and ``.xz`` are unpacked. In their order.
    folder:   for one build at a time. It holds about 4 bytes a word; with jieba, the text as well.
    progress: called with the words read so far and those of both passes, first an estimate.
    Raises DataError for a file that is missing, cut short or not UTF-8 (``errors = "strict"``),
    and for a text without two words to keep; SettingsError when the disk is full. Incomplete
    files are removed then; a complete count stays for the next try.
    """
    sizes = check_files(paths)
    times = [path.stat().st_mtime_ns for path in paths]
    names = [str(path.resolve()) for path in paths]
    order = {"format": FORMAT, "settings": asdict(settings), "files": [names, sizes, times]}
    if read_marker(folder / FINISHED, order) is not None:
        return open_corpus(folder)
    build = Build(paths, folder, settings, order, progress)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FINISHED).unlink(missing_ok=True)
        encode_words(build, read_marker(folder / COUNTED, order) or count_words(build))
    except OSError as error:  # of the folder: a file that cannot be read is a DataError
        hint = "Make room on the disk, or choose another folder; the build goes on from there."
        raise SettingsError(f"{folder} cannot be written: {error}.", hint) from error
    finally:
        for path in folder.glob(f"*{PARTIAL}"):
            path.unlink(missing_ok=True)
    return open_corpus(folder)


def open_corpus(folder: Path) -> Corpus:
    """Open a finished corpus; raises DataError when there is none, or files of it changed."""
    marker = read_marker(folder / FINISHED, {"format": FORMAT})
    if marker is None:
        raise DataError(f"{folder} holds no finished corpus.", "Build it, with build_corpus.")
    lines = (folder / WORDS).read_text(encoding="utf-8").split("\n")[:-1]
    pairs = [line.rsplit(" ", 1) for line in lines]
    sizes = [len(lines), os.path.getsize(folder / IDS), os.path.getsize(folder / STARTS)]
    if sizes != marker["sizes"]:
        raise DataError(f"Files in {folder} have changed.", f"Remove {FINISHED}; build it again.")
    return Corpus(
        words=[word for word, _ in pairs],
        counts=np.array([int(count) for _, count in pairs], dtype=np.int64),
        ids=np.memmap(folder / IDS, np.int32, "r"),
        starts=np.memmap(folder / STARTS, np.int64, "r"),
        tokenizer=marker["tokenizer"],
        reading=Reading(**marker["reading"]),
    )


def read_marker(path: Path, order: dict[str, Any]) -> dict[str, Any] | None:
    """Read what a pass left when it was done; None unless it was made to this order."""
    try:
        marker: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return marker if all(marker.get(key) == value for key, value in order.items()) else None


def write_file(path: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    partial = path.with_name(path.name + PARTIAL)
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def spell_block(block: Block, spell: Spell, settings: CorpusSettings) -> tuple[bytes, int]:
    """Spell a block's lines; gives the text and how many places in it were no UTF-8."""
    always = settings.tokenizer == "jieba"
    if not always and block.text.isascii():
        return block.text, 0
    lines, replaced = block.text.split(b"\n"), 0
    for number, line in enumerate(lines):
        if always or not line.isascii():
            text, wrong = decode_line(line, block, number, settings)
            lines[number] = spell(text).encode()
            replaced += wrong
    return b"\n".join(lines), replaced


def decode_line(
    line: bytes, block: Block, number: int, settings: CorpusSettings
) -> tuple[str, int]:
    """Decode a line; raises DataError naming it, or gives the number of places replaced."""
    try:
        return line.decode(), 0
    except UnicodeDecodeError as error:
        if settings.errors == "strict":
            place = f"{block.path}, line {block.line + number}"
            what = f"{place} is not UTF-8: byte 0x{line[error.start]:02x}."
            raise DataError(
                what, 'Convert it with iconv, or set errors to "replace" to read it as U+FFFD.'
            ) from error
    text = line.decode(errors="replace")
    return text, text.count("\ufffd") - line.count("\ufffd".encode())


def count_words(build: Build) -> dict[str, Any]:
    """Count the words of the files; keeps the result, and the text when jieba has cut it."""
    folder, settings, reading = build.folder, build.settings, Reading()
    spell, alphabet, lexicon = make_speller(settings), make_alphabet(settings), Lexicon()
    with open_spelled(folder, settings) as spelled:
        for block in read_blocks(build.paths):
            text, replaced = spell_block(block, spell, settings)
            lexicon.number(text, alphabet, learn=True)
            if settings.tokenizer == "jieba":
                spelled.write(text if text.endswith(b"\n") else text + b" ")
            forgotten = max(reading.forgotten, lexicon.prune(settings.max_counted))
            reading = replace(reading, replaced=reading.replaced + replaced, forgotten=forgotten)
            if build.progress:
                done = int(lexicon.table.counters[READ])
                build.progress(done, round(2 * done / max(block.share, 1e-9)))
    counters = lexicon.table.counters
    reading = replace(reading, raw_tokens=int(counters[READ]), cut_lines=int(counters[CUT_LINES]))
    words = choose_words(lexicon, settings, reading)
    if settings.tokenizer == "jieba":
        (folder / (SPELLED + PARTIAL)).replace(folder / SPELLED)
    counted = {**build.order, "reading": asdict(reading), "words": words}
    write_file(folder / COUNTED, json.dumps(counted, ensure_ascii=False))
    return counted


def open_spelled(folder: Path, settings: CorpusSettings) -> IO[bytes]:
    """Open the file that keeps jieba's words, so that it works once; else nothing is kept."""
    name = SPELLED + PARTIAL if settings.tokenizer == "jieba" else None
    return (folder / name if name else Path(os.devnull)).open("wb")


def choose_words(lexicon: Lexicon, settings: CorpusSettings, reading: Reading) -> list[str]:
    """Choose the words to keep; raises DataError when there are not two of them."""
    if not reading.raw_tokens:
        raise DataError("The text holds no word.", "Check the files: are they empty?")
    counts = lexicon.counts().tolist()
    pairs = [
        (-count, word)
        for count, word in zip(counts, lexicon.words(), strict=True)
        if count >= settings.min_count
    ]
    words = [word for _, word in sorted(pairs)[: settings.max_words or None]]
    if len(words) < 2:
        what = f"{len(words)} of {len(lexicon):,} different words occur min_count = "
        what += f"{settings.min_count} times: no vectors can be learned of that."
        raise DataError(what, "Take a longer text, or a smaller min_count.")
    return words


def encode_words(build: Build, counted: dict[str, Any]) -> None:
    """Write the numbers of the words kept, and the marker that all is there."""
    folder, reading, words = build.folder, Reading(**counted["reading"]), counted["words"]
    lexicon = lexicon_of(words)
    with (
        (folder / (IDS + PARTIAL)).open("wb") as ids,
        (folder / (STARTS + PARTIAL)).open("wb") as starts,
    ):
        longest = write_numbers(number_blocks(build, lexicon, reading.raw_tokens), ids, starts)
    for name in (IDS, STARTS):
        (folder / (name + PARTIAL)).replace(folder / name)
    lines = [f"{word} {count}\n" for word, count in zip(words, lexicon.counts(), strict=True)]
    write_file(folder / WORDS, "".join(lines))
    marker = {
        **build.order,
        "tokenizer": describe_tokenizer(
            build.settings.tokenizer, lowercase=build.settings.lowercase
        ),
        "reading": asdict(replace(reading, longest=longest)),
        "sizes": [len(words), os.path.getsize(folder / IDS), os.path.getsize(folder / STARTS)],
    }
    write_file(folder / FINISHED, json.dumps(marker, ensure_ascii=False))
    for name in (COUNTED, SPELLED):
        (folder / name).unlink(missing_ok=True)


def number_blocks(build: Build, lexicon: Lexicon, raw_tokens: int) -> Iterator[Numbers]:
    """Yield the numbers of each block's words, reading the files once more."""
    paths, settings = build.paths, build.settings
    if settings.tokenizer == "jieba":
        paths, settings = [build.folder / SPELLED], AS_SPELLED
    spell, alphabet = make_speller(settings), make_alphabet(settings)
    for block in read_blocks(paths):
        text, _ = spell_block(block, spell, settings)
        yield lexicon.number(text, alphabet, learn=False)
        if build.progress:
            build.progress(raw_tokens + int(lexicon.table.counters[READ]), 2 * raw_tokens)


def write_numbers(blocks: Iterator[Numbers], ids: IO[bytes], starts: IO[bytes]) -> int:
    """Write known words and where sentences with any start; gives the longest one's words."""
    total = last = longest = 0
    starts.write(np.zeros(1, np.int64).tobytes())
    for found in blocks:
        kept = found >= 0
        ends = total + np.cumsum(kept)[found == SENTENCE_END]
        sizes = np.diff(ends, prepend=last)
        ids.write(found[kept].tobytes())
        starts.write(ends[sizes > 0].astype(np.int64).tobytes())
        total += int(kept.sum())
        if len(ends):
            last, longest = int(ends[-1]), max(longest, int(sizes.max()))
    return longest
