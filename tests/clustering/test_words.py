"""Words out of texts of both languages, and vectors made of them."""

import numpy as np
import pytest

from tests.clustering.topics import make_rows
from textwright.clustering.words import LSA_DIMENSIONS, count_words, split_words, word_vectors
from textwright.errors import DataError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't STOP, me now!", ["don't", "stop", "me", "now"]),
        ("Ｆｕｌｌ width １２", ["full", "width", "12"]),
        ("我的卡，被拒了。", ["我", "的", "卡", "被", "拒", "了"]),
        ("用iPhone 12付款", ["用", "iphone", "12", "付款"]),
        ("... !!! ,", []),
        ("", []),
    ],
)
def test_words_are_lower_case_without_punctuation(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_words_are_counted_by_text() -> None:
    counts, words = count_words(["a b a", "b", ""])

    assert words.tolist() == ["a", "b"]
    assert counts.toarray().tolist() == [[2, 1], [0, 1], [0, 0]]


def test_texts_without_any_word_are_refused() -> None:
    with pytest.raises(DataError, match="No text has a word"):
        count_words(["!!!", "", "..."])


def test_texts_of_one_topic_point_the_same_way() -> None:
    rows = make_rows()
    vectors = word_vectors(count_words([text for text, _ in rows]), seed=7)

    near = vectors @ vectors.T
    topics = np.array([topic for _, topic in rows])
    same = topics[:, None] == topics[None, :]
    assert near[same].mean() > 10 * near[~same].mean()


def test_many_words_are_brought_to_few_numbers_the_same_each_time() -> None:
    texts = [f"w{each} w{each + 1} w{each + 2} common" for each in range(300)]
    counted = count_words(texts)

    vectors = word_vectors(counted, seed=7)

    assert vectors.shape == (300, LSA_DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, word_vectors(counted, seed=7))


def test_a_text_without_words_and_words_of_one_text_are_no_trouble() -> None:
    assert not word_vectors(count_words(["a b", "a b", "!!"]), seed=7)[2].any()
    assert word_vectors(count_words(["one", "two"]), seed=7).shape == (2, 2)


def test_a_rare_word_weighs_as_the_cube_of_its_rarity() -> None:
    (first, *_) = word_vectors(count_words(["all rare", "all rare", *["all other"] * 8]), seed=7)

    rarity = np.array([1 + np.log(11 / 11), 1 + np.log(11 / 9), 1 + np.log(11 / 3)])
    weights = rarity**3 * [1, 0, 1]  # all, other, rare
    np.testing.assert_allclose(first, weights / np.linalg.norm(weights), atol=1e-6)
