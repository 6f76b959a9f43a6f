"""Embedding a file of 100,000 short texts: in flat memory, and killed and gone on with.

`textwright embed` with all-MiniLM-L6-v2 over sentences of film reviews (imdb), once from end to
end and once killed (SIGKILL) half-way and started again; both files must be the same to the byte.
"""

import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from rounds import ROOT, at_least, at_most, processor_times, read_options, write_report

DATA = ROOT.parent / "shared" / "data"
RECIPE = ROOT / "examples" / "stsb" / "minilm_zero.toml"
COMMAND = [sys.executable, "-m", "textwright.cli.main"]
TEXTS, QUICK_TEXTS = 100_000, 6_000
SENTENCE = (20, 120)  # characters
SETTLED = 0.1  # share of the texts after which memory is looked at
SLOPE_MB = 5.0  # at most, over 100,000 texts
LOOK_S = 0.1


def main() -> None:
    """Embed, embed again with a kill, and write the rows."""
    options = read_options("embed a file of short texts, killed once")
    before = processor_times()
    count = QUICK_TEXTS if options.quick else TEXTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_texts(folder / "texts.txt", count)
        model = train(folder)
        command = [*COMMAND, "embed", "texts.txt", "--model", model, "--json", "--out"]
        seen, whole = embed(folder, [*command, "whole.npy"])
        kept, _ = embed(folder, [*command, "killed.npy"], kill_at=count // 2)
        _, resumed = embed(folder, [*command, "killed.npy"])
        same = (folder / "whole.npy").read_bytes() == (folder / "killed.npy").read_bytes()
    slope, memory = find_slope(seen, count)
    rows = [
        at_most("growth of memory over 100,000 texts", "MB", slope, SLOPE_MB),
        at_least("texts kept over the kill", "texts", resumed["resumed_at"], kept[-1][0]),
        at_least("both files the same to the byte", "", float(same), 1.0),
    ]
    extra = {
        "texts": count,
        "texts_per_second": count / whole["seconds"],
        "memory_mb": memory,
        "slope_mb_per_100000": slope,
    }
    print(f"memory grows by {slope:.2f} MB over 100,000 texts; it is {memory:.0f} MB")
    print(f"{extra['texts_per_second']:.0f} texts/s")
    write_report(options.json, rows, before, extra)


def write_texts(path: Path, count: int) -> None:
    """Write so many sentences of reviews, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for sentence in islice(read_sentences(), count):
            file.write(sentence + "\n")


def read_sentences() -> Iterator[str]:
    """Give the sentences of all training reviews that are neither very short nor long."""
    low, high = SENTENCE
    with gzip.open(DATA / "imdb" / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["text"].replace("<br />", " ")
            for sentence in text.split(". "):
                plain = " ".join(sentence.split())
                if low <= len(plain) <= high:
                    yield plain


def train(folder: Path) -> str:
    """Make the artifact of the example; gives its folder."""
    command = [*COMMAND, "train", str(RECIPE), "--no-register", "--json"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    return str(json.loads(done.stdout)["folder"])


def embed(
    folder: Path, command: list[str], *, kill_at: int = 0
) -> tuple[list[tuple[int, float]], dict[str, Any]]:
    """Run the command, and kill it when so many texts are done; 0: let it end.

    Gives texts done and memory in MB each time it was looked at, and what the command printed.
    """
    marker = folder / (command[-1] + ".partial.json")
    seen: list[tuple[int, float]] = []
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    while process.poll() is None:
        time.sleep(LOOK_S)
        try:
            table = json.loads(marker.read_text(encoding="utf-8"))
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            seen.append((table["tally"]["done"], resident_mb(status)))
        except (OSError, ValueError, IndexError):
            continue  # not begun, being replaced, or over
        if 0 < kill_at <= seen[-1][0]:
            process.kill()
    printed = process.communicate()[0]
    return seen, json.loads(printed) if process.returncode == 0 else {}


def resident_mb(status: str) -> float:
    """Read the resident memory off a process's status."""
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def find_slope(seen: list[tuple[int, float]], count: int) -> tuple[float, float]:
    """Fit a line to memory over texts; gives its growth over 100,000 texts, and the last memory."""
    settled = np.array([each for each in seen if each[0] >= SETTLED * count])
    slope = np.polyfit(settled[:, 0], settled[:, 1], 1)[0]
    return float(slope * 100_000), float(settled[-1, 1])


if __name__ == "__main__":
    main()
