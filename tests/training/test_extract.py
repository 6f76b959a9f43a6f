"""Baselines that learn nothing: the lead, TextRank, the commonest answer, the text as it is."""

from collections.abc import Sequence

import numpy as np
import pytest

from textwright.tasks.rouge import score_row
from textwright.text.examples import Dataset, Example, make_dataset
from textwright.text.labels import Labels, TextMetrics
from textwright.training.extract import (
    count_usual,
    make_ranker,
    rank_sentences,
    score_extracts,
    take_best,
)

ROUGE = TextMetrics((), metrics={"": "rouge"})
MAIL = (
    "Hello there, all of you. The budget meeting moved to Monday. Please bring the budget plans "
    "to the meeting on Monday. Sent from my phone."
)


def dataset(rows: Sequence[Example]) -> Dataset:
    return make_dataset("rows", rows, (), {})


def mail(text: str, summary: str) -> Example:
    return Example(text, (summary,))


def task(name: str, text: str, target: str) -> Example:
    return Example(f"{name}: {text}", (target,), {"task": name}, opening=f"{name}: ")


def test_the_lead_has_as_many_words_as_summaries_have_on_average() -> None:
    train = dataset([mail("x", "two words"), mail("y", "and these are four")])
    test = dataset([mail(MAIL, "budget meeting")])

    found = score_extracts("generate", train, test, ROUGE)["baseline"]

    assert count_usual(train.examples) == 3
    assert found["name"] == "lead"
    expected = score_row("Hello there, all", ("budget meeting",))
    assert found["rougeL"] == expected == 0


def test_text_rank_stands_beside_the_lead_and_finds_what_the_text_is_about() -> None:
    train = dataset([mail(MAIL, "the budget meeting moved to Monday")] * 2)
    test = dataset([mail(MAIL, "budget meeting on Monday")])

    found = score_extracts("generate", train, test, ROUGE)

    assert found["second_baseline"]["name"] == "TextRank"
    assert found["second_baseline"]["rouge1"] > found["baseline"]["rouge1"] == 0


def test_a_sentence_ranks_by_others_that_are_like_it() -> None:
    alike = np.array([[1, 0.9, 0.8, 0], [0.9, 1, 0.1, 0], [0.8, 0.1, 1, 0], [0, 0, 0, 1]])

    ranks = rank_sentences(alike)

    assert ranks.sum() == pytest.approx(1)
    assert ranks.argsort()[::-1].tolist()[:2] == [0, 1]
    assert ranks.argmin() == 3


def test_ranks_are_those_of_the_equation_solved_at_once() -> None:
    chance = np.random.default_rng(3)
    half = chance.random((6, 6))
    alike = half + half.T
    weights = alike * (1 - np.eye(6))
    onward = weights / weights.sum(axis=1, keepdims=True)

    solved = np.linalg.solve(np.eye(6) - 0.85 * onward.T, np.full(6, 0.15 / 6))

    assert rank_sentences(alike) == pytest.approx(solved, abs=1e-5)


def test_the_best_sentences_stand_in_the_order_of_the_text() -> None:
    sentences = ["one two. ", "three four. ", "five six. "]

    assert take_best(sentences, np.array([0.3, 0.1, 0.6]), 4) == "one two. five six."
    assert take_best(sentences, np.array([0.3, 0.1, 0.6]), 3) == "one two. five"
    assert take_best(sentences, np.array([0.3, 0.1, 0.6]), 2) == "five six."


@pytest.mark.parametrize("text", ["", "   ", "...", "one"])
def test_a_text_of_almost_nothing_is_ranked_too(text: str) -> None:
    assert make_ranker([mail("a b", "a")], 3)(mail(text, "x")) == text.strip()


def test_each_task_is_held_against_what_suits_it() -> None:
    labels = TextMetrics(
        (), metrics={"to": "bleu", "feel": "accuracy", "sum": "rouge"}, column="task"
    )
    train = [task("feel", "x", "bad"), task("feel", "y", "bad"), task("feel", "z", "good")]
    train += [task("sum", "the mail", "five words are in here"), task("to", "ein hund", "a dog")]
    test = [task("to", "a dog", "a dog"), task("feel", "q", "bad"), task("feel", "r", "good")]
    test += [task("sum", "all of it is here and more", "all of it is here")]

    found = score_extracts("text-to-text", dataset(train), dataset(test), labels)

    whole = found["baseline"]
    assert whole["name"] == "the text as it is, the commonest answer, lead"
    assert whole["accuracy"] == 0.5
    assert whole["rouge1"] == pytest.approx(100)
    assert whole["slices"]["task"]["to"]["chrf"] == pytest.approx(100)
    assert found["second_baseline"]["accuracy"] == 0.5


def test_translations_are_held_against_their_text_alone() -> None:
    rows = dataset([mail("ein hund", "a dog")])

    found = score_extracts("generate", rows, rows, Labels(()))

    assert found.keys() == {"baseline"}
    assert found["baseline"]["name"] == "the text as it is"
