"""GloVe: counting and AdaGrad by compiled code against the same written plainly in numpy.

Text: ``wordvec_corpus_en`` of the shared data (8.3 million words); with ``--quick`` its first
half million. 100-d, window 10, two threads; numpy has one, as it has by nature in these steps.
There is no GloVe trainer to be installed for this Python, so the peer is written here: counting
by one sort a part of the text, AdaGrad pair by pair (the same steps as ours) and by batches of
1,024 pairs (fewer steps of Python, but not the same: a batch's pairs do not see each other).
The peers' AdaGrad is measured on a part of the pairs, and its total reckoned from that.
"""

import lzma
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rounds import (
    ROOT,
    ROUNDS,
    Row,
    alternate,
    higher_is_better,
    lower_is_better,
    processor_times,
    read_options,
    write_report,
)
from textwright.recipe.vectors import CorpusSettings, GloveSettings
from textwright.vectors.cooccurrence import PAIR_BYTES, Counting, count_pairs, read_pairs
from textwright.vectors.corpus import Corpus, build_corpus
from textwright.vectors.glove import fit_blocks, shuffle_pairs, start_table, weigh

TEXT = ROOT.parent / "shared" / "data" / "wordvec_corpus_en" / "extra.txt.xz"
QUICK_LINES = 1500
SETTINGS = GloveSettings(threads=2, epochs=5)
MEMORY_BYTES = SETTINGS.memory_mb << 20
PART_TOKENS = 1 << 20  # of the text, sorted at once by the peer
PEER_PAIRS = {1: 10_000, 1024: 200_000}  # trained on, by size of a batch
Rows = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Job:
    """What everybody works on: the text, and pairs to train the peers on."""

    corpus: Corpus
    pairs: Rows


def main() -> None:
    """Run the comparison and write its rows."""
    options = read_options("GloVe against plain numpy")
    before = processor_times()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = prepare(folder, quick=options.quick)
        found = alternate(
            {
                "ours": partial(run_ours, job.corpus, folder),
                "numpy counting": partial(count_plainly, job.corpus),
                "numpy, pair by pair": partial(descend_plainly, job, 1),
                "numpy, batches": partial(descend_plainly, job, 1024),
            },
            1 if options.quick else ROUNDS,
        )
    command = "python bench/glove.py" + (" --quick" if options.quick else "")
    size = f"{len(job.corpus.ids):,} words, {len(job.corpus.words):,} different, "
    size += f"{int(found['ours']['pairs']):,} pairs, {SETTINGS.epochs} epochs, 2 threads"
    write_report(options.json, rows_of(found, job), before, {"command": command, "size": size})


def prepare(folder: Path, *, quick: bool) -> Job:
    """Build the corpus, compile everything, and draw pairs for the peers."""
    path = TEXT
    if quick:
        path = folder / "quick.txt"
        with lzma.open(TEXT, "rt", encoding="utf-8") as file:
            path.write_text("".join(islice(file, QUICK_LINES)), encoding="utf-8")
    corpus = build_corpus([path], folder / "corpus", CorpusSettings(tokenizer="spaces"))
    scratch = folder / "pairs"
    scratch.mkdir()
    files = count_pairs(corpus, Counting(SETTINGS.window, 2, MEMORY_BYTES), scratch)
    blocks = shuffle_pairs(files, scratch, seed=1)
    pairs = read_pairs(blocks[0], 0, max(PEER_PAIRS.values()))
    fit_blocks(blocks[:1], len(corpus.words), SETTINGS)  # compiles
    return Job(corpus, pairs)


def rows_of(found: dict[str, dict[str, float]], job: Job) -> list[Row]:
    """Give a row for each thing measured, and each peer."""
    ours, counting = found["ours"], found["numpy counting"]
    if ours["counted"] != counting["counted"]:
        raise SystemExit(f"ours counted {ours['counted']} pairs, numpy {counting['counted']}")
    words = len(job.corpus.ids)
    rows = [
        higher_is_better(
            "counting", "words/s", words / ours["counting"], words / counting["seconds"], "numpy"
        )
    ]
    for name in ("numpy, pair by pair", "numpy, batches"):
        rate = found[name]["rate"]
        total = counting["seconds"] + ours["pairs"] * SETTINGS.epochs / rate
        rows.append(higher_is_better("AdaGrad", "pairs/s", ours["rate"], rate, name))
        rows.append(lower_is_better("counts to vectors", "s", ours["total"], total, name))
    return rows


