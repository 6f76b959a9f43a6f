"""The opinion analysis on public reviews: 10 kinds of goods in Chinese, films in English.

python public.py shopping|imdb --out report [--rows 6000] [--data FOLDER]

Half of the reviews, by a hash of the text, train and test the sentiment model; the other half is
analysed, as if it had no labels.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from opinion import analyse

import textwright
from textwright.settings import find_settings
from textwright.text.readers import read_rows

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


class Reviews(NamedTuple):
    """A file of the shared data, its label of joy, and how many topics to look for."""

    file: str
    positive: str
    topics: int


SETS = {
    "shopping": Reviews("online_shopping_10_cats/all.jsonl.gz", "1", 10),
    "imdb": Reviews("imdb/train.jsonl.gz", "1", 12),
}
RECIPE = """
name = "{name}"
[data]
train = "train.jsonl"
test = "test.jsonl"
"""  # nothing else is set, and nothing was tuned


def main() -> None:
    """Train a sentiment model, and analyse what it has not seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=SETS)
    parser.add_argument("--out", type=Path, required=True, help="folder for everything made")
    parser.add_argument("--rows", type=int, default=6000, help="reviews to take, evenly spread")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the public data sets")
    given = parser.parse_args()
    reviews = SETS[given.name]
    if not (given.data / reviews.file).is_file():
        sys.exit(f"Skipped: there is no {given.data / reviews.file}.")
    split(given.data / reviews.file, given.rows, given.out)
    (given.out / "sentiment.toml").write_text(RECIPE.format(name="sentiment"), encoding="utf-8")
    settings = find_settings(create=True, start=given.out)
    trained = textwright.train(given.out / "sentiment.toml", settings=settings)
    print(f"sentiment: accuracy {trained.metrics['accuracy']:.4f} on its test half")
    moods = analyse(
        given.out / "rest.jsonl",
        trained.folder,
        given.out,
        settings=textwright.KMeansSettings(k=reviews.topics),
        positive=reviews.positive,
    )
    for name, mood in moods.items():
        print(f"{mood.share:4.0%} positive of {mood.reviews:>6,}: {name}")


def split(file: Path, count: int, out: Path) -> None:
    """Write so many rows to three files, by a hash of the text: repeats stay together."""
    rows = [row for _, row in read_rows(file)]
    rows = rows[:: max(1, len(rows) // count)]
    parts: dict[str, list[dict[str, Any]]] = {"train": [], "test": [], "rest": []}
    for row in rows:
        place = hashlib.sha256(str(row["text"]).encode()).digest()[0]
        parts["rest" if place % 2 else "test" if place % 10 == 0 else "train"].append(row)
    out.mkdir(parents=True, exist_ok=True)
    for name, chosen in parts.items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in chosen)
        (out / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
