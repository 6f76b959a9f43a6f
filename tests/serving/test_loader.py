"""Versions swapped under a running server."""

import logging
from functools import partial
from threading import Event, Thread
from time import sleep

import numpy as np
import pytest

from tests.runtime.tiny import write_network
from tests.serving.running import QUICK, Running, Shelf, running, wait_until
from textwright.errors import DatabaseError
from textwright.serving.deployments import Target


def version_of(server: Running) -> int:
    answer = server.predict("rain")
    assert answer.status == 200
    found: int = answer.json["version"]
    return found


def saw(answers: list[tuple[int, int]], version: int) -> bool:
    return bool(answers) and answers[-1][1] == version


def test_a_new_version_takes_over_without_a_failed_request(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        done = Event()
        seen: list[tuple[int, int]] = []

        def keep_asking() -> None:
            while not done.is_set():
                answer = server.predict("rain", "a new card", "")
                seen.append((answer.status, answer.json["version"]))

        callers = [Thread(target=keep_asking) for _ in range(3)]
        for each in callers:
            each.start()
        for version in (2, 3, 4):
            shelf.deploy("intents", version, strength=float(version))
            wait_until(partial(saw, seen, version))
        done.set()
        for each in callers:
            each.join(10)
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {1, 2, 3, 4}


def test_the_version_before_ends_when_it_has_answered(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        old = server.server.loader.live["intents"].batcher
        shelf.deploy("intents", 2, strength=2.0)
        wait_until(lambda: version_of(server) == 2)
        wait_until(lambda: not any(thread.is_alive() for thread in old.threads))


def test_a_bad_artifact_leaves_the_old_version_serving(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server, caplog.at_level(logging.ERROR):
        shelf.targets = {"intents": Target(2, "0" * 64)}
        wait_until(lambda: "intents@2 cannot be served" in caplog.text)
        assert version_of(server) == 1
        assert server.ask("GET", "/health/ready").status == 200
        sleep(10 * QUICK.poll_s)  # it is not tried again and again
        metrics = server.ask("GET", "/metrics").body
        assert b'textwright_load_failures_total{model="intents"} 1.0' in metrics
        shelf.deploy("intents", 3, strength=2.0)
        wait_until(lambda: version_of(server) == 3)


def test_a_model_that_could_not_be_loaded_is_not_ready_and_the_others_answer(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.deploy("intents", 1)
    shelf.deploy("broken", 1)
    network = shelf.root / shelf.targets["broken"].address / "model.onnx"
    network.write_bytes(b"no network")
    with caplog.at_level(logging.ERROR), running(shelf) as server:
        assert "broken@1 cannot be served" in caplog.text
        answer = server.predict("rain", name="broken")
        assert answer.status == 503
        assert "could not be loaded" in answer.json["error"]["message"]
        assert version_of(server) == 1


def test_a_version_that_cannot_answer_the_first_texts_does_not_take_over(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.deploy("intents", 1)
    with caplog.at_level(logging.CRITICAL), running(shelf) as server:
        good = shelf.targets["intents"]
        shelf.deploy("intents", 2, strength=2.0)
        bad = shelf.targets["intents"]
        shelf.targets = {"intents": good}
        knows_no_word = np.zeros((1, 3), dtype=np.float32)
        write_network(shelf.root / bad.address / "model.onnx", knows_no_word)
        shelf.targets = {"intents": bad}
        failed = b'load_failures_total{model="intents"} 1.0'
        wait_until(lambda: failed in server.ask("GET", "/metrics").body)
        assert version_of(server) == 1


def test_without_the_database_the_last_known_version_serves_on(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        shelf.failure = DatabaseError("It is away.", "Wait.")
        wait_until(lambda: b"textwright_database_up 0.0" in server.ask("GET", "/metrics").body)
        assert version_of(server) == 1
        shelf.failure = OSError("the disk is gone")
        assert version_of(server) == 1
        shelf.failure = None
        shelf.deploy("intents", 2, strength=2.0)
        wait_until(lambda: version_of(server) == 2)


def test_until_the_rows_were_read_nothing_is_ready(shelf: Shelf) -> None:
    shelf.failure = DatabaseError("It is away.", "Wait.")
    with running(shelf, wait=False) as server:
        assert server.ask("GET", "/health/live").status == 200
        assert server.ask("GET", "/health/ready").status == 503
        answer = server.predict("rain")
        assert answer.status == 503
        assert answer.headers["retry-after"] == "1"
        shelf.failure = None
        shelf.deploy("intents", 1)
        wait_until(lambda: server.ask("GET", "/health/ready").status == 200)


def test_a_model_taken_out_of_production_is_no_longer_known(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    shelf.deploy("topics", 1)
    with running(shelf) as server:
        assert server.predict("rain", name="topics").status == 200
        shelf.targets = {"intents": shelf.targets["intents"]}
        wait_until(lambda: server.predict("rain", name="topics").status == 404)
        assert version_of(server) == 1


def test_a_model_without_its_threads_makes_the_server_not_ready(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf, QUICK) as server:
        server.server.loader.live["intents"].batcher.close()
        wait_until(lambda: server.ask("GET", "/health/ready").status == 503)
