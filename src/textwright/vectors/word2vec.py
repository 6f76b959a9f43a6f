"""Word vectors by skip-gram or CBOW with negative sampling; equations in ``vectors/windows.py``.

The text is cut into parts of about 100,000 words. Each has its own seed and its own place in the
fall of the step size, so threads differ only in the order in which they move the same rows.

Shapes: V words, D dimensions.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from threading import Event, Lock, Thread

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError
from textwright.recipe.vectors import NgramSettings, Word2VecSettings
from textwright.vectors.corpus import Corpus
from textwright.vectors.lanes import GROUP, Floats, Records, make_rows
from textwright.vectors.sampling import make_chances
from textwright.vectors.subwords import NgramRows, word_slots
from textwright.vectors.windows import Network, Plan, make_logistic, train_sentences

Progress = Callable[[int, int], None]

PART = 100_000  # words: some 100 ms of work, after which progress is told or an interrupt heeded
FIRST_RATES = {"skip-gram": 0.025, "cbow": 0.05}  # those of word2vec
LAST_RATE = 1 / 6  # as a share of the first one
BLOCK = 65_536  # rows made at once


@dataclass(frozen=True, eq=False)
class WordVectorsMatrices:
    """What was learned.

    words:  [V, D] float32; with n-grams the mean of a word's own row and those of its n-grams.
    ngrams: vectors of the n-grams, for words that were never seen; None without.
    """

    words: Floats
    ngrams: NgramRows | None = None


def train_word2vec(
    corpus: Corpus, settings: Word2VecSettings, *, progress: Progress | None = None
) -> WordVectorsMatrices:
    """Learn word vectors from a corpus.

    progress: called from this thread with the words done and those of all epochs.
    With one thread the same corpus and settings give the same bits on machines of one kind.
    Raises DataError when no sentence has two words, or when numbers grew beyond all bounds.
    """
    if corpus.reading.longest == 1:
        what = "Every sentence (line) has a single word: there is no context to learn from."
        raise DataError(what, "Put the words that belong together on one line.")
    records, inputs = make_inputs(len(corpus.words), settings)
    network = make_network(corpus, settings, records)
    ids, starts = np.asarray(corpus.ids), np.asarray(corpus.starts)
    plans = make_plans(starts, settings)
    done = 0

    def tell(words: int) -> None:
        nonlocal done
        done += words
        if progress:
            progress(done, len(ids) * settings.epochs)

    def train(plan: Plan) -> int:
        return train_sentences(network, ids, starts, plan)

    run_parts(train, plans, settings.threads or len(os.sched_getaffinity(0)), tell)
    return collect(inputs, network, settings.ngrams)


def run_parts(
    train: Callable[[Plan], int], plans: Iterator[Plan], threads: int, tell: Callable[[int], None]
) -> None:
    """Train part by part in threads; an interrupt waits for those under way, and for no other.

    tell: called from this thread with the words of each part that ended.
    This thread shares no lock with the others, which an interrupt could leave shut for ever.
    """
    taking, stopped = Lock(), Event()
    ended: SimpleQueue[int | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            while not stopped.is_set():
                with taking:
                    plan = next(plans, None)
                if plan is None:
                    break
                ended.put(train(plan))
            ended.put(None)
        except BaseException as error:
            ended.put(error)

    workers = [Thread(target=work) for _ in range(threads)]
    try:
        with taking:  # none begins before all are started
            for worker in workers:
                worker.start()
        while threads:
            found = ended.get()
            if isinstance(found, BaseException):
                raise found
            if found is None:
                threads -= 1
            else:
                tell(found)
    finally:
        stopped.set()
        for worker in filter(Thread.is_alive, workers):
            worker.join()


def make_inputs(words: int, settings: Word2VecSettings) -> tuple[Records, Floats]:
    """Make the rows of words and n-grams, small and random as word2vec's are."""
    buckets = settings.ngrams.buckets if settings.ngrams.maximum else 0
    records, matrix = make_rows(words + buckets, settings.dimensions)
    chance = np.random.default_rng(settings.seed)
    for first in range(0, len(matrix), BLOCK):
        block = matrix[first : first + BLOCK]
        block[:] = (chance.random(block.shape, np.float32) - 0.5) / settings.dimensions
    return records, matrix


def make_network(corpus: Corpus, settings: Word2VecSettings, inputs: Records) -> Network:
    """Put together all that the kernels read and write."""
    outputs, _ = make_rows(len(corpus.words), settings.dimensions)
    chances = make_chances(corpus.counts, settings.sample)
    edges, grams = np.zeros(1, np.int64), np.zeros(0, np.int32)
    if settings.ngrams.maximum:
        slots, owners = word_slots(corpus.words, settings.ngrams)
        edges = np.searchsorted(owners, np.arange(len(corpus.words) + 1))
        grams = (slots + len(corpus.words)).astype(np.int32)
    return Network(inputs, outputs, chances, make_logistic(), edges, grams)


def make_plans(starts: NDArray[np.int64], settings: Word2VecSettings) -> Iterator[Plan]:
    """Cut all epochs into parts, with the step size falling from the first to the last word.

    Each epoch takes its parts in another order: texts of one kind often stand together, and
    those at the end would count for little, their steps being the smallest. The step falls to a
    sixth, not to nothing as word2vec's does: few epochs then lack pull on rare words. (gensim's
    falls so far too with two workers and three epochs, as each counts its own words only.)
    """
    words = int(starts[-1])
    marks = np.append(np.arange(0, words, PART), words)
    parts = list(pairwise(np.unique(np.searchsorted(starts, marks)).tolist()))
    first_rate = settings.learning_rate or FIRST_RATES[settings.method]
    fall = first_rate * (1 - LAST_RATE) / (words * settings.epochs)
    chance = np.random.default_rng([settings.seed, 1])  # other numbers than those of make_inputs
    rate = first_rate
    for _ in range(settings.epochs):
        for first, end in chance.permutation(parts).tolist():
            yield Plan(
                cbow=settings.method == "cbow",
                window=settings.window,
                negatives=settings.negatives,
                targets=-(-(settings.negatives + 1) // GROUP) * GROUP,
                first=first,
                end=end,
                rate=rate,
                fall=fall,
                seed=chance.integers(1, 2**64, dtype=np.uint64),
            )
            rate -= fall * int(starts[end] - starts[first])


def collect(inputs: Floats, network: Network, ngrams: NgramSettings) -> WordVectorsMatrices:
    """Give what was learned as plain matrices; raises DataError if it is not finite."""
    count = len(network.outputs)
    words = inputs[:count].copy()
    if ngrams.maximum:
        for word, (first, end) in enumerate(pairwise(network.edges.tolist())):
            total = words[word] + inputs[network.grams[first:end]].sum(axis=0)
            words[word] = total / (end - first + 1)
    if not np.isfinite(words).all():
        raise DataError(
            "The numbers of the vectors grew beyond all bounds.", "Lower learning_rate."
        )
    return WordVectorsMatrices(words, NgramRows(ngrams, inputs[count:]) if ngrams.maximum else None)
