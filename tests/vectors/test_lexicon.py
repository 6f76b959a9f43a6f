"""The hash table of words: growth, blocks, and forgetting."""

import random
from collections import Counter

import numpy as np

from textwright.recipe.vectors import CorpusSettings
from textwright.vectors.lexicon import CUT_LINES, READ, Lexicon, lexicon_of
from textwright.vectors.spelling import make_alphabet

SPACES = make_alphabet(CorpusSettings(tokenizer="spaces", lowercase=False))


def test_many_words_are_counted_as_python_counts_them() -> None:
    rng, lexicon = random.Random(4), Lexicon()
    words = [f"w{int(30_000 * rng.random() ** 2)}" for _ in range(200_000)]

    numbers = [
        lexicon.number(" ".join(words[at : at + 7001]).encode(), SPACES, learn=True)
        for at in range(0, len(words), 7001)
    ]

    known = lexicon.words()
    assert [known[each] for each in np.concatenate(numbers) if each >= 0] == words
    assert dict(zip(known, lexicon.counts().tolist(), strict=True)) == Counter(words)
    assert lexicon.table.counters[READ] == 200_000


def test_words_are_numbered_by_first_occurrence_and_sentences_end() -> None:
    lexicon = Lexicon()

    first = lexicon.number(b"to be\n\nor not", SPACES, learn=True)
    second = lexicon.number(b"\t to be \nto", SPACES, learn=True)

    assert first.tolist() == [0, 1, -1, 2, 3]
    assert second.tolist() == [0, 1, -1, 0]  # the sentence ran on from the block before


def test_a_lexicon_that_does_not_learn_answers_unknown() -> None:
    lexicon = lexicon_of(["ärger", "to", "be"])

    found = lexicon.number("to ärger bee\nnot to b".encode(), SPACES, learn=False)

    assert found.tolist() == [1, 0, -2, -1, -2, 1, -2]
    assert lexicon.counts().tolist() == [1, 2, 0]
    assert len(lexicon) == 3


def test_marks_stand_alone_and_control_characters_vanish() -> None:
    lexicon = Lexicon()
    alphabet = make_alphabet(CorpusSettings(tokenizer="words"))

    lexicon.number(b"Don't st\x00op!!", alphabet, learn=True)

    assert lexicon.words() == ["don", "'", "t", "stop", "!"]
    assert lexicon.counts().tolist() == [1, 1, 1, 1, 2]


def test_a_line_is_cut_at_ten_thousand_words_and_counted_once() -> None:
    lexicon = Lexicon()

    found = lexicon.number(b"a " * 25_000 + b"\n" + b"b " * 10_000 + b"\n", SPACES, learn=True)

    assert np.flatnonzero(found == -1).tolist() == [10_000, 20_001, 25_002, 35_003]
    assert lexicon.table.counters[CUT_LINES] == 1


def test_the_rarest_words_are_forgotten_and_the_others_found_again() -> None:
    lexicon = Lexicon()
    lexicon.number(b"a a a a b c c c d e e", SPACES, learn=True)

    untouched = lexicon.prune(5)
    limit = lexicon.prune(4)
    again = lexicon.number(b"b c a e", SPACES, learn=True)

    assert (untouched, limit) == (0, 2)
    assert lexicon.words() == ["a", "c", "b", "e"]
    assert lexicon.counts().tolist() == [5, 4, 1, 1]
    assert again.tolist() == [2, 1, 0, 3]
