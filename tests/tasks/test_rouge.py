"""ROUGE, held against rouge-score and against counting by hand."""

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from textwright.tasks.rouge import METRICS, NAMES, count, score_row, sign

TEXT, GOLD = "the meetings were moved to Monday", "Meeting moved to monday morning"


def test_latin_text_is_counted_as_rouge_score_does_with_its_stemmer() -> None:
    expected = RougeScorer(NAMES, use_stemmer=True).score(GOLD, TEXT)

    found = count([TEXT], [(GOLD,)])[0]

    assert found == pytest.approx([100 * expected[name].fmeasure for name in NAMES])
    assert found[0] == pytest.approx(100 * 2 * 4 / (6 + 5))  # meet, move, to, monday


def test_chinese_is_counted_by_characters() -> None:
    found = count(["天气很好"], [("今天天气好",)])[0]

    both, written, right = 3, 4, 5  # 天气好
    assert found[0] == pytest.approx(100 * 2 * both / (written + right))
    assert found[1] == pytest.approx(100 * 2 * 1 / (3 + 4))  # 天气
    assert found[2] == pytest.approx(100 * 2 * 3 / (4 + 5))


def test_of_several_references_the_nearest_counts() -> None:
    found = count(["budget for May"], [("travel plans", "the budget for May")])

    assert found[0, 0] == pytest.approx(100 * 2 * 3 / (3 + 4))


def test_a_metric_is_the_mean_over_its_rows() -> None:
    scores = count([TEXT, "x", GOLD], [(GOLD,)] * 3)

    assert METRICS["rouge1"](scores, np.array([1, 2])) == pytest.approx(50)
    assert METRICS["rougeL"](scores, np.array([0])) == scores[0, 2]
    assert METRICS["rouge2"](scores, np.array([0, 2])) == pytest.approx(scores[[0, 2], 1].mean())


def test_nothing_written_scores_nothing() -> None:
    assert count([""], [(GOLD,)]).tolist() == [[0, 0, 0]]
    assert score_row(GOLD, ("something else", GOLD)) == 100


def test_the_signature_says_the_package_and_what_its_words_are() -> None:
    assert sign([TEXT], [(GOLD,)])["rouge"].startswith("rouge-score 0.")
    assert "words, stemmed" in sign([TEXT], [(GOLD,)])["rouge"]
    assert "characters" in sign(["天"], [("天气",)])["rouge"]
