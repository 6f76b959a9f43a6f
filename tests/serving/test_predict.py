"""A request's texts through the version that answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from tests.serving.running import QUICK, Running, Shelf, running
from textwright.errors import InvalidInputError, TooLargeError, UnknownNameError
from textwright.serving.limits import Limits
from textwright.serving.predict import Asked, Prediction, Service, new_id, predict

T = TypeVar("T")


def ask(server: Running, texts: list[str], limits: Limits = QUICK) -> Prediction:
    """Predict on the server's own event loop."""
    loader = server.server.loader
    service = Service(loader, loader.metrics, limits)
    return asyncio.run_coroutine_threadsafe(
        predict(service, Asked("intents", texts)), server.loop
    ).result(10)


def test_one_outcome_a_text_and_one_version_for_all(server: Running) -> None:
    done = ask(server, ["rain", "card", ""])
    assert (done.model, done.version, len(done.outcomes)) == ("intents", 3, 3)


def test_no_texts_and_too_many_are_refused(server: Running) -> None:
    with pytest.raises(InvalidInputError, match="no inputs"):
        ask(server, [])
    with pytest.raises(TooLargeError, match="3 inputs"):
        ask(server, ["rain"] * 3, Limits(inputs=2))


def test_nothing_is_answered_by_a_model_that_is_not_there(shelf: Shelf) -> None:
    with running(shelf) as server, pytest.raises(UnknownNameError, match="intents"):
        ask(server, ["rain"])


def test_the_error_of_the_first_is_raised_only_when_every_text_fails(shelf: Shelf) -> None:
    shelf.deploy("intents", 1, breaks_on_rain=True)
    with running(shelf) as server:
        mixed = ask(server, ["雨", "card"]).outcomes
        assert [isinstance(each, Exception) for each in mixed] == [True, False]
        with pytest.raises(Exception, match="Gather"):
            ask(server, ["雨", "雨"])
        text = server.ask("GET", "/metrics").body.decode()
        assert 'textwright_failures_total{model="intents",reason="internal"} 3.0' in text


def test_ids_are_long_and_never_the_same() -> None:
    made = {new_id() for _ in range(10_000)}
    assert len(made) == 10_000
    assert {len(each) for each in made} == {24}


def test_a_caller_that_goes_away_takes_its_texts_along(server: Running) -> None:
    async def leave() -> None:
        loader = server.server.loader
        batcher = loader.live["intents"].batcher
        service = Service(loader, loader.metrics, QUICK)
        with batcher.session_free:
            task = asyncio.create_task(predict(service, Asked("intents", ["rain"] * 100)))
            await asyncio.sleep(0.01)
            assert batcher.items == 100
            task.cancel()
            await asyncio.wait([task])
        while batcher.items:
            await asyncio.sleep(0.001)

    run_on(server, leave)
    assert server.predict("rain").status == 200


def run_on(server: Running, call: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine on the server's event loop."""

    async def awaited() -> T:
        return await call()

    return asyncio.run_coroutine_threadsafe(awaited(), server.loop).result(10)
