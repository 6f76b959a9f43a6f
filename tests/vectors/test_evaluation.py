"""Word pairs and analogies: read, skipped, counted as gensim does."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import DataError, UnknownNameError
from textwright.vectors.evaluation import (
    AnalogyScores,
    Pair,
    Question,
    SectionScore,
    read_analogies,
    read_pairs,
    score_analogies,
    score_pairs,
)
from textwright.vectors.similarity import Space, make_space

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from gensim.models import KeyedVectors

WORDS = [f"w{number}" for number in range(60)] + ["W3", "w3X", "王"]


@pytest.fixture(scope="module")
def space() -> Space:
    numbers = np.random.default_rng(6).normal(size=(len(WORDS), 4))
    return make_space(numbers.astype(np.float32))


@pytest.fixture(scope="module")
def theirs(space: Space) -> KeyedVectors:
    vectors = KeyedVectors(space.matrix.shape[1])
    vectors.add_vectors(WORDS, space.matrix)
    return vectors


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "word1\tword2\tscore\ntiger\tcat\t7.35\n王\t女王\t9\n",
        "# a remark\ntiger,cat,7.35\n\n王, 女王, 9\n",
        "\ufefftiger cat 7.35\r\n王 女王 9\r\n",
    ],
)
def test_pairs_are_read_with_and_without_a_header(tmp_path: Path, text: str) -> None:
    pairs = read_pairs(write(tmp_path / "pairs", text))

    assert pairs == [Pair("tiger", "cat", 7.35), Pair("王", "女王", 9)]


@pytest.mark.parametrize("line", ["tiger\tcat", "tiger\tcat\thigh", "tiger"])
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match="line 2"):
        read_pairs(write(tmp_path / "pairs", f"a\tb\t1\n{line}\n"))


def test_a_file_of_pairs_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "pairs").write_bytes("a\tb\t1\n王\tb\t1\n".encode("gb18030"))

    with pytest.raises(DataError, match="line 2 is not UTF-8"):
        read_pairs(tmp_path / "pairs")


def test_analogies_are_read_by_section(tmp_path: Path) -> None:
    path = write(
        tmp_path / "questions", ": family\nhe she king queen\n\n: empty\n: 亲属\n王 后 父 母"
    )

    assert read_analogies(path) == {
        "family": [Question("he", "she", "king", "queen")],
        "empty": [],
        "亲属": [Question("王", "后", "父", "母")],
    }


def test_a_question_of_three_words_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2 has 3 words"):
        read_analogies(write(tmp_path / "questions", ": family\nhe she king\n"))


@pytest.mark.parametrize("first", [0, 30])
def test_pairs_are_scored_as_gensim_scores_them(
    tmp_path: Path, space: Space, theirs: KeyedVectors, first: int
) -> None:
    rng = np.random.default_rng(7)
    rows = rng.integers(0, 70, size=(80, 2))  # w60 to w69 are unknown
    lines = [f"W{a}\tw{b}\t{rng.integers(0, 10)}" for a, b in rows]
    path = write(tmp_path / "pairs", "\n".join(lines))

    found = score_pairs(space, WORDS, read_pairs(path), first=first)
    _, (rank, _), unknown = theirs.evaluate_word_pairs(str(path), restrict_vocab=first or 300_000)

    assert found.spearman == pytest.approx(rank)
    assert found.skipped == pytest.approx(unknown * 80 / 100)
    assert found.pairs + found.skipped == 80
    assert 0 < found.skipped < 80


def test_pairs_of_unknown_words_alone_are_refused(space: Space) -> None:
    with pytest.raises(DataError, match="Of 2 pairs of words the vectors know 1"):
        score_pairs(space, WORDS, [Pair("w1", "w2", 1), Pair("w1", "none", 1)])


@pytest.mark.parametrize("first", [0, 30])
def test_analogies_are_scored_as_gensim_scores_them(
    tmp_path: Path, space: Space, first: int
) -> None:
    space, words = space.only(np.arange(60)), WORDS[:60]  # of no word two spellings
    theirs = KeyedVectors(space.matrix.shape[1])
    theirs.add_vectors(words, space.matrix)
    rng = np.random.default_rng(8)
    lines = [": one"]
    for count in range(120):
        a, b, c, d = rng.choice(64, 4, replace=False)  # w60 to w63 are unknown
        near = theirs.most_similar([f"w{b % 60}", f"w{c % 60}"], [f"w{a % 60}"], topn=1)[0][0]
        lines.append(f"w{a} W{b} w{c} {near if count % 2 else f'w{d}'}")
        if count == 70:
            lines.append(": two")
    path = write(tmp_path / "questions", "\n".join(lines))

    found = score_analogies(space, words, read_analogies(path), first=first)
    total, sections = theirs.evaluate_word_analogies(str(path), restrict_vocab=first or 300_000)

    assert found.total.accuracy == pytest.approx(total)
    for ours, section in zip(found.sections, sections, strict=False):
        assert ours.name == section["section"]
        assert ours.right == len(section["correct"])
        assert ours.asked == len(section["correct"]) + len(section["incorrect"])
    assert found.total.right
    assert found.total.skipped


def test_both_rules_find_a_parallelogram() -> None:
    words = ["man", "king", "woman", "queen", "far"]
    corners = [[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [-1, -1, -1]]
    space = make_space(np.array(corners, dtype=np.float32))
    asked = {"family": [Question("man", "King", "woman", "queen"), Question("man", "x", "y", "z")]}

    for rule in ("add", "multiply"):
        found = score_analogies(space, words, asked, rule=rule)
        assert found == AnalogyScores((SectionScore("family", right=1, asked=1, skipped=1),))
        assert found.total.accuracy == 1


def test_of_words_that_differ_in_case_only_the_first_takes_part() -> None:
    words = ["a", "b", "c", "C", "d"]
    space = make_space(np.array([[1, 0], [1, 1], [0, 1], [1, 5], [0, -1]], dtype=np.float32))
    pairs = [Pair("A", "b", 3), Pair("a", "C", 2), Pair("A", "D", 1)]

    assert score_pairs(space, words, pairs).spearman == pytest.approx(0.75**0.5)
    found = score_analogies(space, words, {"one": [Question("a", "a", "B", "C")]})
    assert found.total.right == 1


def test_a_section_without_known_words_scores_nothing(space: Space) -> None:
    found = score_analogies(space, WORDS, {"none": [Question("a", "b", "c", "d")], "empty": []})

    assert [each.asked for each in found.sections] == [0, 0]
    assert found.total.accuracy == 0


def test_an_unknown_rule_is_answered_with_the_nearest(space: Space) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'multiply'"):
        score_analogies(space, WORDS, {}, rule="multiple")


def test_the_files_of_the_field_are_read_whole(shared_data: Path) -> None:
    english = shared_data / "word_similarity_en"
    assert len(read_pairs(english / "ws-353-all.tsv")) == 353
    assert len(read_pairs(english / "men-tr-3k.tsv")) == 3000
    assert len(read_pairs(shared_data / "word_similarity_zh" / "wordsim_240.tsv")) == 240
    google = read_analogies(shared_data / "word_analogy_en" / "questions-words.txt")
    assert (len(google), sum(len(each) for each in google.values())) == (14, 19_544)
    chinese = read_analogies(shared_data / "word_analogy_zh" / "ca_translated.txt")
    assert sum(len(each) for each in chinese.values()) == 953
