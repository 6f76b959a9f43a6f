"""Search, analogies and the odd one out, held against trying every case in float64."""

import warnings

import numpy as np
import pytest

from textwright.vectors import similarity
from textwright.vectors.similarity import (
    Floats,
    Rows,
    Space,
    add_analogies,
    make_space,
    multiply_analogies,
    nearest,
    odd_one_out,
    unit,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from gensim.models import KeyedVectors

WORDS = 300


@pytest.fixture
def matrix() -> Floats:
    return np.random.default_rng(3).normal(size=(WORDS, 8)).astype(np.float32)


@pytest.fixture(params=[7, 64, 4096])
def space(matrix: Floats, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Space:
    """Give a space searched in blocks of several sizes."""
    monkeypatch.setattr(similarity, "BLOCK", request.param)
    return make_space(matrix)


@pytest.fixture
def theirs(matrix: Floats) -> KeyedVectors:
    """Give the same vectors to gensim."""
    vectors = KeyedVectors(matrix.shape[1])
    vectors.add_vectors([str(row) for row in range(WORDS)], matrix)
    return vectors


def cosines(matrix: Floats, vector: Floats) -> Floats:
    plain = matrix.astype(np.float64)
    lengths = np.linalg.norm(plain, axis=1) * np.linalg.norm(vector)
    every: Floats = (plain @ vector / lengths).astype(np.float32)
    return every


def test_the_nearest_are_those_of_all_cosines(space: Space, matrix: Floats) -> None:
    queries = np.random.default_rng(4).normal(size=(20, 8)).astype(np.float32) * 9

    found = nearest(space, queries, 10)

    for query, rows, scores in zip(queries, found.rows, found.scores, strict=True):
        every = cosines(matrix, query)
        assert rows.tolist() == np.argsort(-every)[:10].tolist()
        assert np.allclose(scores, np.sort(every)[::-1][:10], atol=1e-6)


def test_rows_left_out_are_not_found(space: Space, matrix: Floats) -> None:
    queries = matrix[:5]
    leave_out = np.array([[row, 100 + row, -1] for row in range(5)])

    found = nearest(space, queries, WORDS, leave_out=leave_out)

    assert found.rows.shape == (5, WORDS)
    for rows, scores, out in zip(found.rows, found.scores, leave_out, strict=True):
        assert set(rows[scores == -np.inf]) == set(out[:2])


def test_one_is_the_first_of_many(space: Space, matrix: Floats) -> None:
    one, many = nearest(space, matrix[:9], 1), nearest(space, matrix[:9], 5)

    assert one.rows[:, 0].tolist() == many.rows[:, 0].tolist() == list(range(9))


def test_asking_for_more_than_there_is_gives_all(space: Space, matrix: Floats) -> None:
    assert nearest(space, matrix[:1], 10**6).rows.shape == (1, WORDS)


def test_equal_rows_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "BLOCK", 2)
    space = make_space(np.ones((7, 3), dtype=np.float32))

    assert nearest(space, np.ones((1, 3), dtype=np.float32), 4).rows.tolist() == [[0, 1, 2, 3]]


def test_zeros_are_like_nothing() -> None:
    space = make_space(np.array([[0, 0], [0, -1], [3, 4]], dtype=np.float32))

    found = nearest(space, np.array([[0, 2], [0, 0]], dtype=np.float32), 3)

    assert found.rows.tolist() == [[2, 0, 1], [0, 1, 2]]
    assert found.scores.ravel().tolist() == pytest.approx([0.8, 0, -1, 0, 0, 0])


def questions() -> Rows:
    rows = np.random.default_rng(5)
    return np.array([rows.choice(WORDS, 3, replace=False) for _ in range(30)])


def test_3cosadd_is_gensims(space: Space, matrix: Floats, theirs: KeyedVectors) -> None:
    given = questions()

    found = add_analogies(space, matrix[given], 3, leave_out=given)

    for (a, b, c), rows, scores in zip(given.tolist(), found.rows, found.scores, strict=True):
        best = theirs.most_similar(positive=[str(b), str(c)], negative=[str(a)], topn=3)
        assert [str(row) for row in rows] == [word for word, _ in best]
        assert scores.tolist() == pytest.approx([score for _, score in best], abs=1e-5)


def test_3cosmul_is_its_equation(space: Space, matrix: Floats) -> None:
    given = questions()

    found = multiply_analogies(space, matrix[given], 3, leave_out=given)

    for (a, b, c), rows, scores in zip(given, found.rows, found.scores, strict=True):
        to_a, to_b, to_c = ((cosines(matrix, matrix[each]) + 1) / 2 for each in (a, b, c))
        every = to_b * to_c / (to_a + 0.001)
        every[[a, b, c]] = -np.inf
        assert rows.tolist() == np.argsort(-every)[:3].tolist()
        assert np.allclose(scores, np.sort(every)[::-1][:3], rtol=1e-4)


def test_the_odd_one_out_is_gensims(matrix: Floats, theirs: KeyedVectors) -> None:
    for given in questions():
        odd = odd_one_out(matrix[given])
        assert str(given[odd]) == theirs.doesnt_match([str(row) for row in given])


def test_the_first_rows_are_a_space_without_a_copy(space: Space, matrix: Floats) -> None:
    first = space.only(np.arange(10))
    some = space.only(np.array([2, 5]))

    assert first.matrix.base is not None
    assert np.array_equal(first.matrix, matrix[:10])
    assert np.array_equal(some.matrix, matrix[[2, 5]])
    assert np.array_equal(some.inverses, space.inverses[[2, 5]])
    assert len(space.only(np.array([], dtype=np.int64)).matrix) == 0


def test_unit_rows_have_length_one(space: Space, matrix: Floats) -> None:
    rows = np.array([[1, 2], [3, 4]])

    assert np.allclose(space.unit_rows(rows), unit(matrix[rows]), atol=1e-6)
    assert np.allclose(np.linalg.norm(space.unit_rows(rows), axis=-1), 1)
