"""A model that was trained to write, exported, sealed and asked without torch."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.phrases import FORMS, phrase_recipe, phrases, translate, write_phrases
from tests.training.test_fit import answerer_of
from textwright.errors import UsageError
from textwright.runtime.answer import EMPTY, Answerer
from textwright.runtime.writing import WriteOptions, WritingSession
from textwright.text.batch import make_batch
from textwright.text.splits import read_splits
from textwright.training.fit import Workplace, fit
from textwright.training.progress import Quiet

TEXTS = phrases(12, seed=9)
LONG = " ".join(["ein hund sieht das haus"] * 12)


@pytest.fixture(scope="module", params=FORMS)
def answerer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder: Path = tmp_path_factory.mktemp("written")
    write_phrases(folder)
    data = {"train": "train.jsonl", "dev": "dev.jsonl", "root": str(folder)}
    recipe = phrase_recipe(request.param, data=data)
    recipe = replace(recipe, training=replace(recipe.training, epochs=20))
    place = Workplace(folder / "artifact", folder / "checkpoints")
    fit(recipe, read_splits(recipe.data, recipe.form), place, Quiet())
    return answerer_of(folder / "artifact")


@pytest.fixture
def writing(answerer: Answerer) -> Answerer:
    """Give a model that writes as its recipe says, whatever the test before asked of it."""
    answerer.write_by(WriteOptions())
    return answerer


def test_it_has_learned_to_translate(writing: Answerer) -> None:
    answers = writing.predict(TEXTS)

    right = [each.text == translate(text) for each, text in zip(answers, TEXTS, strict=True)]
    assert sum(right) >= 10
    assert {each.finish_reason for each in answers} == {"stop"}


@pytest.mark.parametrize(
    "options", [WriteOptions(), WriteOptions(beam=1), WriteOptions(temperature=1.3, seed=4)]
)
def test_a_text_is_written_alone_as_beside_others(writing: Answerer, options: WriteOptions) -> None:
    writing.write_by(options)

    together = writing.predict([*TEXTS, LONG, "quux"])

    for text, each in zip(TEXTS, together, strict=False):
        (alone,) = writing.predict([text])
        assert alone.text == each.text
        assert alone.score == pytest.approx(each.score, abs=1e-4)


def test_the_best_texts_come_in_their_order_and_no_text_twice(writing: Answerer) -> None:
    first = [each.text for each in writing.predict(TEXTS)]
    writing.write_by(WriteOptions(beam=6, best=4))

    for answer, text in zip(writing.predict(TEXTS), first, strict=True):
        scores = [answer.score, *(score for _, score in answer.others)]
        assert scores == sorted(scores, reverse=True)
        assert len({answer.text, *(each for each, _ in answer.others)}) == 4
        assert answer.text == text


def test_a_wider_beam_finds_no_worse_text(writing: Answerer) -> None:
    scores = []
    for beam in (1, 8):
        writing.write_by(WriteOptions(beam=beam))
        scores.append([each.score for each in writing.predict(TEXTS)])

    assert all(wide >= narrow - 1e-5 for narrow, wide in zip(*scores, strict=True))


def test_equal_seeds_draw_equal_texts_and_others_do_not(writing: Answerer) -> None:
    drawn = []
    for seed in (1, 1, 2):
        writing.write_by(WriteOptions(temperature=2.0, seed=seed, best=2))
        drawn.append([(each.text, each.others) for each in writing.predict(TEXTS)])

    assert drawn[0] == drawn[1] != drawn[2]


def test_what_is_too_long_empty_or_strange_is_answered_and_said(writing: Answerer) -> None:
    long, empty, strange = writing.predict([LONG, " ", "\ud83d \x00 卡卡"])

    assert long.truncated
    assert not empty.truncated
    assert empty.warning == EMPTY
    assert all(isinstance(each.text, str) for each in (long, empty, strange))
    assert "[" not in strange.text  # neither [UNK] nor [PAD] is ever written


def test_no_text_is_longer_than_the_recipe_lets_it_be(writing: Answerer) -> None:
    writing.write_by(WriteOptions(temperature=100.0))
    session = writing.session
    assert isinstance(session, WritingSession)

    read = writing.encode(TEXTS)
    written = session.write(make_batch(read).inputs)

    for each, (best,), answer in zip(read, written, writing.predict(TEXTS), strict=True):
        assert len(best.tokens) <= 2 * len(each.ids) + 10
        assert answer.finish_reason in ("stop", "length")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (WriteOptions(best=6), "The best 6 texts are asked for, the beam keeps 5"),
        (WriteOptions(beam=2, best=3), "the beam keeps 2"),
        (WriteOptions(best=0), "0 texts are asked for"),
        (WriteOptions(beam=10**8), "The beam is 100000000"),
        (WriteOptions(temperature=1.0, best=10**8), "100000000 texts are asked for"),
        (WriteOptions(temperature=-0.1), "The temperature is -0.1"),
        (WriteOptions(temperature=float("nan")), "The temperature is nan"),
        (WriteOptions(temperature=1.0, top_p=0.0), "top p is 0"),
        (WriteOptions(temperature=1.0, top_k=-1), "top k is -1"),
        (WriteOptions(temperature=1.0, repetition_penalty=0.0), "repetition penalty is 0"),
        (WriteOptions(temperature=1.0, seed=-1), "The seed is -1"),
        (WriteOptions(temperature=1.0, beam=3), "Both a beam and a temperature"),
        (WriteOptions(top_k=3), "are for drawing tokens"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    writing: Answerer, options: WriteOptions, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        writing.write_by(options)


def test_a_server_batches_what_is_written_like_any_answer(writing: Answerer) -> None:
    encodings = writing.encode(TEXTS[:3])

    answers = writing.answers(encodings, writing.run(encodings))

    assert [each.text for each in answers] == [each.text for each in writing.predict(TEXTS[:3])]
