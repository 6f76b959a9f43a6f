"""Peer: gensim's own scores of a file of word vectors, to hold ours against."""

import json
import sys
from pathlib import Path

from gensim.models import KeyedVectors


def main() -> None:
    """Print the Spearman correlation of each file of pairs, and the accuracy of the analogies."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    vectors = KeyedVectors.load_word2vec_format(job["vectors"], binary=True)
    scores = {name: vectors.evaluate_word_pairs(path)[1][0] for name, path in job["pairs"].items()}
    for name, path in job["analogies"].items():
        scores[name] = vectors.evaluate_word_analogies(path)[0]
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
