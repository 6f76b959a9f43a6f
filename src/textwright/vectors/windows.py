"""Kernels of word2vec: skip-gram and CBOW with negative sampling, window by window.

Every word of a text in turn is the centre; its context are the words at most b places away, b
drawn from 1 to ``window``. With v the input vector of a word, v' its output vector, s the logistic
function, and N a few words drawn at random, a step raises (Mikolov et al. 2013, equation 4)

    log s(v'_centre . h) + sum over n in N of log s(-v'_n . h).

Skip-gram takes a step for each context word, h being that word's v; CBOW one for the whole
window, h being the mean of its words' v. With g = rate * (1 - s(v' . h)) for the centre and
g = -rate * s(v' . h) for a drawn word, both found before anything moves,

    h  <- h + sum of g v'        (CBOW: every word of the window moves that much, once)
    v' <- v' + g h.

All context words of a window share the drawn words, whose rows so stay in the first cache (Ji et
al. 2016). Yet they are taken one after the other: adding up a window's steps first would
overshoot where one word fills it, up to infinity on long repetitions.

Which of centre and context is called input is a matter of taste in skip-gram. Here it is the
context, as in word2vec's own code. Threads work on the same matrices without locks (Recht et al.
2011).
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from textwright.vectors.lanes import (
    GROUP,
    Floats,
    Records,
    add_scaled,
    load,
    move_group,
    offset,
    pointer,
    prefetch,
    store,
    write_dots,
    zero_row,
)
from textwright.vectors.sampling import (
    Chances,
    Ids,
    State,
    advance,
    bits_of,
    draw_below,
    draw_word,
    thin,
)

# numba stores a kernel by the contents of its own file, not of those that it is built on: their
# digest stands here, so that it changes with them.
BUILT_ON = "797efff6af7a72e6"
BOUND, STEPS = 8.0, 2048  # the logistic function is looked up between -BOUND and BOUND
ONE, NOTHING = np.float32(1), np.float32(0)
SCALE, MIDDLE = np.float32(STEPS / (2 * BOUND)), np.float32(STEPS / 2)


class Network(NamedTuple):
    """What is learned, and the tables that learning looks into.

    inputs:  [V + buckets] rows: words, then n-grams.
    outputs: [V] rows.
    logistic: [STEPS] float, s in the middle of each step.
    edges, grams: n-grams of word w are the rows ``grams[edges[w]:edges[w + 1]]``; empty without.
    """

    inputs: Records
    outputs: Records
    chances: Chances
    logistic: Floats
    edges: NDArray[np.int64]
    grams: Ids


class Tables(NamedTuple):
    """A network as bare addresses, in the same order, with what the arrays' lengths told."""

    inputs: Any
    outputs: Any
    chances: Chances
    logistic: Any
    edges: Any
    grams: Any
    words: int
    has_grams: bool


class Scratch(NamedTuple):
    """Memory of one thread, as addresses.

    text:    the words of a sentence that are kept.
    targets: [2 * targets], the targets of this window and of the next, which are drawn early so
             that their rows are in the cache when they are needed.
    steps:   [GROUP], how far some targets move.
    seen:    [V], the last window in which each word was moved (CBOW).
    """

    text: Any
    targets: Any
    steps: Any
    seen: Any


class Window(NamedTuple):
    """Places ``low`` to ``high`` - 1 of a text; the centre's targets begin at ``start``."""

    low: int
    centre: int
    high: int
    start: int
    number: int  # windows before it, and 1


class Plan(NamedTuple):
    """What a kernel is to do: sentences ``first`` to ``end`` - 1, and how."""

    cbow: bool
    window: int
    negatives: int
    targets: int  # the centre and the negatives, filled up to whole groups
    first: int
    end: int
    rate: float  # step size before the first word
    fall: float  # how much it falls with each word
    seed: State  # not 0


def make_logistic() -> Floats:
    """Tabulate the logistic function."""
    middles = (np.arange(STEPS) + 0.5) * (2 * BOUND / STEPS) - BOUND
    logistic: Floats = (1 / (1 + np.exp(-middles))).astype(np.float32)
    return logistic


@njit(cache=True, nogil=True, error_model="numpy")
def train_sentences(network: Network, ids: Ids, starts: NDArray[np.int64], plan: Plan) -> int:
    """Learn from some sentences; gives the number of their words.

    ids:    words of the text, one after the other.
    starts: [sentences + 1], where each begins in ``ids``.
    """
    longest = 0
    for sentence in range(plan.first, plan.end):
        longest = max(longest, starts[sentence + 1] - starts[sentence])
    text = np.empty(longest, np.int32)
    targets = np.empty(2 * plan.targets, np.int32)
    steps = np.empty(GROUP, np.float32)
    seen = np.zeros(len(network.outputs) if plan.cbow else 1, np.int64)
    scratch = Scratch(pointer(text), pointer(targets), pointer(steps), pointer(seen))
    words, tables = pointer(ids), find_tables(network)
    state, done = plan.seed, 0
    for sentence in range(plan.first, plan.end):
        first, end = starts[sentence], starts[sentence + 1]
        rate = np.float32(plan.rate - plan.fall * done)
        state, count = thin(words, first, end, tables.chances, scratch.text, state)
        if count > 1:
            state = train_text(tables, scratch, plan, count, done, rate, state)
        done += end - first
    return done


