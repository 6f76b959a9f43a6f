"""Embed a file of texts: a vector for each row, in flat memory, gone on with after a stop."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError, UsageError, unknown_name
from textwright.manifest import hash_file
from textwright.models import load
from textwright.runtime.answer import EMPTY, UNKNOWN, Answerer
from textwright.settings import Settings
from textwright.text.readers import read_texts
from textwright.workflow.progress import Silent, StageProgress
from textwright.workflow.vector_file import DTYPES, Order, Tally, VectorFile, open_vector_file

CHUNK = 1024  # texts between two marks: always the same ones are sorted and run together


@dataclass(frozen=True)
class EmbedOptions:
    """How a file is embedded.

    column:   of the text.
    dtype:    float32 or float16.
    threads:  cores to use; 0: all that this process may use.
    settings: where versions are kept, as ``load`` takes it.
    """

    column: str = "text"
    dtype: str = "float32"
    threads: int = 0
    settings: Settings | None = None
    progress: StageProgress = field(default_factory=Silent)


@dataclass(frozen=True)
class Embedded:
    """A file of vectors, [rows, dimensions].

    truncated, empty, unknown: rows whose text was cut to what the model reads, has nothing to
                               read, or is mostly of tokens never seen in training.
    resumed_at: rows that were there when this run began.
    seconds:    this run took.
    """

    out: Path
    rows: int
    dimensions: int
    dtype: str
    truncated: int
    empty: int
    unknown: int
    resumed_at: int
    seconds: float


def embed(
    file: Path | str, model: Path | str, out: Path | str, options: EmbedOptions | None = None
) -> Embedded:
    """Write a vector for each text of a file to a .npy file, in the order of the rows.

    Memory does not grow with the file. Killed at any moment, the same call goes on where it was,
    and what it leaves is equal to the byte.

    file:  .jsonl, .csv or .tsv with a column of texts, or .txt with a text a line; also .gz.
    model: as ``load`` takes it; of the task embed.
    Raises DataError for a file that cannot be read, or is not what ``out`` was begun with;
    UsageError for a model of another task; SettingsError for a full disk.
    """
    options = options or EmbedOptions()
    path, target = Path(file), Path(out)
    check_options(target, options)
    start = time.perf_counter()
    answerer = load(
        model, settings=options.settings, threads=options.threads or len(os.sched_getaffinity(0))
    )
    check_embeds(answerer, model)
    options.progress.stage("reading", "texts")
    rows = sum(1 for _ in read_texts(path, options.column))
    if not rows:
        raise DataError(f"{path} has no row to embed.", "Check the file.")
    address = answerer.artifact.address
    order = Order(hash_file(path), address, options.column, rows, answerer.width, options.dtype)
    with open_vector_file(target, order) as written:
        resumed_at = written.tally.done
        write_vectors(answerer, path, written, options)
        tally = written.tally
    if tally.done != rows:
        raise DataError(f"{path} was changed while it was read.", "Run the command again.")
    unusual = (tally.truncated, tally.empty, tally.unknown)
    seconds = time.perf_counter() - start
    return Embedded(target, rows, order.dimensions, order.dtype, *unusual, resumed_at, seconds)


def check_options(out: Path, options: EmbedOptions) -> None:
    """Refuse what would fail only in the end."""
    if options.dtype not in DTYPES:
        raise unknown_name("type of numbers", options.dtype, DTYPES)
    if out.suffix != ".npy" or out.is_dir():
        raise UsageError(f"{out} is no name for a file of vectors.", "End it in .npy.")


def check_embeds(answerer: Answerer, model: Path | str) -> None:
    """Refuse a model that gives no vectors."""
    task = answerer.artifact.recipe.task
    if task != "embed":
        what = f"{model} is of the task {task!r}, which gives no vectors."
        raise UsageError(what, "Name a model of the task 'embed'.")


def write_vectors(
    answerer: Answerer, path: Path, written: VectorFile, options: EmbedOptions
) -> None:
    """Embed the texts that are not done yet, a chunk at a time."""
    first, total = written.tally.done, written.order.rows
    texts = islice(read_texts(path, options.column), first, None)
    options.progress.stage(f"going on at row {first + 1:,}" if first else "embedding", "texts")
    while chunk := list(islice(texts, CHUNK)):
        written.append(*embed_texts(answerer, chunk, written.tally))
        options.progress.count(written.tally.done - first, total - first)


def embed_texts(
    answerer: Answerer, texts: Sequence[str], before: Tally
) -> tuple[NDArray[np.float32], Tally]:
    """Give the vectors of texts, [N, D] float32, and the tally with them counted."""
    answers = answerer.predict(texts)
    vectors = np.stack([each.vector for each in answers])
    warnings = [each.warning for each in answers]
    tally = replace(
        before,
        done=before.done + len(answers),
        truncated=before.truncated + sum(each.truncated for each in answers),
        empty=before.empty + warnings.count(EMPTY),
        unknown=before.unknown + warnings.count(UNKNOWN),
    )
    return vectors, tally
