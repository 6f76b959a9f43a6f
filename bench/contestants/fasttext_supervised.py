"""Peer: fastText supervised, from texts in memory to weights; it reads from a file."""

import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path

import fasttext  # type: ignore[import-not-found]

WORDS = re.compile(r"[\u4e00-\u9fff]|[^\W_]+")
MARKS = re.compile(r"[\u4e00-\u9fff]|[^\W_]+|[^\w\s]")


def main() -> None:
    """Train with the job's settings; prints seconds and accuracy.

    Words are parted and lower-cased as for ours: fastText itself parts at spaces alone. Lines are
    shuffled: it reads them in their order, and files sorted by label ruin its steps.
    """
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    settings = dict(job["fasttext"])
    pattern = MARKS if settings.pop("marks") else WORDS
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "train.txt"
    start = time.perf_counter()
    with path.open("w", encoding="utf-8") as file:
        pairs = list(zip(job["train"]["texts"], job["train"]["labels"], strict=True))
        random.Random(7).shuffle(pairs)
        for text, label in pairs:
            file.write(f"__label__{label} {' '.join(pattern.findall(text.lower()))}\n")
    model = fasttext.train_supervised(str(path), thread=2, verbose=0, **settings)
    seconds = time.perf_counter() - start
    lines = [" ".join(pattern.findall(text.lower())) for text in job["test"]["texts"]]
    found, _ = model.predict(lines)
    best = [each[0].removeprefix("__label__") if each else "" for each in found]
    right = [guess == name for guess, name in zip(best, job["test"]["labels"], strict=True)]
    print(json.dumps({"seconds": seconds, "accuracy": sum(right) / len(right)}))
    folder.cleanup()


if __name__ == "__main__":
    main()
