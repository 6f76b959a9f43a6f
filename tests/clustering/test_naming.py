"""Names of clusters: the words that set each apart."""

import numpy as np
import pytest

from tests.clustering.topics import make_rows
from textwright.clustering.naming import name_clusters, weigh_words
from textwright.clustering.words import WordCounts, count_words

TEXTS = ["the the the cat", "the the the cat purrs", "the the the dog", "the the the dog barks"]


def test_a_word_common_to_all_clusters_names_none() -> None:
    names = name_clusters(count_words(TEXTS), np.array([0, 0, 1, 1]), 5)

    assert names == [("cat", "purrs"), ("dog", "barks")]


def test_names_of_both_languages() -> None:
    rows = make_rows()
    labels = np.repeat([0, 1, 2], 9)

    names = name_clusters(count_words([text for text, _ in rows]), labels, 4)

    assert names[0] == ("bank", "card", "was", "any")
    assert names[1] == ("bring", "clouds", "rain", "dark")
    assert "音乐" in names[2]


def test_no_more_words_than_asked_for() -> None:
    assert name_clusters(count_words(TEXTS), np.array([0, 0, 1, 1]), 1) == [("cat",), ("dog",)]


def test_texts_in_no_cluster_name_none() -> None:
    names = name_clusters(count_words([*TEXTS, "bird"]), np.array([0, 0, 1, 1, -1]), 5)

    assert "bird" not in sum(names, ())


def test_a_cluster_without_words_has_an_empty_name() -> None:
    names = name_clusters(count_words(["cat", "cat", "!!", "??"]), np.array([0, 0, 1, 1]), 3)

    assert names[1] == ()


def test_weights_are_those_of_the_formula() -> None:
    counted = count_words(["a a b", "b c"])  # columns a, b, c

    weights = weigh_words(WordCounts(counted.counts, counted.words), np.array([0, 1]))

    mean_words = 2.5
    a = np.sqrt(2 / 3) * np.log(1 + mean_words / 2) * np.log((2 / 3) / (2 / 5))
    b = np.sqrt(1 / 2) * np.log(1 + mean_words / 2) * np.log((1 / 2) / (2 / 5))
    assert weights[0, 0] == pytest.approx(a)
    assert weights[0, 1] == 0  # rarer in this cluster than in all
    assert weights[1, 1] == pytest.approx(b)
