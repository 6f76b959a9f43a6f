"""Long texts read in parts: the answer is that of the parts, one behind the other."""

from pathlib import Path

import pytest

from tests.runtime.tiny import make_writer
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.tasks.generate import GenerateAnswer
from textwright.text.sentences import join_texts

SENTENCES = ("play the next song loud. ", "where is my new card please? ", "will it rain or snow! ")
TEXT = "".join(SENTENCES)


def open_writer(folder: Path, parts: int) -> Answerer:
    make_writer(folder / f"parts{parts}", parts=parts)
    return Answerer(open_artifact(folder / f"parts{parts}"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("writers")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Answerer:
    return open_writer(folder, 1)


@pytest.fixture(scope="module")
def parted(folder: Path) -> Answerer:
    return open_writer(folder, 9)


def ask(answerer: Answerer, *texts: str) -> list[GenerateAnswer]:
    answers: list[GenerateAnswer] = answerer.predict(texts)
    return answers


def test_the_answer_is_that_of_its_parts_in_order(whole: Answerer, parted: Answerer) -> None:
    read = parted.encode([TEXT * 2])[0].texts
    assert len(read) > 2

    parts = whole.answers(read, whole.run(read))
    (found,) = ask(parted, TEXT * 2)

    assert found.text == join_texts(each.text for each in parts)
    assert found.score == pytest.approx(sum(each.score for each in parts))
    assert not found.truncated
    assert ask(whole, TEXT * 2)[0].truncated


def test_a_short_text_is_answered_as_ever(whole: Answerer, parted: Answerer) -> None:
    assert ask(parted, SENTENCES[0], "", "雨") == ask(whole, SENTENCES[0], "", "雨")


def test_long_and_short_texts_together_are_answered_as_alone(parted: Answerer) -> None:
    texts = [TEXT * 3, SENTENCES[0], TEXT, "", TEXT * 2]

    together = ask(parted, *texts)

    assert [each.text for each in together] == [ask(parted, each)[0].text for each in texts]


def test_what_no_part_holds_is_cut_and_said(folder: Path) -> None:
    (found,) = ask(open_writer(folder, 2), TEXT * 9)

    assert found.truncated


def test_a_part_that_was_cut_makes_the_whole_be_cut() -> None:
    from textwright.tasks.generate import join_answer

    ended, cut = GenerateAnswer("A.", "stop", -1.0), GenerateAnswer("B", "length", -2.0)

    assert join_answer([ended, cut]) == GenerateAnswer("A. B", "length", -3.0)
    assert join_answer([ended, ended]).finish_reason == "stop"
