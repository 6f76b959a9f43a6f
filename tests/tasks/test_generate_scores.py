"""Scores of written texts, held against sacreBLEU itself."""

from collections.abc import Sequence

import numpy as np
import pytest
import sacrebleu

from textwright.tasks.generate import GenerateAnswer
from textwright.tasks.generate_scores import ask_texts, find_sacrebleu, say, score, tell
from textwright.tasks.measures import find_measures
from textwright.tasks.scores import Rows
from textwright.text.examples import Example
from textwright.text.labels import Labels

NONE = Labels(())
WRITTEN = ["A dog runs across the green grass .", "two men are sitting on a bench", "", "The cat"]
GOLD = [
    ("A dog is running across the green grass.",),
    ("Two men are sitting on a bench.", "Two men sit on a bench."),
    ("A child.",),
    ("the cat",),
]
CHINESE = (["一只狗在草地上跑。"], [("一条狗在草地上奔跑。",)])


def rows_of(texts: Sequence[str], gold: Sequence[tuple[str, ...]]) -> Rows:
    scores = np.empty((len(texts), 1), dtype=object)
    scores[:, 0] = texts
    places = [{"place": str(place % 2)} for place in range(len(texts))]
    return Rows(scores, gold, places)


@pytest.mark.parametrize(("lowercase", "name"), [(False, "bleu"), (True, "bleu_lowercase")])
def test_bleu_is_that_of_sacrebleu(lowercase: bool, name: str) -> None:
    references = [[each[0] for each in GOLD], [each[1] if len(each) > 1 else None for each in GOLD]]

    expected = find_sacrebleu().BLEU(lowercase=lowercase).corpus_score(WRITTEN, references)
    found = score(rows_of(WRITTEN, GOLD), NONE)

    assert found[name] == pytest.approx(expected.score, abs=1e-9)
    low, high = found[f"{name}_interval"]
    assert low <= found[name] <= high
    assert "tok:13a" in found["signatures"][name]
    assert ("case:lc" if lowercase else "case:mixed") in found["signatures"][name]
    assert "nrefs:var" in found["signatures"][name]


def test_chrf_is_that_of_sacrebleu() -> None:
    references = [[each[0] for each in GOLD]]
    rows = rows_of(WRITTEN, [each[:1] for each in GOLD])

    assert score(rows, NONE)["chrf"] == sacrebleu.corpus_chrf(WRITTEN, references).score


def test_chinese_is_counted_by_characters() -> None:
    found = score(rows_of(*CHINESE), NONE)

    expected = sacrebleu.corpus_bleu(CHINESE[0], [[CHINESE[1][0][0]]], tokenize="zh")
    assert found["bleu"] == pytest.approx(expected.score, abs=1e-9)
    assert "tok:zh" in found["signatures"]["bleu"]


def test_slices_are_scored_by_themselves() -> None:
    found = score(rows_of(WRITTEN, GOLD), NONE)["slices"]["place"]

    second = score(rows_of(WRITTEN[1::2], GOLD[1::2]), NONE)
    assert found["1"] == {"rows": 2, "bleu": second["bleu"]}


def test_no_rows_have_no_score() -> None:
    assert score(rows_of([], []), NONE) == {"rows": 0}


def test_a_better_translation_is_told_from_a_worse_one_row_by_row() -> None:
    measures, everything = find_measures("generate"), np.arange(len(GOLD))
    good, bad = rows_of([each[0] for each in GOLD], GOLD), rows_of(WRITTEN, GOLD)

    ours, theirs = tell([good, bad], [NONE, NONE])

    metric = measures.resampled[measures.headline(NONE)]
    assert metric(ours, everything) == pytest.approx(100.0)
    assert metric(theirs, everything) == pytest.approx(score(bad, NONE)["bleu"])


def test_a_row_is_told_with_its_own_chrf() -> None:
    example = Example("ein Hund", ("a dog", "the dog"))

    same, other = (say(np.array([text], dtype=object), example, NONE) for text in ("the dog", "x"))

    assert (same.answer, same.right, same.score) == ("the dog", None, 100.0)
    assert other.score < 20


def test_texts_are_asked_for_in_their_order() -> None:
    def network(inputs: Sequence[object]) -> np.ndarray:
        found = np.empty((len(inputs), 1), dtype=object)
        found[:, 0] = [GenerateAnswer(str(each).upper(), "stop", 0.0) for each in inputs]
        return found

    examples = [Example(each, ("x",)) for each in "ab"]

    assert ask_texts(network, examples, NONE).tolist() == [["A"], ["B"]]
