"""Chinese word vectors: ours against gensim on all Chinese texts together, cut by jieba.

Skip-gram and CBOW with the settings of ``bench/vectors.py``, but five epochs: the text is shorter.
The nearest words of ten common ones go into the file of results, for the docs.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean
from typing import Any

from rounds import Row, make_parser, processor_times, write_report
from textwright.vectors.evaluation import (
    read_analogies,
    read_pairs,
    score_analogies,
    score_pairs,
)
from textwright.vectors.vectors import Vectors
from vector_peers import CHINESE, Result, Settings, score_row, train_and_score
from vector_texts import Text, write_chinese

WORDS = ("北京", "中国", "老师", "酒店", "手机", "便宜", "音乐", "医生", "大学", "喜欢")
METHODS = ("skip-gram", "cbow")
TRAINERS = ("textwright", "gensim")
QUICK_SHARE = 0.03


def main() -> None:
    """Write the text, train with every seed, and write the rows."""
    options = read_options()
    before = processor_times()
    rows: list[Row] = []
    extra: dict[str, Any] = {"command": "python bench/vectors_chinese.py", "nearest": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = write_chinese(folder / "text.txt", QUICK_SHARE if options.quick else 1.0)
        extra["size"] = f"{text.words:,} words in {text.lines:,} lines, {options.seeds} seeds"
        for method in METHODS:
            settings = Settings(method, epochs=options.epochs)
            runs = train_all(text, settings, options.seeds)
            vectors = Vectors.load(folder / "textwright.bin")
            rows += rows_of(method, runs)
            extra["nearest"][method] = find_nearest(vectors)
            extra[method] = {key: [asdict(each) for each in value] for key, value in runs.items()}
            extra[method]["asked_and_skipped"] = count_known(vectors)
    write_report(options.json, rows, before, extra)


def train_all(text: Text, settings: Settings, seeds: int) -> dict[str, list[Result]]:
    """Train ours and gensim with each seed in turn; the last vectors stay beside the text."""
    runs: dict[str, list[Result]] = {name: [] for name in TRAINERS}
    for seed in range(1, seeds + 1):
        for name, results in runs.items():
            path, told = text.path.with_name(f"{name}.bin"), replace(settings, seed=seed)
            results.append(train_and_score(name, text, told, vectors=path, scoring=CHINESE))
    return runs


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    if options.quick:
        options.seeds = options.epochs = 1
    return options


def rows_of(method: str, runs: Mapping[str, list[Result]]) -> list[Row]:
    """Give rows of the mean scores."""
    rows = []
    for name in (*CHINESE.pairs, *CHINESE.analogies):
        ours, theirs = (mean(each.scores[name] for each in runs[trainer]) for trainer in TRAINERS)
        rows.append(score_row(f"Chinese, {method}: {name}", ours, theirs, "gensim"))
    return rows


def find_nearest(vectors: Vectors) -> dict[str, list[str]]:
    """Find the nearest words of the common ones that are there, and print them."""
    found = {
        word: [each.word for each in vectors.nearest(word)] for word in WORDS if word in vectors
    }
    for word, near in found.items():
        print(word, " ".join(near), file=sys.stderr)
    return found


def count_known(vectors: Vectors) -> dict[str, list[int]]:
    """Count what each test asked and what it skipped for words that are not in the text."""
    known = {}
    for name, path in CHINESE.pairs.items():
        pairs = score_pairs(vectors.space, vectors.words, read_pairs(path))
        known[name] = [pairs.pairs, pairs.skipped]
    for name, path in CHINESE.analogies.items():
        total = score_analogies(vectors.space, vectors.words, read_analogies(path)).total
        known[name] = [total.asked, total.skipped]
    return known


if __name__ == "__main__":
    main()
