"""BLEU and chrF, held against sacreBLEU itself."""

from collections.abc import Sequence

import numpy as np
import pytest
import sacrebleu

from textwright.tasks.bleu import METRICS, align, count, find_sacrebleu, score_row, sign

WRITTEN = ["A dog runs across the green grass .", "two men are sitting on a bench", "", "The cat"]
GOLD = [
    ("A dog is running across the green grass.",),
    ("Two men are sitting on a bench.", "Two men sit on a bench."),
    ("A child.",),
    ("the cat",),
]
CHINESE = (["一只狗在草地上跑。"], [("一条狗在草地上奔跑。",)])


def score(name: str, texts: Sequence[str], gold: Sequence[tuple[str, ...]]) -> float:
    return METRICS[name](count(texts, gold), np.arange(len(texts)))


@pytest.mark.parametrize(("lowercase", "name"), [(False, "bleu"), (True, "bleu_lowercase")])
def test_bleu_is_that_of_sacrebleu(lowercase: bool, name: str) -> None:
    references = [[each[0] for each in GOLD], [each[1] if len(each) > 1 else None for each in GOLD]]

    expected = find_sacrebleu().BLEU(lowercase=lowercase).corpus_score(WRITTEN, references)

    assert score(name, WRITTEN, GOLD) == pytest.approx(expected.score, abs=1e-9)


@pytest.mark.parametrize(
    ("texts", "gold"),
    [(WRITTEN, GOLD), CHINESE, (["", " "], [("a",), ("b c",)]), (["abc"], [("", "abd")])],
    ids=["several references", "chinese", "nothing written", "an empty reference"],
)
def test_chrf_is_that_of_sacrebleu(texts: list[str], gold: list[tuple[str, ...]]) -> None:
    expected = find_sacrebleu().CHRF().corpus_score(texts, align(gold))

    assert score("chrf", texts, gold) == pytest.approx(expected.score, abs=1e-9)


def test_chrf_of_one_text_is_that_of_sacrebleu() -> None:
    expected = sacrebleu.sentence_chrf(WRITTEN[1], list(GOLD[1]))

    assert score_row(WRITTEN[1], GOLD[1]) == pytest.approx(expected.score, abs=1e-9)


def test_chinese_is_counted_by_characters() -> None:
    expected = sacrebleu.corpus_bleu(CHINESE[0], [[CHINESE[1][0][0]]], tokenize="zh")

    assert score("bleu", *CHINESE) == pytest.approx(expected.score, abs=1e-9)
    assert "tok:zh" in sign(*CHINESE)["bleu"]


def test_signatures_say_what_was_counted() -> None:
    found = sign(WRITTEN, GOLD)

    assert found["bleu"].startswith("sacreBLEU nrefs:var|case:mixed")
    assert "case:lc" in found["bleu_lowercase"]
    assert "tok:13a" in found["bleu"]
    assert "nc:6|nw:0" in found["chrf"]


def test_rows_are_counted_together_and_not_as_a_mean() -> None:
    both = METRICS["bleu"](count(WRITTEN, GOLD), np.array([0, 1]))
    alone = [METRICS["bleu"](count(WRITTEN, GOLD), np.array([each])) for each in (0, 1)]

    assert min(alone) < both < max(alone)
    assert both != pytest.approx(sum(alone) / 2)
