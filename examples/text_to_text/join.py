"""Join three public data sets into one of three tasks, a row naming its own.

Writes train.jsonl, dev.jsonl and test.jsonl, with the columns task, text and target, for
three_tasks.toml beside it: captions from German to English, how a film is felt about, and the
subject line of a mail. The rows are shuffled by a fixed seed, so that a part of a file has all.
"""

import argparse
import gzip
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data"
PARTS = {"train": "train", "dev": "validation", "test": "test"}
FEELINGS = {0: "negative", 1: "positive"}


def read_lines(path: Path) -> list[str]:
    """Give the lines of a gzipped file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n") for line in file]


def translations(data: Path, part: str) -> Iterator[tuple[str, str, str]]:
    """Yield captions in German with their English."""
    name = "test_2016_flickr" if part == "test" else part
    files = [data / "multi30k_en_de" / f"{name}.{language}.gz" for language in ("de", "en")]
    for source, target in zip(*map(read_lines, files), strict=True):
        yield "translate", source, target


def feelings(data: Path, part: str) -> Iterator[tuple[str, str, str]]:
    """Yield sentences about films with what is felt."""
    for row in map(json.loads, read_lines(data / "sst2" / f"{part}.jsonl.gz")):
        yield "feeling", row["text"], FEELINGS[row["label"]]


def subjects(data: Path, part: str) -> Iterator[tuple[str, str, str]]:
    """Yield mails with their subject lines."""
    for row in map(json.loads, read_lines(data / "aeslc" / f"{part}.jsonl.gz")):
        yield "subject", row["text"], row["summary"]


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the public sets")
    parser.add_argument("--out", type=Path, default=HERE / "data", help="folder to write to")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"Skipped: there is no {options.data}.")
    options.out.mkdir(parents=True, exist_ok=True)
    for name, part in PARTS.items():
        rows = [
            {"task": task, "text": text, "target": target}
            for read in (translations, feelings, subjects)
            for task, text, target in read(options.data, part)
        ]
        random.Random(7).shuffle(rows)
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (options.out / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        print(f"{name}.jsonl: {len(rows):,} rows")


if __name__ == "__main__":
    main()
