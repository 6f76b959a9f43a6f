"""Ours: word vectors from a text file to a matrix, in a process of its own."""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from textwright.recipe.vectors import (
    CorpusSettings,
    GloveSettings,
    NgramSettings,
    Word2VecSettings,
)
from textwright.vectors.corpus import Corpus, build_corpus
from textwright.vectors.formats import Floats, WordTable, write_vectors
from textwright.vectors.glove import train_glove
from textwright.vectors.word2vec import train_word2vec


def read_text(text: str, job: dict[str, Any], folder: Path) -> Corpus:
    """Build the corpus of a text file."""
    settings = CorpusSettings(tokenizer="spaces", lowercase=False, min_count=job["min_count"])
    return build_corpus([Path(text)], folder, settings)


def learn(corpus: Corpus, job: dict[str, Any], folder: Path) -> Floats:
    """Train with a job's settings; GloVe keeps its own window, learning rate and epochs."""
    same: dict[str, Any] = {name: job[name] for name in ("dimensions", "threads", "seed")}
    if job["method"] == "glove":
        return train_glove(corpus, GloveSettings(**same), folder)
    for name in ("method", "window", "negatives", "sample", "epochs", "learning_rate"):
        same[name] = job[name]
    ngrams = NgramSettings(minimum=job["shortest"], maximum=job["longest"])
    return train_word2vec(corpus, Word2VecSettings(**same, ngrams=ngrams)).words


def main() -> None:
    """Train once on a few lines, for the compiled code, then on the text; prints the seconds.

    training: without building the corpus; whole: with it.
    """
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=Path(sys.argv[1]).parent) as name:
        folder = Path(name)
        few = read_text(job["few"], {**job, "min_count": 1}, folder / "few")
        learn(few, {**job, "epochs": 1}, folder)
        start = time.perf_counter()
        corpus = read_text(job["text"], job, folder / "whole")
        built = time.perf_counter()
        matrix = learn(corpus, job, folder)
        end = time.perf_counter()
        if job["vectors"]:
            write_vectors(job["vectors"], WordTable(corpus.words, matrix), kind="word2vec-binary")
    print(json.dumps({"training": end - built, "whole": end - start, "words": len(corpus.words)}))


if __name__ == "__main__":
    main()
