"""Versions asked for by name that production does not answer with."""

import asyncio
import logging
from dataclasses import replace
from threading import Event

import pytest

from tests.serving.running import QUICK, Running, Shelf, running, wait_until
from textwright.errors import (
    DatabaseError,
    ForbiddenError,
    NotReadyError,
    OverloadedError,
    UnauthorizedError,
    UnknownNameError,
)
from textwright.lifecycle.roles import Caller
from textwright.serving.deployments import Deployment
from textwright.serving.limits import RolloutLimits
from textwright.serving.named import NamedVersions
from textwright.serving.predict import Asked, Prediction, Service, predict

OPERATOR = Caller(1, "ann", "operator")
VIEWER = Caller(2, "ben", "viewer")


def ask(server: Running, name: str, key: Caller | None = OPERATOR) -> Prediction:
    """Predict on the server's own event loop."""
    loader = server.server.loader
    service = Service(loader, loader.metrics, loader.limits)
    return asyncio.run_coroutine_threadsafe(
        predict(service, Asked(name, ["rain"], key=key)), server.loop
    ).result(10)


def named(server: Running) -> NamedVersions:
    found: NamedVersions = server.server.loader.asked_for
    return found


@pytest.fixture
def shelf(shelf: Shelf) -> Shelf:
    """Give a shelf with version 1 in production and others beside it."""
    for number in (2, 3, 4):
        shelf.make("intents", number, strength=float(number))
    shelf.deploy("intents", 1)
    return shelf


def test_an_operator_is_answered_by_the_version_it_names(shelf: Shelf) -> None:
    with running(shelf) as server:
        assert ask(server, "intents@2").version == 2
        assert ask(server, "intents@latest").version == 4
        assert ask(server, "intents@1").version == 1
        assert ask(server, "intents").version == 1
        assert sorted(named(server).kept) == [("intents", 2), ("intents", 4)]


def test_without_the_right_nothing_but_production_answers(shelf: Shelf) -> None:
    with running(shelf) as server:
        for name in ("intents", "intents@1", "intents@production"):
            assert ask(server, name, None).version == 1
        for name in ("intents@2", "intents@99", "intents@latest", "intents@candidate"):
            with pytest.raises(UnauthorizedError):
                ask(server, name, None)
            with pytest.raises(ForbiddenError, match="operator"):
                ask(server, name, VIEWER)
        assert not named(server).kept


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("intents@99", "No version is called 'intents@99'"),
        ("intents@prodution", "Did you mean 'intents@production'"),
        ("intents@", "No version is called 'intents@'"),
        ("intents@²", "No version is called 'intents@²'"),
        ("intents@" + "9" * 5000, "No version is called 'intents@999"),
        ("intent@2", "There is no version yet"),
        ("nothing@latest", "nothing has no version"),
        ("intents@candidate", "No rollout of intents is under way"),
    ],
)
def test_a_name_of_no_version_is_answered_with_what_there_is(
    shelf: Shelf, name: str, nearest: str
) -> None:
    with running(shelf) as server, pytest.raises(UnknownNameError) as caught:
        ask(server, name)
    assert nearest in str(caught.value)
    assert len(str(caught.value)) < 500


def test_the_candidate_is_named_by_its_place_and_by_its_number(shelf: Shelf) -> None:
    row = Deployment(
        shelf.targets["intents"], shelf.make("intents", 5, strength=5.0), None, 0.0, "salt"
    )
    shelf.rows = {"intents": row}
    with running(shelf) as server:
        assert ask(server, "intents@candidate").version == 5
        assert ask(server, "intents@5").version == 5
        assert not named(server).kept  # it is loaded already


def test_a_version_of_a_model_without_production_can_be_tried(shelf: Shelf) -> None:
    shelf.make("topics", 1)
    with running(shelf) as server:
        assert ask(server, "topics@1").version == 1
        with pytest.raises(UnknownNameError):
            ask(server, "topics@1", None)


def test_only_so_many_are_kept_and_the_one_longest_not_used_goes(shelf: Shelf) -> None:
    with running(shelf, replace(QUICK, rollout=RolloutLimits(named=2))) as server:
        for name in ("intents@2", "intents@3", "intents@2"):
            ask(server, name)
        threads = named(server).kept["intents", 3][0].batcher.threads
        ask(server, "intents@4")
        assert sorted(named(server).kept) == [("intents", 2), ("intents", 4)]
        wait_until(lambda: not any(each.is_alive() for each in threads))


def test_what_nobody_asks_for_any_more_is_dropped(shelf: Shelf) -> None:
    with running(shelf, replace(QUICK, rollout=RolloutLimits(named_s=0.1))) as server:
        assert ask(server, "intents@2").version == 2
        wait_until(lambda: not named(server).kept)
        assert ask(server, "intents@2").version == 2


def test_a_bad_artifact_is_not_tried_at_every_request(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    (shelf.root / shelf.kept["intents"][2] / "model.onnx").write_bytes(b"no network")
    with caplog.at_level(logging.ERROR), running(shelf) as server:
        for _ in range(3):
            with pytest.raises(NotReadyError, match="intents@2 could not be loaded"):
                ask(server, "intents@2")
        assert ask(server, "intents").version == 1
    assert caplog.text.count("intents@2 cannot be served") == 1


def test_loading_holds_nobody_up_and_is_done_once_for_all_who_wait(shelf: Shelf) -> None:
    going_on = Event()
    with running(shelf, replace(QUICK, rollout=RolloutLimits(named=2))) as server:
        inner = server.server.loader.source.versions

        def slow(model: str) -> dict[int, str]:
            assert going_on.wait(10)
            return dict(inner(model))

        named(server).source = replace(server.server.loader.source, versions=slow)
        service = Service(server.server.loader, server.server.loader.metrics, QUICK)
        waiting = [
            asyncio.run_coroutine_threadsafe(
                predict(service, Asked(name, ["rain"], key=OPERATOR)), server.loop
            )
            for name in ("intents@2", "intents@2", "intents@3")
        ]
        wait_until(lambda: len(named(server).opening) == 2)
        assert ask(server, "intents").version == 1
        with pytest.raises(OverloadedError):
            ask(server, "intents@4")
        going_on.set()
        assert [each.result(10).version for each in waiting] == [2, 2, 3]
        assert len(named(server).kept) == 2


def test_without_the_database_what_is_kept_answers_and_the_rest_is_not_ready(
    shelf: Shelf,
) -> None:
    def away(model: str) -> dict[int, str]:
        raise DatabaseError(f"The versions of {model} are away.", "Wait.")

    with running(shelf) as server:
        assert ask(server, "intents@2").version == 2
        named(server).source = replace(server.server.loader.source, versions=away)
        assert ask(server, "intents@2").version == 2
        with pytest.raises(NotReadyError, match="cannot be read"):
            ask(server, "intents@3")


def test_over_the_wire_a_version_by_number_needs_a_key(shelf: Shelf) -> None:
    with running(shelf) as server:
        assert server.predict("rain", name="intents@1").status == 200
        refused = server.predict("rain", name="intents@2")
        assert refused.status == 401
        assert refused.json["error"]["hint"] == "Send one of role operator."
