"""Sampling: limits, penalties, and random numbers that belong to a text alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.structures.tables import STOP, TableNetwork, bounds_of
from textwright.structures.sampling import (
    GREEDY,
    Limits,
    Sampling,
    choose_tokens,
    penalize,
    sample,
)
from textwright.structures.writing import Bounds, Floats, Ints, State, Written

EVEN = (np.arange(2000) + 0.5) / 2000  # as random numbers that miss nothing


def limits(rows: int, temperature: float = 1.0, top_k: int = 9, top_p: float = 1.0) -> Limits:
    return Limits(np.full(rows, temperature), np.full(rows, top_k), np.full(rows, top_p))


def shares(logits: list[float], chosen: Limits) -> list[float]:
    """How often each token is chosen over evenly spread random numbers."""
    rows = np.tile(np.array(logits, dtype=np.float32), (len(EVEN), 1))
    counts = np.bincount(choose_tokens(rows, EVEN, chosen), minlength=len(logits))
    return list(counts / len(EVEN))


def test_tokens_are_drawn_by_their_probability() -> None:
    told = np.log([0.5, 0.1, 0.25, 0.15]).tolist()

    assert shares(told, limits(len(EVEN))) == pytest.approx([0.5, 0.1, 0.25, 0.15], abs=2e-3)


def test_a_temperature_sharpens_the_probabilities() -> None:
    told = np.log([0.8, 0.2]).tolist()  # at 0.5 they are squared: 0.64 to 0.04

    assert shares(told, limits(len(EVEN), 0.5)) == pytest.approx([16 / 17, 1 / 17], abs=2e-3)


def test_top_k_leaves_the_likeliest_tokens() -> None:
    told = np.log([0.4, 0.1, 0.3, 0.2]).tolist()

    assert shares(told, limits(len(EVEN), top_k=2)) == pytest.approx([4 / 7, 0, 3 / 7, 0], abs=2e-3)


def test_more_likeliest_tokens_than_there_are_leave_all() -> None:
    network, bounds = TableNetwork(12, seed=3), bounds_of([0] * 20, 5)
    drawn = [
        sample(
            network,
            network.start([0] * 20),
            bounds,
            [Sampling(50.0, top_k, top_p=0.99, seed=each) for each in range(20)],
        )
        for top_k in (0, 12, 40)
    ]

    assert drawn[0] == drawn[1] == drawn[2]


def test_top_p_leaves_the_fewest_tokens_that_reach_it() -> None:
    told = np.log([0.4, 0.1, 0.3, 0.2]).tolist()
    expected = [4 / 9, 0, 3 / 9, 2 / 9]  # 0.4 + 0.3 is not yet 0.75

    assert shares(told, limits(len(EVEN), top_p=0.75)) == pytest.approx(expected, abs=2e-3)
    assert shares(told, limits(len(EVEN), top_p=1e-9)) == [1.0, 0.0, 0.0, 0.0]


def test_rows_have_limits_of_their_own() -> None:
    logits = np.tile(np.array([1.0, 3.0, 2.0], dtype=np.float32), (3, 1))
    own = Limits(np.array([0.0, 1.0, 1.0]), np.array([3, 1, 3]), np.array([1.0, 1.0, 1.0]))

    assert choose_tokens(logits, np.array([0.99, 0.99, 0.99]), own).tolist() == [1, 1, 0]


@pytest.mark.parametrize("top_k", [0, 7, 400])
@pytest.mark.parametrize("top_p", [1.0, 0.999, 0.6])
def test_the_likeliest_tokens_alone_give_the_choice_among_all(top_k: int, top_p: float) -> None:
    chance = np.random.default_rng(6)
    rows, vocabulary = 200, 3_000
    logits = chance.normal(0, 3, (rows, vocabulary)).astype(np.float32)
    chances = chance.random(rows)
    temperature = chance.choice([0.2, 1.0, 4.0], rows)
    limits = Limits(temperature, np.full(rows, top_k or vocabulary), np.full(rows, top_p))
    order = np.argsort(-logits, axis=1, kind="stable")
    sorted_out = np.take_along_axis(logits, order, axis=1).astype(np.float64)
    shares = np.exp((sorted_out - sorted_out[:, :1]) / temperature[:, None])
    shares[:, top_k or vocabulary :] = 0
    before = np.cumsum(shares, axis=1) - shares
    shares[before >= top_p * shares.sum(axis=1, keepdims=True)] = 0
    sums = np.cumsum(shares, axis=1)
    place = (sums <= chances[:, None] * sums[:, -1:]).sum(axis=1)

    chosen = choose_tokens(logits, chances, limits)

    expected = order[np.arange(rows), place]
    assert np.count_nonzero(chosen != expected) <= 1  # where a sum is on the edge of two


def test_a_repetition_is_penalized_above_and_below_zero() -> None:
    logits = np.array([[2.0, -2.0, 1.0]], dtype=np.float32)
    found = penalize(logits, np.array([[0, 1, 1]]), np.array([2.0]))

    assert found.tolist() == [[1.0, -4.0, 1.0]]


@given(seed=st.integers(0, 1000))
def test_greedy_takes_the_likeliest_token_each_time(seed: int) -> None:
    network = TableNetwork(9, seed)
    written = sample(network, network.start([0]), bounds_of([0], 6), [GREEDY])[0][0]
    tokens: tuple[int, ...] = ()
    while len(tokens) < 6 and (best := int(network.logits(0, tokens).argmax())) != STOP:
        tokens = (*tokens, best)

    assert written.tokens == tokens
    assert written.finished == (len(tokens) < 6)


def test_a_log_probability_is_that_of_the_network_without_limits() -> None:
    network = TableNetwork(9, seed=6)
    setting = Sampling(temperature=0.7, top_k=3, seed=4)
    written = sample(network, network.start([0]), bounds_of([0], 5), [setting])[0][0]
    whole = (*written.tokens, STOP) if written.finished else written.tokens
    told = [network.log_probabilities(0, whole[:at])[token] for at, token in enumerate(whole)]

    assert written.log_probability == pytest.approx(sum(told), abs=1e-4)


def write(sources: list[int], seeds: list[int], count: int = 2) -> list[list[Written]]:
    network = TableNetwork(30, seed=3)
    samplings = [Sampling(temperature=1.5, top_p=0.95, seed=seed) for seed in seeds]
    return sample(network, network.start(sources), bounds_of(sources, 12), samplings, count=count)


def test_a_text_does_not_depend_on_what_else_is_written() -> None:
    together = write([5, 6, 7, 8], [1, 2, 3, 1])

    assert together == [
        write([5], [1])[0],
        write([6], [2])[0],
        write([7], [3])[0],
        write([8], [1])[0],
    ]
    assert [each[:1] for each in together] == write([5, 6, 7, 8], [1, 2, 3, 1], count=1)


def test_seeds_and_samples_differ() -> None:
    first, second = write([5, 5], [1, 2])

    assert len({each.tokens for each in (*first, *second)}) == 4


class Stuck:
    """A network that scores the same each time."""

    def __call__(self, tokens: Ints, state: State) -> tuple[Floats, State]:
        """Score the next token of each row."""
        row = np.array([1.0, -9.0, 3.0, 2.9, 2.8], dtype=np.float32)
        return np.tile(row, (*tokens.shape, 1)), state


def test_a_penalty_keeps_a_network_from_going_round() -> None:
    plain = Sampling(temperature=0.0)
    penalized = Sampling(temperature=0.0, repetition_penalty=1.5)
    bounds = bounds_of([0, 1], 4)
    first, second = sample(Stuck(), State(), bounds, [plain, penalized])

    assert first[0].tokens == (2, 2, 2, 2)
    assert second[0].tokens == (2, 3, 4, 2)


def test_banned_tokens_are_never_drawn() -> None:
    network = TableNetwork(5, seed=1)
    bounds = Bounds(np.zeros(1, np.int64), np.array([30]), (STOP,), banned=(0, 3))
    texts = sample(network, network.start([0]), bounds, [Sampling(temperature=3.0)], count=20)[0]

    assert {token for text in texts for token in text.tokens} == {2, 4}


def test_no_source_gives_no_text() -> None:
    network = TableNetwork(5, seed=1)

    assert sample(network, network.start([]), bounds_of([], 5), []) == []


def test_each_source_writes_as_long_as_it_may() -> None:
    network = TableNetwork(40, seed=9)
    bounds = Bounds(np.zeros(2, np.int64), np.array([2, 7]), (STOP,))
    short, long = sample(network, network.start([0, 0]), bounds, [GREEDY, GREEDY])

    assert len(short[0].tokens) == 2
    assert long[0].tokens[:2] == short[0].tokens
    assert not short[0].finished


def test_a_text_that_stopped_gains_nothing_while_another_goes_on() -> None:
    network = TableNetwork(4, seed=3)
    setting = [Sampling(seed=5)]
    several = sample(network, network.start([0]), bounds_of([0], 20), setting, count=6)[0]
    alone = sample(network, network.start([0]), bounds_of([0], 20), setting, count=1)[0]

    assert len({len(each.tokens) for each in several}) > 1
    assert several[0] == alone[0]
    assert all(STOP not in each.tokens for each in several)
