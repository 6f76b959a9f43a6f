"""The first table of an embedding of word vectors: a row for each token of a vocabulary.

Shapes: V vocabulary, E embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError
from textwright.recipe.parts import VectorsEmbeddingSettings
from textwright.recipe.vectors import CorpusSettings, Word2VecSettings
from textwright.text.batch import Encoding
from textwright.text.tokenizer import PADDING_ID, UNKNOWN_ID, Tokenizer
from textwright.vectors.formats import Floats
from textwright.vectors.vectors import Vectors

DIMENSIONS, EPOCHS = 100, 20  # of vectors trained here, where the recipe leaves them to us
FIRST = 2  # id of the first word


@dataclass(frozen=True)
class Coverage:
    """How much of the training text has a vector, 0 to 1; one made of n-grams counts.

    vocabulary: share of the words.
    tokens:     share of the running tokens that the network reads; [UNK] has none.
    more:       words with a vector that are read, but not in the training text.
    """

    vocabulary: float
    tokens: float
    more: int


def fill_rows(
    vectors: Vectors,
    tokenizer: Tokenizer,
    encodings: Sequence[Encoding],
    *,
    seed: int,
    bare: bool = False,
) -> tuple[Floats, Coverage]:
    """Give each token its vector, [V, E] float32, and say how many have one.

    A word without a vector gets the mean over its n-grams where the vectors have n-grams, else
    random numbers of mean zero and of the spread of the vectors found (Kim 2014, section 4.3,
    draws them evenly, of the same variance). [PAD] is zeros; [UNK] is the mean of the vectors
    found, as the authors of GloVe advise, unless it has a vector of its own. ``trainable`` lets
    all but [PAD] learn on, of which words that the training text does not have see nothing.
    bare: words without a vector, and [UNK], get zeros instead, and so say nothing.
    Raises DataError when no word of the training text has a vector, or a vector is not finite.
    """
    words = tokenizer.words
    rows = np.zeros((len(words), vectors.dimensions), dtype=np.float32)
    known = np.zeros(len(words), dtype=np.bool_)
    for number, word in enumerate(words[UNKNOWN_ID:], start=UNKNOWN_ID):
        found = find_row(vectors, word, whole=number == UNKNOWN_ID)
        if found is not None:
            rows[number], known[number] = found, True
    coverage = measure_coverage(known, encodings)
    if coverage.vocabulary == 0:
        what = "No word of the training text has a vector."
        raise DataError(what, "Give vectors of the same language, and look at [tokenizer].")
    check_finite(rows, words)
    if bare:
        return rows, coverage
    drawn = np.random.default_rng(seed).standard_normal(rows.shape, dtype=np.float32)
    missing = ~known
    missing[[PADDING_ID, UNKNOWN_ID]] = False
    rows[missing] = drawn[missing] * rows[known].std()
    if not known[UNKNOWN_ID]:
        rows[UNKNOWN_ID] = rows[known].mean(axis=0)
    return rows, coverage


def find_row(vectors: Vectors, word: str, *, whole: bool) -> Floats | None:
    """Find the vector of a word, also by its n-grams unless only ``whole`` words count."""
    if word in vectors:
        return vectors[word]
    return None if whole or not vectors.ngrams else vectors.ngrams.vector(word)


def check_finite(rows: Floats, words: Sequence[str]) -> None:
    """Refuse vectors with numbers that are none."""
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        what = f"The vector of {words[bad[0]]!r} holds numbers that are not finite."
        raise DataError(what, "Train the vectors again, or take another file.")


def measure_coverage(known: NDArray[np.bool_], encodings: Sequence[Encoding]) -> Coverage:
    """Give the shares of words and of running tokens that are known, [V] bool.

    Without a training text all words of the vocabulary count.
    """
    counts = np.zeros(len(known), dtype=np.int64)
    for each in encodings:
        np.add.at(counts, each.ids, 1)
    words = np.arange(len(known)) >= FIRST
    met, found = words & (counts > 0 if encodings else True), words & known
    return Coverage(
        vocabulary=round(float((met & found).sum() / max(1, met.sum())), 6),
        tokens=round(float(counts[found].sum() / max(1, counts.sum())), 6),
        more=int((found & ~met).sum()),
    )


def train_rows(
    settings: VectorsEmbeddingSettings,
    tokenizer: Tokenizer,
    encodings: Sequence[Encoding],
    *,
    seed: int,
) -> Vectors:
    """Train vectors of a vocabulary on the texts as the network will read them.

    One thread, so that the same recipe gives the same vectors. The tokens are written as their
    ids, for a token may hold a blank.
    Raises DataError for texts with nothing to learn from.
    """
    method = Word2VecSettings(
        settings.train,
        dimensions=settings.dimensions or DIMENSIONS,
        epochs=settings.epochs or EPOCHS,
        threads=1,
        seed=seed,
    )
    corpus = CorpusSettings("spaces", lowercase=False, min_count=1)
    with TemporaryDirectory(prefix="textwright-") as folder:
        path = Path(folder) / "ids.txt"
        lines = (" ".join(map(str, each.ids.tolist())) for each in encodings)
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        found = Vectors.train(path, method, corpus=corpus)
    names = tokenizer.words
    return Vectors([names[int(each)] for each in found.words], found.matrix, method=settings.train)


def weigh_rows(rows: Floats, encodings: Sequence[Encoding], rarity: float) -> Floats:
    """Weigh the vector of each token by how rare it is in the texts: a / (a + p).

    rows: [V, E]. rarity: a; p is the share of the running tokens.
    Source: Arora, Liang and Ma 2017, algorithm 1, line 1.
    """
    counts = np.zeros(len(rows))
    for each in encodings:
        np.add.at(counts, each.ids, 1)
    weights = rarity / (rarity + counts / max(1.0, counts.sum()))
    weighed: Floats = (rows * weights[:, None]).astype(np.float32)
    return weighed
