"""Peer: fastText unsupervised, with or without n-grams of characters."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import fasttext  # type: ignore[import-not-found]
import numpy as np

SENTENCE_END = "</s>"  # fastText counts it as a word


def learn(job: dict[str, Any], epochs: int) -> Any:
    """Train with a job's settings."""
    return fasttext.train_unsupervised(
        job["text"],
        model={"skip-gram": "skipgram", "cbow": "cbow"}[job["method"]],
        dim=job["dimensions"],
        ws=job["window"],
        neg=job["negatives"],
        minCount=job["min_count"],
        t=job["sample"],
        lr=job["learning_rate"],
        minn=job["shortest"],
        maxn=job["longest"],
        thread=job["threads"],
        epoch=epochs,
        verbose=0,
    )


def main() -> None:
    """Train on the job's text; prints the seconds without and with reading the dictionary.

    fastText does both in one call: what a call for no epoch takes is subtracted.
    """
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    start = time.perf_counter()
    learn(job, 0)
    built = time.perf_counter()
    model = learn(job, job["epochs"])
    end = time.perf_counter()
    words = [word for word in model.words if word != SENTENCE_END]
    if job["vectors"]:
        with Path(job["vectors"]).open("wb") as file:
            file.write(b"%d %d\n" % (len(words), job["dimensions"]))
            for word in words:
                vector = np.asarray(model.get_word_vector(word), dtype="<f4")
                file.write(word.encode() + b" " + vector.tobytes() + b"\n")
    training = end - built - (built - start)
    print(json.dumps({"training": training, "whole": end - built, "words": len(words)}))


if __name__ == "__main__":
    main()
