"""Beam search, held against trying every text and against a plain search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.structures.tables import (
    STOP,
    TableNetwork,
    bounds_of,
    every_text,
    plain_beams,
    score,
)
from textwright.structures.sampling import GREEDY, sample
from textwright.structures.search import Beam, BeamSearch, best_tokens, search_beams
from textwright.structures.writing import Bounds, Floats, Ints, State

SEEDS = st.integers(0, 10_000)
PENALTIES = st.sampled_from([0.0, 0.6, 1.0, 2.0])


@settings(deadline=None, max_examples=60)
@given(seed=SEEDS, vocabulary=st.integers(2, 4), longest=st.integers(1, 4), penalty=PENALTIES)
def test_a_beam_wide_enough_finds_the_best_of_every_text(
    seed: int, vocabulary: int, longest: int, penalty: float
) -> None:
    network = TableNetwork(vocabulary, seed)
    width = vocabulary**longest
    found = search_beams(
        network, network.start([0, 1]), bounds_of([0, 1], longest), Beam(width, penalty, best=3)
    )

    for source, written in enumerate(found):
        texts = sorted(every_text(network, source, longest), key=lambda each: -score(each, penalty))
        assert [each.tokens for each in written] == [each[0] for each in texts[:3]]
        assert [each.finished for each in written] == [each[2] for each in texts[:3]]
        assert [each.log_probability for each in written] == pytest.approx(
            [each[1] for each in texts[:3]], abs=1e-4
        )


@settings(deadline=None, max_examples=100)
@given(
    seed=SEEDS,
    vocabulary=st.integers(2, 300),
    longest=st.integers(1, 7),
    width=st.integers(1, 5),
    penalty=PENALTIES,
)
def test_a_narrow_beam_finds_what_a_plain_search_finds(
    seed: int, vocabulary: int, longest: int, width: int, penalty: float
) -> None:
    network = TableNetwork(vocabulary, seed)
    beam = Beam(width, penalty, best=width)
    sources = [3, 1, 4]
    found = search_beams(network, network.start(sources), bounds_of(sources, longest), beam)

    for source, written in zip(sources, found, strict=True):
        expected = plain_beams(network, source, longest, beam)
        assert [each.tokens for each in written] == [each[0] for each in expected]
        assert [each.score for each in written] == pytest.approx(
            [score(each, penalty) for each in expected], abs=1e-4
        )


@settings(deadline=None, max_examples=50)
@given(seed=SEEDS, vocabulary=st.integers(2, 8), longest=st.integers(1, 7), penalty=PENALTIES)
def test_a_beam_of_one_writes_the_likeliest_token_each_time(
    seed: int, vocabulary: int, longest: int, penalty: float
) -> None:
    network, sources = TableNetwork(vocabulary, seed), list(range(9))
    bounds = bounds_of(sources, longest)
    found = search_beams(network, network.start(sources), bounds, Beam(1, penalty))
    greedy = sample(network, network.start(sources), bounds, [GREEDY] * len(sources))

    assert [(each.tokens, each.finished) for (each,) in found] == [
        (each.tokens, each.finished) for (each,) in greedy
    ]


def test_a_source_finds_the_same_alone_and_among_others() -> None:
    network = TableNetwork(50, seed=5)
    sources = list(range(12))
    together = search_beams(network, network.start(sources), bounds_of(sources, 9), Beam(4))
    alone = [
        search_beams(network, network.start([each]), bounds_of([each], 9), Beam(4))[0]
        for each in sources
    ]

    assert together == alone


def test_each_source_has_a_longest_length_of_its_own() -> None:
    network = TableNetwork(20, seed=2)
    bounds = Bounds(np.zeros(3, np.int64), np.array([1, 4, 8]), (STOP,))
    found = search_beams(network, network.start([0, 1, 2]), bounds, Beam(3))

    assert found == [
        search_beams(network, network.start([each]), bounds_of([each], longest), Beam(3))[0]
        for each, longest in enumerate([1, 4, 8])
    ]


class Certain:
    """A network that stops after one token, nearly surely."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, tokens: Ints, state: State) -> tuple[Floats, State]:
        """Score the next token of each row."""
        self.calls += 1
        logits = np.zeros((*tokens.shape, 6), dtype=np.float32)
        logits[..., STOP if self.calls > 1 else 2] = 30.0
        return logits, state


def test_the_search_ends_when_nothing_better_can_come() -> None:
    network = Certain()
    found = search_beams(network, State(), bounds_of([0], 1000), Beam(3))

    assert found[0][0].tokens == (2,)
    assert network.calls == 2


def test_banned_tokens_are_never_written() -> None:
    network = TableNetwork(6, seed=1)
    bounds = Bounds(np.zeros(1, np.int64), np.array([6]), (STOP,), banned=(0, 3))
    found = search_beams(network, network.start([0]), bounds, Beam(5, best=5))

    assert not {0, 3} & {token for text in found[0] for token in text.tokens}


def test_any_stop_token_ends_a_text() -> None:
    network = TableNetwork(4, seed=8)
    bounds = Bounds(np.zeros(1, np.int64), np.array([5]), (STOP, 2))
    found = search_beams(network, network.start([0]), bounds, Beam(4, best=4))

    assert {token for text in found[0] for token in text.tokens} <= {0, 3}


@given(seed=SEEDS, vocabulary=st.integers(1, 3000), count=st.integers(1, 12))
@settings(deadline=None)
def test_the_best_tokens_are_those_of_a_full_sort(seed: int, vocabulary: int, count: int) -> None:
    count = min(count, vocabulary)
    logits = np.random.default_rng(seed).normal(size=(2, 3, vocabulary)).astype(np.float32)
    told, tokens = best_tokens(logits, count)
    expected = np.argsort(-logits, axis=2)[..., :count]
    normal = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))

    assert np.array_equal(np.sort(tokens), np.sort(expected))
    assert np.allclose(told, np.take_along_axis(normal, tokens, axis=2), atol=1e-5)


def test_a_search_without_sources_finds_nothing() -> None:
    assert BeamSearch(bounds_of([], 5), Beam()).found == []
    assert search_beams(Certain(), State(), bounds_of([], 5), Beam()) == []
