"""The first rows of an embedding of word vectors, from real vectors and trained ones."""

import numpy as np
import pytest

from textwright.errors import DataError
from textwright.recipe.parts import TokenizerSettings, VectorsEmbeddingSettings
from textwright.recipe.vectors import NgramSettings
from textwright.text.tokenizer import Tokenizer, train_tokenizer
from textwright.training.first_rows import fill_rows, train_rows, weigh_rows
from textwright.vectors.subwords import NgramRows
from textwright.vectors.vectors import Vectors

TEXTS = ["red green blue", "red red zzz", "green qqq"]
COLOURS = ["green", "red", "blue", "black"]
MATRIX = np.random.default_rng(4).standard_normal((4, 50)).astype(np.float32)


def tokenizer_of(kind: str = "words", min_count: int = 1) -> Tokenizer:
    return train_tokenizer(TEXTS, TokenizerSettings(kind, min_count=min_count))


def test_words_get_their_vectors_and_the_rest_is_said() -> None:
    tokenizer = tokenizer_of()

    rows, coverage = fill_rows(Vectors(COLOURS, MATRIX), tokenizer, tokenizer.encode(TEXTS), seed=1)

    by_word = dict(zip(tokenizer.words, rows, strict=True))
    for word in ("green", "red", "blue"):
        np.testing.assert_array_equal(by_word[word], MATRIX[COLOURS.index(word)])
    assert not by_word["[PAD]"].any()
    np.testing.assert_allclose(by_word["[UNK]"], MATRIX[:3].mean(axis=0), rtol=1e-5, atol=1e-6)
    assert coverage.vocabulary == pytest.approx(3 / 5)
    assert coverage.tokens == pytest.approx(6 / 8)
    assert coverage.more == 0


def test_words_that_only_the_vectors_know_have_a_row_and_leave_the_shares_alone() -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerSettings(), ["black", "mauve"])

    rows, coverage = fill_rows(Vectors(COLOURS, MATRIX), tokenizer, tokenizer.encode(TEXTS), seed=1)

    assert tokenizer.words[-2:] == ["black", "mauve"]
    np.testing.assert_array_equal(rows[-2], MATRIX[COLOURS.index("black")])
    assert coverage.vocabulary == pytest.approx(3 / 5)
    assert coverage.tokens == pytest.approx(6 / 8)
    assert coverage.more == 1


def test_words_without_a_vector_get_random_ones_of_the_same_spread_by_the_seed() -> None:
    tokenizer = tokenizer_of()
    vectors, encodings = Vectors(COLOURS, 0.1 * MATRIX), tokenizer.encode(TEXTS)

    one, same, other = (
        fill_rows(vectors, tokenizer, encodings, seed=seed)[0] for seed in (1, 1, 2)
    )

    places = [tokenizer.words.index(word) for word in ("zzz", "qqq")]
    np.testing.assert_array_equal(one, same)
    assert not np.isclose(one[places], other[places]).all()
    assert 0.05 < one[places].std() < 0.2
    assert abs(one[places].mean()) < 0.05


def test_words_without_a_vector_get_the_mean_of_their_n_grams_where_there_are_any() -> None:
    grams = NgramRows(NgramSettings(3, 4, 50), np.arange(2500, dtype=np.float32).reshape(50, 50))
    tokenizer = tokenizer_of()

    rows, coverage = fill_rows(
        Vectors(COLOURS, MATRIX, ngrams=grams), tokenizer, tokenizer.encode(TEXTS), seed=1
    )

    expected = grams.vector("zzz")
    assert expected is not None
    np.testing.assert_array_equal(rows[tokenizer.words.index("zzz")], expected)
    assert (coverage.vocabulary, coverage.tokens) == (1.0, 1.0)


def test_vectors_without_a_word_of_the_training_text_are_refused() -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerSettings(), ["电影"])

    with pytest.raises(DataError, match="No word of the training text"):
        fill_rows(Vectors(["电影"], MATRIX[:1]), tokenizer, tokenizer.encode(TEXTS), seed=1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_vectors_that_are_no_numbers_are_refused_by_word(bad: float) -> None:
    matrix = MATRIX.copy()
    matrix[1, 3] = bad
    tokenizer = tokenizer_of()

    with pytest.raises(DataError, match="The vector of 'red' holds"):
        fill_rows(Vectors(COLOURS, matrix), tokenizer, tokenizer.encode(TEXTS), seed=1)


@pytest.mark.parametrize("kind", ["words", "jieba", "characters", "bpe"])
@pytest.mark.parametrize("method", ["skip-gram", "cbow"])
def test_vectors_are_trained_on_the_tokens_of_any_tokenizer(kind: str, method: str) -> None:
    tokenizer = tokenizer_of(kind)
    encodings = tokenizer.encode(TEXTS * 5)
    settings = VectorsEmbeddingSettings(train=method, dimensions=6, epochs=2)

    one, same = (train_rows(settings, tokenizer, encodings, seed=3) for _ in range(2))

    rows, coverage = fill_rows(one, tokenizer, encodings, seed=3)
    assert one.dimensions == 6
    assert coverage.tokens == 1.0
    np.testing.assert_array_equal(one.matrix, same.matrix)
    assert rows.shape == (tokenizer.size, 6)


def test_rare_words_train_the_vector_of_the_unknown_one() -> None:
    tokenizer = tokenizer_of(min_count=2)
    encodings = tokenizer.encode(TEXTS * 5)
    settings = VectorsEmbeddingSettings(train="skip-gram", dimensions=6, epochs=2)

    vectors = train_rows(settings, tokenizer, encodings, seed=3)
    rows, coverage = fill_rows(vectors, tokenizer, encodings, seed=3)

    np.testing.assert_array_equal(rows[1], vectors["[UNK]"])
    assert coverage.vocabulary == 1.0
    assert coverage.tokens == pytest.approx(5 / 8)  # an unknown word is never counted as known


def test_bare_rows_say_nothing_of_words_without_a_vector() -> None:
    tokenizer = tokenizer_of()
    vectors = Vectors(COLOURS, MATRIX)

    rows, _ = fill_rows(vectors, tokenizer, tokenizer.encode(TEXTS), seed=1, bare=True)

    empty = [word for word, row in zip(tokenizer.words, rows, strict=True) if not row.any()]
    assert empty == ["[PAD]", "[UNK]", "qqq", "zzz"]


def test_rare_words_weigh_more() -> None:
    tokenizer = tokenizer_of()
    rows = np.ones((tokenizer.size, 2), dtype=np.float32)

    weighed = weigh_rows(rows, tokenizer.encode(TEXTS), 0.1)

    by_word = dict(zip(tokenizer.words, weighed[:, 0].tolist(), strict=True))
    assert by_word["red"] == pytest.approx(0.1 / (0.1 + 3 / 8))
    assert by_word["blue"] == pytest.approx(0.1 / (0.1 + 1 / 8))
    assert by_word["[PAD]"] == 1.0
