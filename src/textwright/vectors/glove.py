"""GloVe: word vectors from the counts of words near each other (Pennington et al. 2014).

X[i, j] is how often word j stands near word i (``cooccurrence.py``). Each word i has a vector w_i
and a bias b_i, and as a context u_i and c_i. Wanted are the smallest

    J = 1/2 sum over X[i, j] > 0 of f(X[i, j]) (w_i . u_j + b_i + c_j - log X[i, j])^2
    f(x) = min(1, (x / x_max)^alpha)                                   (equations 8 and 9)

by AdaGrad (Duchi et al. 2011), one pair at a time in random order. With the error e =
f(X[i, j]) (w_i . u_j + b_i + c_j - log X[i, j]) and the step size s:

    g = s e u_j,    w_i <- w_i - g / sqrt(G_i),    G_i <- G_i + g^2

and likewise u_j (by s e w_i, both from before), b_i and c_j (by s e). All G start at 1. This is
how the authors' program has it, where the step size stands inside the sum of squares: the same
as a step size of 1 and sums that start at 1 / s^2. A word's vector is w_i + u_i.

Threads update the same tables without locks (Recht et al. 2011): collisions are rare.

Shapes: V words, D numbers a vector, M pairs of a block.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from textwright.errors import DataError, RecipeError, SettingsError
from textwright.recipe.vectors import GloveSettings
from textwright.vectors.cooccurrence import (
    PAIR_BYTES,
    Counting,
    Floats,
    Numbers,
    count_pairs,
    read_pairs,
    sums_of,
)
from textwright.vectors.corpus import Corpus

Progress = Callable[[int, int], None]

BLOCK_PAIRS = 1 << 19  # 6 MiB
CHUNK_PAIRS = 1 << 19
LINE = 16  # float32 numbers in a cache line
SCRATCH = "glove.partial"


@dataclass(frozen=True)
class Fit:
    """What training gave.

    matrix: [V, D] float32.
    losses: J / pairs of each epoch, met on the way.
    pairs:  how many (i, j) with X[i, j] > 0 there are.
    """

    matrix: Floats
    losses: list[float]
    pairs: int


def train_glove(
    corpus: Corpus, settings: GloveSettings, folder: Path, *, progress: Progress | None = None
) -> Floats:
    """Train one vector a word; gives float32 [V, D]. See ``fit_glove``."""
    return fit_glove(corpus, settings, folder, progress=progress).matrix


def fit_glove(
    corpus: Corpus, settings: GloveSettings, folder: Path, *, progress: Progress | None = None
) -> Fit:
    """Count, shuffle and train; one thread gives the same vectors each time.

    folder:   for the counts, about 20 bytes a pair, while this runs; nothing is left there.
    progress: called with the pairs trained on, and those of all epochs.
    Raises DataError for a text without two words in a sentence, SettingsError when the disk is
    full, RecipeError when the vectors grow beyond all bounds.
    """
    threads = settings.threads or len(os.sched_getaffinity(0))
    counting = Counting(settings.window, threads, settings.memory_mb << 20)
    scratch = folder / SCRATCH
    try:
        shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
        scratch.mkdir(parents=True)
        blocks = shuffle_pairs(count_pairs(corpus, counting, scratch), scratch, settings.seed)
        if not blocks:
            what = "No sentence of the text has two words: there is nothing to count."
            raise DataError(what, "Write whole sentences on a line, or lower min_count.")
        return fit_blocks(blocks, len(corpus.words), settings, progress=progress)
    except OSError as error:
        hint = "Make room on the disk, choose another folder, or a smaller window."
        raise SettingsError(f"{scratch} cannot be written: {error}.", hint) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def shuffle_pairs(files: Sequence[Path], folder: Path, seed: int) -> list[Path]:
    """Turn counted pairs into blocks of random (i, j) and (j, i); the files counted are removed.

    Every order of all pairs is as likely: each goes to a random block, and blocks are shuffled.
    """
    rng = np.random.default_rng(seed)
    pairs = sum(path.stat().st_size for path in files) // PAIR_BYTES
    blocks = [folder / f"block-{each:06}" for each in range(-(-2 * pairs // BLOCK_PAIRS))]
    for path in files:
        for first in range(0, path.stat().st_size // PAIR_BYTES, CHUNK_PAIRS):
            scatter(both_ways(read_pairs(path, first, CHUNK_PAIRS)), blocks, rng)
        path.unlink()
    for path in blocks:
        block = read_pairs(path, 0, -1)
        path.write_bytes(block[rng.permutation(len(block))].data)
    return blocks


def both_ways(pairs: Numbers) -> Numbers:
    """Add to each pair of two different words its other direction."""
    others = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.concatenate([pairs, others[:, [1, 0, 2]]])


def scatter(pairs: Numbers, blocks: Sequence[Path], rng: np.random.Generator) -> None:
    """Append each pair to a random block."""
    chosen = rng.integers(len(blocks), size=len(pairs))
    order = np.argsort(chosen, kind="stable")
    ends = np.cumsum(np.bincount(chosen, minlength=len(blocks)))
    for path, part in zip(blocks, np.split(pairs[order], ends[:-1]), strict=True):
        with path.open("ab") as file:
            file.write(part.data)


def fit_blocks(
    blocks: Sequence[Path],
    words: int,
    settings: GloveSettings,
    *,
    progress: Progress | None = None,
) -> Fit:
    """Train on blocks of shuffled pairs, each epoch in another order of the blocks."""
    table = start_table(words, settings)
    threads = settings.threads or len(os.sched_getaffinity(0))
    rng = np.random.default_rng([settings.seed, 1])
    pairs = sum(path.stat().st_size for path in blocks) // PAIR_BYTES
    losses: list[float] = []
    done = 0

    def descend(path: Path) -> float:
        nonlocal done
        block = read_pairs(path, 0, -1)
        loss = float(descend_block(table, block, *weigh(block, settings), settings.learning_rate))
        done += len(block)
        if progress:
            progress(done, pairs * settings.epochs)
        return loss

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(settings.epochs):
            order = [blocks[each] for each in rng.permutation(len(blocks))]
            losses.append(sum(pool.map(descend, order)) / pairs)
            if not np.isfinite(losses[-1]):
                what = f"The vectors grew beyond all bounds in epoch {len(losses)}."
                hint = f"Take a lower learning_rate, such as {settings.learning_rate / 10:g}."
                raise RecipeError(what, hint)
    vectors = table[:, 0, 2 : 2 + settings.dimensions]
    return Fit(vectors[:words] + vectors[words:], losses, pairs)


def start_table(words: int, settings: GloveSettings) -> Floats:
    """Draw the first numbers, from -1/2 to 1/2 over D; gives [2 V, 2, 2 + D and padding].

    Row i is word i: in ``[i, 0]`` stand b_i, 1, w_i; in ``[i, 1]`` their sums of squares G. Row
    V + j is context j: 1, c_j, u_j. So the product of two rows is the score with both biases.
    """
    size = settings.dimensions
    width = -(-(2 + size) // LINE) * LINE
    rng = np.random.default_rng(settings.seed)
    table = np.zeros((2 * words, 2, width), np.float32)
    table[:, 0, : 2 + size] = (rng.random((2 * words, 2 + size), np.float32) - 0.5) / size
    table[:words, 0, 1] = table[words:, 0, 0] = 1
    table[:, 1] = 1
    return table


def weigh(pairs: Numbers, settings: GloveSettings) -> tuple[Floats, Floats]:
    """Give log X and f(X) of some pairs, each [M] float32."""
    counts = sums_of(pairs)
    share = np.minimum(counts / np.float32(settings.x_max), np.float32(1))
    return np.log(counts), share ** np.float32(settings.alpha)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def descend_block(
    table: Floats, pairs: Numbers, logs: Floats, weights: Floats, step: float
) -> float:
    """Update the table pair by pair; gives the part of J met on the way.

    pairs:         [M, 3] int32, of which the first two numbers are used.
    logs, weights: [M] float32, log X and f(X).
    """
    words, pace, loss = len(table) // 2, np.float32(step), 0.0
    for each in range(len(pairs)):
        word, context = table[pairs[each, 0]], table[pairs[each, 1] + words]
        error = score(word[0], context[0]) - logs[each]
        slope = weights[each] * error
        loss += 0.5 * np.float64(slope) * np.float64(error)
        update(word, context, slope * pace)
    return loss


@njit(cache=True, nogil=True, fastmath=True)
def score(word: Floats, context: Floats) -> np.float32:
    """Multiply two rows: w . u + b + c."""
    total = np.float32(0)
    for each in range(len(word)):
        total += word[each] * context[each]
    return total


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")  # no test for 0: in lanes
def update(word: Floats, context: Floats, slope: np.float32) -> None:
    """Take one step of AdaGrad on a word and a context, [2, width] each.

    slope: s e, the step size times the weighted error.
    """
    w, u, word_squares, context_squares = word[0], context[0], word[1], context[1]
    for each in range(len(w)):
        word_step, context_step = slope * u[each], slope * w[each]
        w[each] -= word_step / np.sqrt(word_squares[each])
        u[each] -= context_step / np.sqrt(context_squares[each])
        word_squares[each] += word_step * word_step
        context_squares[each] += context_step * context_step
    w[1] = u[0] = np.float32(1)  # what the biases are multiplied by stays
