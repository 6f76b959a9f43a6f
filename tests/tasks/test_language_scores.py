"""Perplexity and bits of texts."""

import math

import numpy as np
import pytest

from textwright.tasks.language import LanguageScore
from textwright.tasks.language_scores import SMALLER, say, score, tell
from textwright.tasks.measures import find_measures
from textwright.tasks.scores import Rows
from textwright.text.examples import Example
from textwright.text.labels import Labels

NONE = Labels(())
NATS = math.log(2)
ROWS = Rows(np.array([[8 * NATS, 4, 8, 0], [2 * NATS, 1, 12, 1]]), [(), ()], [{}, {}])


def test_all_texts_count_together() -> None:
    found = score(ROWS, NONE)

    assert found["bits_per_character"] == pytest.approx(10 / 20)
    assert found["perplexity"] == pytest.approx(2 ** (10 / 5))
    assert found["nats_per_character"] == pytest.approx(NATS / 2)
    assert found["log_probability"] == pytest.approx(-2 * NATS)
    assert (found["tokens"], found["characters"], found["unknown_share"]) == (5, 20, 0.2)
    for name in ("perplexity", "bits_per_character"):
        low, high = found[f"{name}_interval"]
        assert low <= found[name] <= high


def test_a_slice_has_every_metric_of_its_texts() -> None:
    parts = Rows(ROWS.scores, ROWS.gold, [{"by": "prose"}, {"by": "verse"}])
    alone = score(parts.take(np.array([1])), NONE)

    assert score(parts, NONE)["slices"]["by"]["verse"] == {"rows": 1} | {
        name: each for name, each in alone.items() if isinstance(each, float)
    }
    assert (alone["bits_per_character"], alone["unknown_share"]) == (pytest.approx(1 / 6), 1.0)


def test_empty_texts_change_nothing_and_cost_nothing_by_themselves() -> None:
    empty = Rows(np.zeros((20, 4)), [()] * 20, [{}] * 20)
    joined = Rows(np.concatenate([ROWS.scores, empty.scores]), [()] * 22, [{}] * 22)

    plain, both, alone = (score(each, NONE) for each in (ROWS, joined, empty))

    for name in (*SMALLER, "log_probability", "nats_per_character", "unknown_share"):
        assert both[name] == plain[name]
        assert alone[name] == (name == "perplexity")
    assert say(empty.scores[0], Example("", ()), NONE).answer == "0.000 bits a character"


def test_no_texts_have_no_score() -> None:
    assert score(Rows(np.zeros((0, 4)), [], []), NONE) == {"rows": 0}


def test_less_is_better_but_for_what_stands_first() -> None:
    measures = find_measures("language")
    (told,) = tell([ROWS], [NONE])

    assert measures.headline(NONE) == "log_probability"
    assert set(measures.smaller) == measures.resampled.keys() - {"log_probability"}
    assert measures.resampled["bits_per_character"](told, np.array([1])) == pytest.approx(1 / 6)


def test_what_is_counted_of_a_token_is_not_compared_where_tokens_differ() -> None:
    longer = Rows(ROWS.scores + np.array([0, 1, 0, 0]), ROWS.gold, ROWS.slices)
    resampled, everything = find_measures("language").resampled, np.arange(2)

    for told in tell([ROWS, longer], [NONE] * 2):
        assert resampled["bits_per_character"](told, everything) == pytest.approx(0.5)
        assert math.isnan(resampled["perplexity"](told, everything))
        assert math.isnan(resampled["log_probability"](told, everything))
    alike = tell([ROWS, ROWS], [NONE] * 2)[1]
    assert resampled["perplexity"](alike, everything) == pytest.approx(4)


def test_one_text_is_told_by_its_bits() -> None:
    said = say(ROWS.scores[0], Example("abcdefg", ()), NONE)

    assert (said.answer, said.right) == ("1.000 bits a character", None)
    assert said.costs == pytest.approx((8 * NATS, 4, 8, 0))


def test_a_score_is_shown_with_what_is_unknown() -> None:
    known, unknown = LanguageScore(NATS, 1, 2), LanguageScore(NATS, 2, 2, 1)

    assert known.line() == "0.5000 bits a character\tperplexity 2.00"
    assert unknown.line().endswith("(1 of 2 tokens are unknown)")
    assert known.table()["perplexity"] == pytest.approx(2.0)
    assert LanguageScore(1e9, 1, 1).perplexity < math.inf
