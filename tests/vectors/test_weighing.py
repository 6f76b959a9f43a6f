"""TF-IDF rows and the contrast of features, against numbers worked out the long way."""

import numpy as np
import pytest

from textwright.recipe.parts import BagSettings
from textwright.vectors.counting import count_corpus
from textwright.vectors.weighing import (
    Features,
    Floats,
    Rows,
    contrast_features,
    keep_features,
    share_rows,
    weigh_rows,
)

WORDS = BagSettings(word_ngrams=1, max_character_ngram=0)
TEXTS = ["a a b", "a c", "", "b b b c a", "d"]


def weigh(texts: list[str], *, min_count: int = 1, threads: int = 1) -> tuple[Rows, Features]:
    """Count and weigh single words."""
    counts = count_corpus(texts, WORDS, threads=1)
    features = keep_features(counts, min_count)
    return weigh_rows(counts, features, threads=threads), features


def dense(rows: Rows) -> Floats:
    """Give the rows as one array [N, F]."""
    full = np.zeros((len(rows.bounds) - 1, rows.features), dtype=np.float32)
    owners = np.repeat(np.arange(len(full)), np.diff(rows.bounds))
    full[owners, rows.columns] = rows.values
    return full


def test_a_row_is_the_tf_idf_of_its_words_with_length_one() -> None:
    rows, _ = weigh(TEXTS)
    tf = np.array([1 + np.log(2), 1])  # "a a b"
    idf = np.array([np.log(6 / 4) + 1, np.log(6 / 3) + 1])
    expected = tf * idf / np.linalg.norm(tf * idf)

    assert sorted(dense(rows)[0][:3].tolist()) == pytest.approx(sorted([*expected, 0]), abs=1e-6)
    assert np.linalg.norm(dense(rows), axis=1) == pytest.approx([1, 1, 0, 1, 1], abs=1e-6)


def test_the_commonest_word_is_the_first_feature() -> None:
    _, features = weigh(TEXTS)

    assert features.texts.tolist() == [3, 2, 2, 1]
    assert features.columns[features.slots].tolist() == [0, 1, 2, 3]


def test_words_of_too_few_texts_are_dropped() -> None:
    rows, features = weigh(TEXTS, min_count=2)

    assert features.texts.tolist() == [3, 2, 2]
    assert np.diff(rows.bounds).tolist() == [2, 2, 0, 3, 0]


def test_threads_do_not_change_the_rows() -> None:
    one, three = (weigh(TEXTS * 5, threads=each)[0] for each in (1, 3))

    assert dense(one).tobytes() == dense(three).tobytes()


@pytest.mark.parametrize("labels", [2, 3])
def test_contrast_is_the_spread_of_the_log_count_ratios(labels: int) -> None:
    chance = np.random.default_rng(3)
    texts = [" ".join(chance.choice(list("abcdefg"), size=5)) for _ in range(20)]
    rows, features = weigh(texts)
    targets = np.eye(labels, dtype=np.float32)[chance.integers(labels, size=20)]
    held = (dense(rows) > 0).astype(float)  # [N, F]
    inside, outside = held.T @ targets + 1, held.T @ (1 - targets) + 1  # [F, L]
    ratios = np.log((inside / inside.sum(axis=0)) / (outside / outside.sum(axis=0)))

    found = contrast_features(rows, features, targets, threads=2)

    assert found == pytest.approx(ratios.std(axis=1), abs=1e-5)


def test_with_two_labels_contrast_is_the_size_of_the_naive_bayes_ratio() -> None:
    rows, features = weigh(["good", "good", "bad", "bad", "it", "it"])
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0], [0, 1]], dtype=np.float32)

    for sides in (targets, targets[:, :1]):  # as two labels, and as one that holds or not
        found = contrast_features(rows, features, sides, threads=1)
        assert sorted(found.tolist()) == pytest.approx([0, np.log(3), np.log(3)], abs=1e-6)


def test_shares_of_rows_are_runs_that_cover_all() -> None:
    bounds = np.array([0, 5, 5, 6, 20])

    for shares in (1, 2, 3, 8):
        edges = share_rows(bounds, shares)
        assert edges == sorted(set(edges))
        assert (edges[0], edges[-1]) == (0, 4)
