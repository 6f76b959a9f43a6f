"""The solver reaches the optimum, and neither threads nor blocks change a bit."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from textwright.vectors.descent import Floats, solve
from textwright.vectors.weighing import Rows

TEXTS, FEATURES = 60, 25
CLOSE = 0.02  # steps below 0.01 are left out


def random_rows(chance: np.random.Generator) -> tuple[Rows, Floats]:
    """Give sparse rows of length one, the first of them empty, also as [N, F]."""
    full = np.where(chance.random((TEXTS, FEATURES)) < 0.3, chance.random((TEXTS, FEATURES)), 0)
    full = (full / np.linalg.norm(full, axis=1, keepdims=True)).astype(np.float32)
    full[0] = 0
    owners, columns = np.nonzero(full)
    bounds = np.searchsorted(owners, np.arange(TEXTS + 1))
    rows = Rows(bounds, columns.astype(np.int32), full[owners, columns], FEATURES)
    return rows, full


def orders(epochs: int) -> np.typing.NDArray[np.int32]:
    """Give an order of the texts for each pass."""
    chance = np.random.default_rng(0)
    return np.stack([chance.permutation(TEXTS) for _ in range(epochs)]).astype(np.int32)


@pytest.mark.parametrize("pull", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("labels", [1, 3])
def test_the_weights_are_those_of_scikit_learn(labels: int, pull: float) -> None:
    chance = np.random.default_rng(5)
    rows, full = random_rows(chance)
    targets = (chance.random((TEXTS, labels)) < 0.4).astype(np.float32)

    weights, bias = solve(rows, targets, orders(200), pull=pull, threads=1)

    for label in range(labels):
        peer = LinearSVC(C=1 / pull, tol=1e-8, max_iter=100_000, random_state=0)
        peer.fit(full, targets[:, label])
        assert weights[:, label] == pytest.approx(peer.coef_[0], abs=CLOSE)
        assert bias[label] == pytest.approx(peer.intercept_[0], abs=CLOSE)


def test_any_number_of_threads_gives_the_same_bits() -> None:
    chance = np.random.default_rng(6)
    rows, _ = random_rows(chance)
    targets = np.eye(40, dtype=np.float32)[chance.integers(40, size=TEXTS)]  # three blocks

    one, three = (solve(rows, targets, orders(5), pull=1.0, threads=each) for each in (1, 3))

    assert one[0].shape == (FEATURES, 40)
    assert one[0].tobytes() == three[0].tobytes()
    assert one[1].tobytes() == three[1].tobytes()


def test_a_label_has_the_same_weights_alone_as_in_a_block() -> None:
    chance = np.random.default_rng(7)
    rows, _ = random_rows(chance)
    targets = (chance.random((TEXTS, 20)) < 0.3).astype(np.float32)

    together, _ = solve(rows, targets, orders(100), pull=1.0, threads=1)
    alone, _ = solve(rows, targets[:, 17:18], orders(100), pull=1.0, threads=1)

    assert together[:, 17:18] == pytest.approx(alone, abs=CLOSE)
