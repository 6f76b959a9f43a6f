"""What cannot be clustered, and what is wrong with it."""

from pathlib import Path

import numpy as np
import pytest

from textwright.clustering.checks import (
    check_count,
    check_finite,
    check_size,
    find_placed,
    read_npy,
)
from textwright.errors import DataError, UsageError
from textwright.recipe.clustering import KMeansSettings

PLAIN = KMeansSettings()


def test_blank_texts_and_zeros_cannot_be_placed() -> None:
    texts, raw = ["a", "b", " ", "c"], KMeansSettings(normalize=False)
    vectors = np.array([[1, 0], [0, 0], [0, 1], [0, 1]], dtype=np.float32)

    assert find_placed(texts, vectors, PLAIN).tolist() == [0, 3]
    assert find_placed(texts, vectors, raw).tolist() == [0, 1, 3]
    with pytest.raises(DataError, match="Of 2 rows 1 can be compared"):
        find_placed(texts[:2], vectors[:2], PLAIN)


def test_the_first_row_that_is_no_number_is_named() -> None:
    vectors = np.array([[1, 2], [np.nan, 0], [np.inf, 0]])

    with pytest.raises(DataError, match=r"2 vectors of x\.npy hold NaN .* first in row 2"):
        check_finite(vectors, "x.npy")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (np.zeros((2, 3)), "has 2 rows for 3 texts"),
        (np.zeros(3), "holds no rows of numbers"),
        (np.zeros((3, 2), dtype=np.int64), "holds no rows of numbers"),
        (np.array([["a"], ["b"], ["c"]]), "holds no rows of numbers"),
    ],
)
def test_a_file_of_other_vectors_is_refused(tmp_path: Path, content: np.ndarray, said: str) -> None:
    np.save(tmp_path / "v.npy", content)

    with pytest.raises(DataError, match=said):
        read_npy(tmp_path / "v.npy", 3)


def test_a_file_that_is_no_npy_or_holds_objects_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.npy").write_bytes(b"no vectors")
    np.save(tmp_path / "o.npy", np.array([[print]], dtype=object), allow_pickle=True)

    for name in ("v.npy", "o.npy"):
        with pytest.raises(DataError, match="cannot be read"):
            read_npy(tmp_path / name, 1)
    with pytest.raises(DataError, match="no file"):
        read_npy(tmp_path / "none.npy", 1)


def test_too_few_different_vectors_are_refused() -> None:
    same = np.ones((5, 2), dtype=np.float32)

    with pytest.raises(DataError, match="All 5 texts are the same"):
        check_size(same, PLAIN)
    with pytest.raises(DataError, match="4 clusters cannot be made of 3 different") as caught:
        check_size(np.eye(3, dtype=np.float32), KMeansSettings(k=4))
    assert "--k 3" in caught.value.hint
    with pytest.raises(UsageError, match="One cluster holds every text"):
        check_count(KMeansSettings(k=1))