def run_ours(corpus: Corpus, folder: Path) -> dict[str, float]:
    """Count, shuffle and train."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        start = time.perf_counter()
        files = count_pairs(corpus, Counting(SETTINGS.window, 2, MEMORY_BYTES), scratch)
        counted = time.perf_counter()
        counted_pairs = sum(path.stat().st_size for path in files) // PAIR_BYTES
        blocks = shuffle_pairs(files, scratch, SETTINGS.seed)
        shuffled = time.perf_counter()
        fit = fit_blocks(blocks, len(corpus.words), SETTINGS)
        end = time.perf_counter()
    return {
        "counted": counted_pairs,
        "counting": counted - start,
        "rate": fit.pairs * SETTINGS.epochs / (end - shuffled),
        "total": end - start,
        "pairs": fit.pairs,
    }


def count_plainly(corpus: Corpus) -> dict[str, float]:
    """Count pairs with numpy: keys of all pairs of a part of the text, sorted and summed."""
    start = time.perf_counter()
    words, ids = len(corpus.words), np.asarray(corpus.ids, np.int64)
    sentences = np.repeat(np.arange(len(corpus.starts) - 1), np.diff(corpus.starts))
    keys: NDArray[np.int64] = np.empty(0, np.int64)
    sums: NDArray[np.float64] = np.empty(0)
    for first in range(0, len(ids), PART_TOKENS):
        found, weights = [keys], [sums]
        for distance in range(1, min(SETTINGS.window, len(ids) - first - 1) + 1):
            end = min(first + PART_TOKENS, len(ids) - distance)
            here, there = slice(first, end), slice(first + distance, end + distance)
            near = sentences[here] == sentences[there]
            left, right = ids[here][near], ids[there][near]
            found.append(np.minimum(left, right) * words + np.maximum(left, right))
            weights.append((1 + (left == right)) / distance)
        keys, inverse = np.unique(np.concatenate(found), return_inverse=True)
        sums = np.bincount(inverse, np.concatenate(weights)).astype(np.float64)
    return {"seconds": time.perf_counter() - start, "counted": len(keys)}


def descend_plainly(job: Job, batch: int) -> dict[str, float]:
    """Take AdaGrad's steps with numpy, so many pairs at a time."""
    table = start_table(len(job.corpus.words), SETTINGS)
    vectors, squares = table[:, 0].copy(), table[:, 1].copy()
    pairs = job.pairs[: PEER_PAIRS[batch]]
    logs, weights = weigh(pairs, SETTINGS)
    contexts = pairs[:, 1] + len(job.corpus.words)
    start = time.perf_counter()
    for first in range(0, len(pairs), batch):
        chosen = slice(first, first + batch)
        rows = pairs[chosen, 0], contexts[chosen]
        step_plainly(vectors, squares, rows, logs[chosen], weights[chosen])
    return {"rate": len(pairs) / (time.perf_counter() - start)}


def step_plainly(
    vectors: Floats, squares: Floats, rows: tuple[Rows, Rows], logs: Floats, weights: Floats
) -> None:
    """Take the step of some pairs, all errors and steps found before anything moves."""
    word, context = vectors[rows[0]], vectors[rows[1]]  # [batch, width]
    errors = np.einsum("bd,bd->b", word, context) - logs
    slopes = (np.float32(SETTINGS.learning_rate) * weights * errors)[:, None]
    for row, other in zip(rows, (context, word), strict=True):
        steps = slopes * other
        np.subtract.at(vectors, row, steps / np.sqrt(squares[row]))
        np.add.at(squares, row, steps * steps)
    vectors[rows[0], 1] = vectors[rows[1], 0] = 1


if __name__ == "__main__":
    main()
