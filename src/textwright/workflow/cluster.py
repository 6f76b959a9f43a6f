"""Put the texts of a file into clusters: read them, find their vectors, group them, describe them.

Shapes: N texts, M of them placed, D dimensions.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textwright.clustering.agreement import Agreement, score_agreement
from textwright.clustering.checks import (
    check_count,
    check_finite,
    check_size,
    find_placed,
    read_npy,
)
from textwright.clustering.partition import NONE, Labels, Partition, partition
from textwright.clustering.result import Clustering, describe_clusters
from textwright.clustering.space import Floats, Given, prepare
from textwright.clustering.words import WordCounts, count_words, word_vectors
from textwright.errors import DataError, MissingExtraError, UsageError
from textwright.models import load
from textwright.recipe.check import read_settings
from textwright.recipe.clustering import ClusterSettings, KMeansSettings
from textwright.settings import Settings
from textwright.text.columnar import Row
from textwright.text.readers import check_columns, read_rows, text_of
from textwright.workflow.embed import check_embeds
from textwright.workflow.progress import Silent, StageProgress


@dataclass(frozen=True)
class ClusterOptions:
    """What is clustered.

    model:    whose vectors to use, as ``load`` takes it; of the task embed.
    vectors:  a .npy file with a vector for each row instead. Without either, TF-IDF and SVD.
    column:   of the text.
    label:    column of the classes that people gave, to score by; empty: none.
    threads:  cores for the model; 0: all that this process may use.
    settings: where versions are kept, as ``load`` takes it.
    """

    model: Path | str | None = None
    vectors: Path | str | None = None
    column: str = "text"
    label: str = ""
    threads: int = 0
    settings: Settings | None = None
    progress: StageProgress = field(default_factory=Silent)


def cluster(
    file: Path | str,
    settings: ClusterSettings | None = None,
    options: ClusterOptions | None = None,
) -> Clustering:
    """Put the texts of a file into clusters; the same input gives the same ones.

    file: .jsonl, .csv or .tsv with a column of texts, or .txt with a text a line; also .gz. It is
          held in memory, with its vectors.
    Raises DataError for a file or vectors that cannot be grouped, UsageError for wishes that do
    not fit together, MissingExtraError without scikit-learn.
    """
    settings, options = settings or KMeansSettings(), options or ClusterOptions()
    check_wishes(settings, options)
    options.progress.stage("reading", "texts")
    rows, texts = read_all(Path(file), options)
    counted = count_words(texts)
    given, source = find_vectors(texts, counted, settings, options)
    placed = find_placed(texts, given, settings)
    vectors = prepare(given[placed], settings)
    check_size(vectors, settings)
    options.progress.stage("clustering", "texts")
    found = partition(vectors, settings)
    labels, distances = spread(found, placed, len(texts))
    return Clustering(
        source=source,
        settings=settings,
        rows=rows,
        texts=texts,
        labels=labels,
        distances=distances,
        placed=placed,
        vectors=vectors,
        clusters=describe_clusters(texts, counted, (labels, distances), settings),
        stability=found.stability,
        silhouettes=found.silhouettes,
        agreement=agree(rows, labels, options.label),
    )


def check_wishes(settings: ClusterSettings, options: ClusterOptions) -> None:
    """Refuse wishes that do not fit together, before anything is read."""
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        hint = "Install what learning needs: pip install 'textwright[train]'"
        raise MissingExtraError("Clustering needs scikit-learn.", hint)
    read_settings(type(settings), asdict(settings), settings.method)
    check_count(settings)
    if options.model is not None and options.vectors is not None:
        raise UsageError("Both a model and vectors were given.", "Give one of them, or neither.")


def read_all(path: Path, options: ClusterOptions) -> tuple[list[Row], list[str]]:
    """Read the rows of a file and their texts."""
    rows, texts = [], []
    for number, row in read_rows(path, lines=True):
        place = f"{path}, row {number}"
        texts.append(text_of(row, options.column, place))
        check_columns(row, (options.label,) if options.label else (), place)
        rows.append(row)
    return rows, texts


def find_vectors(
    texts: Sequence[str], counted: WordCounts, settings: ClusterSettings, options: ClusterOptions
) -> tuple[Given, str]:
    """Give a vector for each text, [N, D], and say what they are."""
    found: Given
    if options.vectors is not None:
        found, source = read_npy(Path(options.vectors), len(texts)), str(options.vectors)
    elif options.model is not None:
        found, source = embed_all(texts, options), f"vectors of {options.model}"
    else:
        found = word_vectors(counted, seed=settings.seed)
        source = f"TF-IDF of the words, by SVD to {found.shape[1]} numbers"
    check_finite(found, source)
    return found, source


def embed_all(texts: Sequence[str], options: ClusterOptions) -> Floats:
    """Embed texts with a model, [N, D]."""
    assert options.model is not None
    threads = options.threads or len(os.sched_getaffinity(0))
    answerer = load(options.model, settings=options.settings, threads=threads)
    check_embeds(answerer, options.model)
    options.progress.stage("embedding", "texts")
    vectors = np.empty((len(texts), answerer.width), dtype=np.float32)
    for row, answer in enumerate(answerer.predict_each(texts)):
        vectors[row] = answer.vector
        options.progress.count(row + 1, len(texts))
    return vectors


def spread(
    found: Partition, placed: NDArray[np.int64], count: int
) -> tuple[Labels, NDArray[np.float32]]:
    """Give labels and distances of all rows, [N], from those of the placed ones, [M]."""
    labels = np.full(count, NONE, dtype=np.int64)
    distances = np.full(count, np.nan, dtype=np.float32)
    labels[placed], distances[placed] = found.labels, found.distances
    return labels, distances


def agree(rows: Sequence[Row], labels: Labels, column: str) -> Agreement | None:
    """Score clusters against the classes of a column; rows without one are not counted."""
    if not column:
        return None
    named = [place for place, row in enumerate(rows) if row[column] not in (None, "")]
    if not named:
        raise DataError(f"No row has a label in {column!r}.", "Leave --label out.")
    return score_agreement([str(rows[each][column]) for each in named], labels[named])
