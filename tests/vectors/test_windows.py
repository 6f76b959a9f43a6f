"""One step of each method, held against its equations in plain numpy."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit

from textwright.vectors import lanes, sampling
from textwright.vectors.lanes import GROUP, Floats, make_rows, pointer
from textwright.vectors.sampling import Ids, make_chances
from textwright.vectors.windows import (
    BOUND,
    BUILT_ON,
    STEPS,
    Network,
    Plan,
    Scratch,
    Window,
    find_tables,
    learn_mean,
    learn_pairs,
    look_up,
    make_logistic,
    train_sentences,
)

WORDS, DIMENSIONS, RATE = 6, 10, 0.25
CLOSE = 1e-3  # the logistic function comes from a table: off by 0.002 at most, times the rate
NO_GRAMS = (np.zeros(1, np.int64), np.zeros(0, np.int32))
GRAMS = (np.array([0, 2, 2, 3, 5, 5, 5]), np.array([6, 7, 6, 7, 8], np.int32))


@njit(nogil=True)
def step(network: Network, text: Ids, targets: Ids, cbow: bool) -> None:
    """Take a step with the first word of the text as centre, the whole text being the window."""
    seen, steps = np.zeros(len(network.outputs), np.int64), np.zeros(GROUP, np.float32)
    scratch = Scratch(pointer(text), pointer(targets), pointer(steps), pointer(seen))
    plan = Plan(cbow, 5, 0, len(targets), 0, 1, RATE, 0.0, np.uint64(9))
    window = Window(0, 0, len(text), 0, 1)
    if cbow:
        learn_mean(find_tables(network), scratch, plan, window, np.float32(RATE))
    else:
        learn_pairs(find_tables(network), scratch, plan, window, np.float32(RATE))


@njit(nogil=True)
def look_up_all(logistic: Floats, values: Floats) -> Floats:
    """Look up each value."""
    table = pointer(logistic)
    return np.array([look_up(table, value) for value in values])


def numbers(*words: int) -> Ids:
    """Give word numbers as kernels take them."""
    return np.array(words, np.int32)


def make_network(grams: tuple[Any, Any] = NO_GRAMS) -> tuple[Network, Floats, Floats]:
    """Give a network of random rows, with its input and output matrix."""
    chance = np.random.default_rng(3)
    inputs, input_matrix = make_rows(WORDS + 3, DIMENSIONS)
    outputs, output_matrix = make_rows(WORDS, DIMENSIONS)
    input_matrix[:] = chance.normal(size=input_matrix.shape)
    output_matrix[:] = chance.normal(size=output_matrix.shape)
    chances = make_chances(np.arange(WORDS, 0, -1), 0)
    network = Network(inputs, outputs, chances, make_logistic(), *grams)
    return network, input_matrix, output_matrix


def in_groups(targets: list[int]) -> Ids:
    """Fill targets up to whole groups, as kernels take them."""
    return numbers(*targets, *[targets[0]] * (-len(targets) % GROUP))


def learn(hidden: Floats, outputs: Floats, targets: list[int]) -> Floats:
    """Equation 4 of Mikolov et al. 2013, its gradient: the first target is the true one.

    Those of a group are scored before any of them moves. A true one drawn again is left out.
    """
    change = np.zeros_like(hidden)
    for first in range(0, len(targets), GROUP):
        group = targets[first : first + GROUP]
        scores = 1 / (1 + np.exp(-outputs[group] @ hidden))
        for place, (target, score) in enumerate(zip(group, scores, strict=True), first):
            if place == 0 or target != targets[0]:
                step = RATE * ((place == 0) - score)
                change += step * outputs[target]
                outputs[target] += step * hidden
    return change


@pytest.mark.parametrize("targets", [[1, 4, 5], [3], [2, 5, 5, 2], [4, 1, 0, 3, 2, 5, 1, 5]])
def test_a_step_of_skip_gram_is_that_of_the_equations(targets: list[int]) -> None:
    network, inputs, outputs = make_network()
    expected_inputs, expected_outputs = inputs.copy(), outputs.copy()
    expected_inputs[2] += learn(inputs[2].copy(), expected_outputs, targets)

    step(network, numbers(targets[0], 2), in_groups(targets), cbow=False)

    assert inputs == pytest.approx(expected_inputs, abs=CLOSE * 5)
    assert outputs == pytest.approx(expected_outputs, abs=CLOSE * 5)
    assert not np.allclose(outputs[targets[0]], make_network()[2][targets[0]], atol=CLOSE * 5)


def test_a_step_of_cbow_moves_each_word_of_the_window_once_as_their_mean_moves() -> None:
    network, inputs, outputs = make_network()
    expected_inputs, expected_outputs = inputs.copy(), outputs.copy()
    expected_inputs[[0, 2]] += learn(inputs[[0, 2, 2]].mean(axis=0), expected_outputs, [5, 1, 3])

    step(network, numbers(5, 0, 2, 2), in_groups([5, 1, 3]), cbow=True)

    assert inputs == pytest.approx(expected_inputs, abs=CLOSE * 5)
    assert outputs == pytest.approx(expected_outputs, abs=CLOSE * 5)


def test_with_n_grams_a_word_is_the_mean_of_its_rows_and_all_of_them_move() -> None:
    network, inputs, outputs = make_network(GRAMS)
    expected_inputs, expected_outputs = inputs.copy(), outputs.copy()
    rows = [3, 7, 8]  # the word itself, then its n-grams
    expected_inputs[rows] += learn(inputs[rows].mean(axis=0), expected_outputs, [1, 4])

    step(network, numbers(1, 3), in_groups([1, 4]), cbow=False)

    assert inputs == pytest.approx(expected_inputs, abs=CLOSE * 5)
    assert outputs == pytest.approx(expected_outputs, abs=CLOSE * 5)


def test_the_logistic_table_is_close_and_its_ends_hold_beyond_it() -> None:
    values = np.linspace(-BOUND, BOUND, 999).astype(np.float32)

    found = look_up_all(make_logistic(), values)
    ends = look_up_all(make_logistic(), np.array([-1e30, 1e30], np.float32))

    assert found == pytest.approx(1 / (1 + np.exp(-values)), abs=BOUND / STEPS / 3)
    assert ends == pytest.approx([0, 1], abs=1e-3)


@pytest.mark.parametrize("cbow", [False, True])
def test_only_the_sentences_asked_for_are_learned_from(cbow: bool) -> None:
    network, inputs, _ = make_network()
    before = inputs.copy()
    ids = np.array([0, 1, 2, 3, 4, 5], np.int32)
    starts = np.array([0, 2, 4, 5, 6])
    plan = Plan(cbow, 5, 2, GROUP, 1, 3, RATE, 0.0, np.uint64(9))

    words = train_sentences(network, ids, starts, plan)

    assert words == 3
    assert inputs[[0, 1, 4, 5]].tobytes() == before[[0, 1, 4, 5]].tobytes()
    assert not np.allclose(inputs[[2, 3]], before[[2, 3]])


def test_stored_kernels_are_compiled_again_when_what_they_are_built_on_changes() -> None:
    sources = [Path(str(each.__file__)).read_bytes() for each in (lanes, sampling)]

    assert hashlib.sha256(b"".join(sources)).hexdigest()[:16] == BUILT_ON
