"""Peer: gensim's Word2Vec, which reads a text file from all of its workers (``corpus_file``)."""

import json
import sys
import time
from pathlib import Path

from gensim.models import Word2Vec


def main() -> None:
    """Train on the job's text; prints the seconds without and with building the vocabulary."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model = Word2Vec(
        sg=int(job["method"] == "skip-gram"),
        vector_size=job["dimensions"],
        window=job["window"],
        negative=job["negatives"],
        min_count=job["min_count"],
        sample=job["sample"],
        alpha=job["learning_rate"],
        workers=job["threads"],
        seed=job["seed"],
    )
    start = time.perf_counter()
    model.build_vocab(corpus_file=job["text"])
    built = time.perf_counter()
    model.train(
        corpus_file=job["text"],
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=job["epochs"],
    )
    end = time.perf_counter()
    if job["vectors"]:
        model.wv.save_word2vec_format(job["vectors"], binary=True)
    print(json.dumps({"training": end - built, "whole": end - start, "words": len(model.wv)}))


if __name__ == "__main__":
    main()
