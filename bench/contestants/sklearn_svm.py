"""Peer: scikit-learn's TF-IDF and LinearSVC, from texts in memory to weights."""

import json
import sys
import time
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import LinearSVC


def main() -> None:
    """Train with the job's vectorizers; prints seconds and accuracy."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    vectorizers = [
        (
            f"part{number}",
            TfidfVectorizer(
                sublinear_tf=True, **{**each, "ngram_range": tuple(each["ngram_range"])}
            ),
        )
        for number, each in enumerate(job["sklearn"])
    ]
    start = time.perf_counter()
    model = make_pipeline(FeatureUnion(vectorizers), LinearSVC())
    model.fit(job["train"]["texts"], job["train"]["labels"])
    seconds = time.perf_counter() - start
    accuracy = float(model.score(job["test"]["texts"], job["test"]["labels"]))
    print(json.dumps({"seconds": seconds, "accuracy": accuracy}))


if __name__ == "__main__":
    main()
