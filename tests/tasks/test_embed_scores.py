"""How near vectors are, against how alike people found the texts."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from textwright.tasks.embed_scores import RESAMPLED, ask_cosines, name_texts, say, score, tell
from textwright.tasks.scores import Rows
from textwright.text.examples import Example, Input
from textwright.text.labels import Labels

NONE = Labels(())
VECTORS = {"a": [1.0, 0.0], "b": [0.0, 2.0], "c": [3.0, 3.0], "zero": [0.0, 0.0]}


def network(inputs: Sequence[Input]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([VECTORS[str(each)] for each in inputs], dtype=np.float32)


def pair(first: str, second: str, label: str = "") -> Example:
    return Example(first, (label,) if label else (), text_b=second)


def test_the_score_of_a_pair_is_the_cosine_and_zero_beside_a_vector_of_zeros() -> None:
    examples = [pair("a", "b"), pair("a", "c"), pair("c", "c"), pair("zero", "a")]

    found = ask_cosines(network, examples, NONE)

    assert found[:, 0] == pytest.approx([0, 0.5**0.5, 1, 0])


def test_single_texts_have_no_score() -> None:
    found = ask_cosines(network, [Example("a", ()), pair("a", "b", "1")], NONE)

    assert found.shape == (2, 0)
    assert score(Rows(found, [(), ("1",)], [{}, {}]), NONE) == {"rows": 2}


def test_correlations_are_scipys_over_the_rows_with_a_label() -> None:
    chance = np.random.default_rng(0)
    gold = chance.integers(0, 6, 50)
    said = gold / 5 + chance.normal(scale=0.2, size=50)
    rows = Rows(
        np.append(said, 9.0)[:, None], [*((str(each),) for each in gold), ()], [{"part": "x"}] * 51
    )

    found = score(rows, NONE)
    (told,) = tell([rows], [NONE])

    assert found["spearman"] == pytest.approx(spearmanr(said, gold).statistic)
    assert found["pearson"] == pytest.approx(pearsonr(said, gold).statistic)
    assert found["slices"]["part"]["x"] == {
        name: found[name] for name in ("rows", "spearman", "pearson")
    }
    for name, metric in RESAMPLED.items():
        assert metric(told, np.arange(51)) == found[name]


def test_equal_texts_have_equal_numbers_and_no_label_is_none() -> None:
    found = name_texts([pair("a", "b", "3"), pair("b", "a")], NONE)

    assert found[0].tolist() == [0, 1, 3]
    assert found[1, :2].tolist() == [1, 0]
    assert np.isnan(found[1, 2])
    assert name_texts([], NONE).shape == (0, 3)


def test_a_cosine_is_kept_and_neither_right_nor_wrong() -> None:
    said = say(np.array([0.25]), pair("a", "b", "1"), NONE)

    assert (said.answer, said.right, said.score) == ("0.2500", None, 0.25)
