"""Trained models, exported and sealed: an answer never depends on who else is in the batch."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.test_fit import SUBJECTS, answerer_of, fit_in, make_recipe
from textwright.runtime.answer import Answerer, plan_batches, warn_of
from textwright.serving.batcher import Batcher
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Outcome
from textwright.tasks.classify import ClassifyAnswer, probabilities
from textwright.text.batch import Encoding

CLOSE = 1e-5
WORDS = [word for texts in SUBJECTS.values() for text in texts for word in text.split()]
TEXT = st.one_of(
    st.lists(st.sampled_from([*WORDS, "quux", "?", "请问"]), max_size=12).map(" ".join),
    st.text(max_size=12),
    st.sampled_from(["", " ", "a", "卡", "\U0001f600", "\ud800", "?!。"]),
)
OUTLIER = "please tell me 我的卡 " * 60


@pytest.fixture(scope="module", params=["bag", "bilstm", "bilstm of several labels"])
def answerer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder: Path = tmp_path_factory.mktemp("trained")
    kind, _, several = request.param.partition(" of ")
    changes = {"training": {"epochs": 6, "batch_size": 8, "learning_rate": 0.03, "threads": 1}}
    recipe = make_recipe(folder, kind, multi=bool(several), **(changes if kind != "bag" else {}))
    fit_in(folder, recipe)
    return answerer_of(folder / "artifact")


@settings(deadline=None, max_examples=40)
@given(texts=st.lists(TEXT, min_size=1, max_size=6), place=st.integers(0, 6))
def test_a_text_scores_the_same_alone_as_in_one_batch_with_an_outlier(
    answerer: Answerer, texts: list[str], place: int
) -> None:
    crowd = [*texts[:place], OUTLIER, *texts[place:]]
    encodings = answerer.encode(crowd)
    together = answerer.run(encodings)["logits"]

    for row, encoding in enumerate(encodings):
        alone = answerer.run([encoding])["logits"][0]
        np.testing.assert_allclose(alone, together[row], rtol=0, atol=CLOSE)


@settings(deadline=None, max_examples=15)
@given(texts=st.lists(TEXT, min_size=1, max_size=8))
def test_the_order_of_the_texts_is_that_of_their_answers(
    answerer: Answerer, texts: list[str]
) -> None:
    forwards, backwards = answerer.predict(texts), answerer.predict(texts[::-1])[::-1]

    for one, other, text in zip(forwards, backwards, texts, strict=True):
        (alone,) = answerer.predict([text])
        assert one.scores == pytest.approx(other.scores, abs=CLOSE)
        assert one.scores == pytest.approx(alone.scores, abs=CLOSE)
        assert one.truncated == alone.truncated
        assert one.warning == alone.warning


def test_the_batches_of_a_server_change_no_answer(answerer: Answerer) -> None:
    texts = [*WORDS, OUTLIER, "", *(f"{one} {other}" for one in WORDS[:9] for other in WORDS[:9])]

    async def ask() -> list[Outcome | None]:
        batcher = Batcher(answerer, BatchLimits(batch_items=16, batch_tokens=600))
        try:
            with batcher.session_free:  # so that they meet
                futures = [batcher.submit([text], monotonic() + 20) for text in texts]
                await asyncio.sleep(0.02)
            return [(await future)[0] for future in futures]
        finally:
            batcher.close()
            for thread in batcher.threads:
                await asyncio.to_thread(thread.join, 10)

    for text, found in zip(texts, asyncio.run(ask()), strict=True):
        (alone,) = answerer.predict([text])
        assert isinstance(found, ClassifyAnswer)
        assert (found.label, found.labels) == (alone.label, alone.labels)
        assert found.scores == pytest.approx(alone.scores, abs=CLOSE)


def test_logits_and_probabilities_are_of_the_answers_given(answerer: Answerer) -> None:
    texts = [*WORDS[:10], "", OUTLIER]
    names = answerer.labels.names

    logits = answerer.outputs(texts)
    table = probabilities(logits, answerer.labels)

    for row, answer in enumerate(answerer.predict(texts)):
        assert answer.score == pytest.approx(table[row].max(), abs=1e-6)
        assert answer.label == names[int(logits[row].argmax())]
        assert answer.scores == pytest.approx(dict(zip(names, table[row], strict=True)), abs=1e-6)


def test_answers_come_as_they_are_asked_for_without_an_end_to_wait_for(answerer: Answerer) -> None:
    taken = [0]

    def endless() -> Iterator[str]:
        while True:
            taken[0] += 1
            yield WORDS[taken[0] % len(WORDS)]

    answers = answerer.predict_each(endless())

    assert isinstance(next(answers), ClassifyAnswer)
    assert taken[0] == 4096  # one window


@pytest.mark.parametrize(("unknown", "warned"), [(0, False), (2, False), (3, True), (4, True)])
def test_a_warning_comes_when_more_than_half_of_the_tokens_are_unknown(
    unknown: int, warned: bool
) -> None:
    ids = np.array([1] * unknown + [7] * (4 - unknown), dtype=np.int64)
    encoding = Encoding(ids)
    between_marks = Encoding(np.array([1, *(ids + 1), 1]), unknown=2, added=2)

    assert bool(warn_of(encoding, None)) == warned
    assert bool(warn_of(between_marks, None)) == warned
    assert bool(warn_of(Encoding(np.array([5])), 1 - unknown / 4)) == warned


def test_a_batch_is_full_at_its_bound_and_not_before() -> None:
    assert list(plan_batches([5] * 8, texts=4, tokens=20)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert list(plan_batches([5] * 8, texts=9, tokens=19)) == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert list(plan_batches([50, 1], texts=9, tokens=19)) == [[1], [0]]
    assert list(plan_batches([0, 0, 0], texts=9, tokens=2)) == [[0, 1], [2]]