@njit(cache=True, nogil=True, forceinline=True)
def find_tables(network: Network) -> Tables:
    """Give a network as addresses."""
    chances = network.chances
    return Tables(
        pointer(network.inputs),
        pointer(network.outputs),
        Chances(pointer(chances.keep), pointer(chances.own), pointer(chances.other)),
        pointer(network.logistic),
        pointer(network.edges),
        pointer(network.grams),
        len(network.outputs),
        len(network.grams) > 0,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def train_text(
    tables: Tables,
    scratch: Scratch,
    plan: Plan,
    count: int,
    done: int,
    rate: np.float32,
    state: State,
) -> State:
    """Learn from the first ``count`` words of a text, two at least, each in turn the centre."""
    text, start = scratch.text, 0
    state = draw_targets(tables, scratch, plan, text[0], start, state)
    for centre in range(count):
        state = advance(state)
        reach = int(1 + draw_below(bits_of(state), plan.window))
        low, high = max(centre - reach, 0), min(centre + reach + 1, count)
        window = Window(low, centre, high, start, done + centre + 1)
        start = plan.targets - start
        if centre + 1 < count:
            state = draw_targets(tables, scratch, plan, text[centre + 1], start, state)
        if centre + plan.window + 1 < count:
            prefetch(tables.inputs, text[centre + plan.window + 1])
        if plan.cbow:
            learn_mean(tables, scratch, plan, window, rate)
        else:
            learn_pairs(tables, scratch, plan, window, rate)
    return state


@njit(cache=True, nogil=True, forceinline=True)
def draw_targets(
    tables: Tables, scratch: Scratch, plan: Plan, centre: int, start: int, state: State
) -> State:
    """Write a centre and its negatives from ``start``, then the centre to the end of the group."""
    targets = scratch.targets
    targets[start] = centre
    prefetch(tables.outputs, centre)
    for place in range(start + 1, start + plan.negatives + 1):
        state = advance(state)
        word = draw_word(tables.chances, tables.words, bits_of(state))
        prefetch(tables.outputs, word)
        targets[place] = word
    for place in range(start + plan.negatives + 1, start + plan.targets):
        targets[place] = centre
    return state


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def learn_pairs(
    tables: Tables, scratch: Scratch, plan: Plan, window: Window, rate: np.float32
) -> None:
    """Take the steps of skip-gram: each context word against the targets."""
    for place in range(window.low, window.high):
        if place != window.centre:
            word = scratch.text[place]
            hidden = read_input(tables, word)
            move_input(tables, word, learn_targets(tables, scratch, plan, window, hidden, rate))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def learn_mean(
    tables: Tables, scratch: Scratch, plan: Plan, window: Window, rate: np.float32
) -> None:
    """Take the step of CBOW: the mean of the context words against the targets.

    A word that stands there several times moves once, so that the mean moves as it should.
    """
    text, seen = scratch.text, scratch.seen
    total = zero_row(tables.inputs)
    for place in range(window.low, window.high):
        if place != window.centre:
            total = add_scaled(total, ONE, read_input(tables, text[place]))
    share = ONE / np.float32(window.high - window.low - 1)
    hidden = add_scaled(zero_row(tables.inputs), share, total)
    change = learn_targets(tables, scratch, plan, window, hidden, rate)
    for place in range(window.low, window.high):
        word = text[place]
        if place != window.centre and seen[word] != window.number:
            seen[word] = window.number
            move_input(tables, word, change)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def learn_targets(
    tables: Tables, scratch: Scratch, plan: Plan, window: Window, hidden: Any, rate: np.float32
) -> Any:
    """Move the output rows of the targets, the first of them true; gives the move of ``hidden``.

    Where the centre stands again, drawn by chance or to fill a group, it moves nothing.
    """
    steps, true = scratch.steps, scratch.targets[window.start]
    change = zero_row(tables.outputs)
    for first in range(window.start, window.start + plan.targets, GROUP):
        targets = offset(scratch.targets, first)
        write_dots(hidden, tables.outputs, targets, steps)
        for place in range(GROUP):
            step = -rate * look_up(tables.logistic, steps[place])
            steps[place] = step if targets[place] != true else NOTHING
            if first + place == window.start:
                steps[place] = step + rate
        change = move_group(hidden, change, tables.outputs, targets, steps)
    return change


@njit(cache=True, nogil=True, forceinline=True)
def look_up(logistic: Floats, value: np.float32) -> np.float32:
    """Give the logistic function of a number from its table."""
    place = min(max(value * SCALE + MIDDLE, NOTHING), np.float32(STEPS - 1))
    value_there: np.float32 = logistic[np.int64(place)]
    return value_there


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def read_input(tables: Tables, word: int) -> Any:
    """Give the input vector of a word: the mean of its row and those of its n-grams."""
    row = load(tables.inputs, word)
    if tables.has_grams:
        first, end = tables.edges[word], tables.edges[word + 1]
        for each in range(first, end):
            row = add_scaled(row, ONE, load(tables.inputs, tables.grams[each]))
        row = add_scaled(zero_row(tables.inputs), ONE / np.float32(end - first + 1), row)
    return row


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def move_input(tables: Tables, word: int, change: Any) -> None:
    """Add a change to the row of a word and to those of its n-grams (Bojanowski et al. 2017)."""
    store(tables.inputs, word, add_scaled(load(tables.inputs, word), ONE, change))
    if tables.has_grams:
        for each in range(tables.edges[word], tables.edges[word + 1]):
            gram = tables.grams[each]
            store(tables.inputs, gram, add_scaled(load(tables.inputs, gram), ONE, change))
