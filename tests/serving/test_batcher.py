"""Batches: every text answered once and by its own answer, whoever shares the session."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.tiny import WORDS, make_artifact
from textwright.errors import DeadlineError, NotReadyError, OverloadedError
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.serving.batcher import Batcher
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Outcome
from textwright.tasks.classify import ClassifyAnswer

WORD = st.sampled_from(" ".join(WORDS.values()).replace("雨", "").split())
TEXT = st.lists(WORD, max_size=12).map(" ".join)
REQUESTS = st.lists(
    st.tuples(st.lists(TEXT, min_size=1, max_size=9), st.booleans(), st.booleans()), max_size=12
)
SMALL = BatchLimits(batch_items=4, batch_tokens=24, queue_items=64)


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder = tmp_path_factory.mktemp("batcher") / "artifact"
    make_artifact(folder)
    return Answerer(open_artifact(folder))


@pytest.fixture
def fragile(tmp_path: Path) -> Answerer:
    make_artifact(tmp_path / "fragile", breaks_on_rain=True)
    return Answerer(open_artifact(tmp_path / "fragile"))


def with_batcher(
    answerer: Answerer,
    use: Callable[[Batcher], Awaitable[None]],
    limits: BatchLimits = SMALL,
    observe: Callable[[int, float], None] = lambda _items, _seconds: None,
) -> None:
    """Run a coroutine with a batcher, then let the batcher's threads end."""

    async def run() -> None:
        batcher = Batcher(answerer, limits, observe)
        try:
            await use(batcher)
        finally:
            batcher.close()
            for thread in batcher.threads:
                await asyncio.to_thread(thread.join, 10)
        assert not batcher.alive
        await asyncio.sleep(0)  # what the threads handed over last
        assert (batcher.items, batcher.characters) == (0, 0)
        assert not batcher.admission.held
        assert not batcher.open
        assert not batcher.crew.waiting.size
        assert not batcher.crew.ready
        assert not batcher.crew.finished

    asyncio.run(run())


def soon() -> float:
    return monotonic() + 10


@settings(max_examples=60, deadline=None)
@given(requests=REQUESTS)
def test_every_accepted_text_gets_its_own_answer_once_and_in_its_place(
    answerer: Answerer, requests: list[tuple[list[str], bool, bool]]
) -> None:
    async def use(batcher: Batcher) -> None:
        accepted = []
        for texts, cancelled, pause in requests:
            try:
                future = batcher.submit(texts, soon())
            except OverloadedError:
                continue
            if pause:
                await asyncio.sleep(0.001)
            if cancelled:
                future.cancel()
            else:
                accepted.append((texts, future))
        for texts, future in accepted:
            check_answers(answerer, texts, await future)

    with_batcher(answerer, use)


def check_answers(answerer: Answerer, texts: list[str], outcomes: list[Outcome | None]) -> None:
    assert len(outcomes) == len(texts)
    for expected, given_answer in zip(answerer.predict(texts), outcomes, strict=True):
        assert isinstance(given_answer, ClassifyAnswer)
        assert given_answer.label == expected.label
        assert given_answer.scores == pytest.approx(expected.scores, abs=1e-5)


def test_a_text_that_breaks_the_network_fails_alone(fragile: Answerer) -> None:
    async def use(batcher: Batcher) -> None:
        with batcher.session_free:  # so that all of them share a batch
            futures = [batcher.submit([text], soon()) for text in ("card", "雨", "song")]
            await asyncio.sleep(0.02)
        (card,), (broken,), (song,) = [await future for future in futures]
        assert isinstance(card, ClassifyAnswer)
        assert isinstance(song, ClassifyAnswer)
        assert isinstance(broken, Exception)
        assert (card.label, song.label) == ("card", "music")

    with_batcher(fragile, use)


def test_what_waits_while_the_session_is_busy_shares_the_next_batch(answerer: Answerer) -> None:
    sizes: list[int] = []

    async def use(batcher: Batcher) -> None:
        with batcher.session_free:
            futures = [batcher.submit(["rain"], soon()) for _ in range(8)]
            await asyncio.sleep(0.05)
        await asyncio.gather(*futures)

    with_batcher(answerer, use, observe=lambda items, _seconds: sizes.append(items))
    assert sum(sizes) == 8
    assert max(sizes) == SMALL.batch_items


def test_beyond_its_bound_a_request_is_refused_whole_and_at_once(answerer: Answerer) -> None:
    async def use(batcher: Batcher) -> None:
        with batcher.session_free:
            first = batcher.submit(["rain"] * 60, soon())
            with pytest.raises(OverloadedError) as refused:
                batcher.submit(["rain"] * 5, soon())
            second = batcher.submit(["rain"] * 4, soon())
        assert refused.value.retry_s >= 1
        assert len(await first) + len(await second) == 64

    with_batcher(answerer, use)


def test_the_queue_is_bounded_in_characters_too(answerer: Answerer) -> None:
    async def use(batcher: Batcher) -> None:
        with pytest.raises(OverloadedError):
            batcher.submit(["rain" * 100], soon())

    with_batcher(answerer, use, BatchLimits(queue_characters=399))


def test_past_its_deadline_a_text_is_not_run(answerer: Answerer) -> None:
    async def use(batcher: Batcher) -> None:
        late = batcher.submit(["rain"], monotonic() - 1)
        in_time = batcher.submit(["rain"], soon())
        assert isinstance((await late)[0], DeadlineError)
        assert isinstance((await in_time)[0], ClassifyAnswer)

    with_batcher(answerer, use)


def test_a_cancelled_request_leaves_the_queue_and_its_place_to_others(answerer: Answerer) -> None:
    async def use(batcher: Batcher) -> None:
        with batcher.session_free:
            batcher.submit(["rain"] * 64, soon()).cancel()
        while batcher.items:
            await asyncio.sleep(0.001)
        assert len(await batcher.submit(["rain"] * 64, soon())) == 64

    with_batcher(answerer, use)


def test_after_closing_it_answers_what_it_accepted_and_nothing_more(answerer: Answerer) -> None:
    async def use(batcher: Batcher) -> None:
        accepted = batcher.submit(["rain"] * 20, soon())
        batcher.close()
        with pytest.raises(NotReadyError):
            batcher.submit(["rain"], soon())
        assert all(isinstance(each, ClassifyAnswer) for each in await accepted)

    with_batcher(answerer, use)
