"""Versions swapped under a running server."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import sleep

import numpy as np
import pytest

from tests.runtime.tiny import write_network
from tests.serving.running import QUICK, Running, Shelf, running, wait_until
from textwright.errors import DatabaseError
from textwright.serving.deployments import Deployment, Target
from textwright.serving.live import Live
from textwright.serving.loader import LoadFailure


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


def test_what_waits_is_shown_whether_or_not_this_worker_is_asked(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server, ThreadPoolExecutor(1) as pool:
        metrics = server.server.loader.metrics
        with server.server.loader.live["intents"].batcher.session_free:
            answer = pool.submit(server.predict, "rain", "card")
            wait_until(lambda: b'queue_items{model="intents"} 2.0' in metrics.text())
        assert answer.result(10).status == 200
        wait_until(lambda: b'queue_items{model="intents"} 0.0' in metrics.text())


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


def rolled(shelf: Shelf, *, share: float = 0.5, good: bool = True) -> Deployment:
    """Deploy version 1 with version 2 as its candidate."""
    shelf.deploy("intents", 1)
    candidate = shelf.make("intents", 2, strength=2.0)
    if not good:
        (shelf.root / candidate.address / "model.onnx").write_bytes(b"no network")
    row = Deployment(shelf.targets["intents"], candidate, None, share, "salt")
    shelf.rows = {"intents": row}
    return row


def candidate_of(server: Running) -> Live:
    found = server.server.loader.deployed["intents"].candidate
    assert found is not None
    return found


def versions_of(server: Running, count: int = 40) -> set[int]:
    path = "/api/v1/models/intents/predict"
    bodies = ({"inputs": ["rain"], "caller": f"caller {each}"} for each in range(count))
    answers = [server.ask("POST", path, each) for each in bodies]
    assert {each.status for each in answers} == {200}
    return {each.json["version"] for each in answers}


def test_a_candidate_answers_its_share_until_it_is_dropped(shelf: Shelf) -> None:
    row = rolled(shelf)
    with running(shelf) as server:
        candidate = candidate_of(server)
        threads = candidate.batcher.threads
        assert versions_of(server) == {1, 2}
        text = server.ask("GET", "/metrics").body
        assert b'textwright_candidate_version{model="intents"} 2.0' in text
        assert b'textwright_candidate_share{model="intents"} 0.5' in text
        shelf.rows = {"intents": Deployment(row.stable)}
        wait_until(lambda: versions_of(server, 10) == {1})
        assert b'textwright_candidate_version{model="intents"} 0.0' in (
            server.ask("GET", "/metrics").body
        )
        wait_until(lambda: not any(thread.is_alive() for thread in threads))


def test_a_candidate_that_goes_to_production_is_not_loaded_again(shelf: Shelf) -> None:
    row = rolled(shelf)
    with running(shelf) as server:
        candidate = candidate_of(server)
        assert row.candidate is not None
        shelf.rows = {"intents": Deployment(row.candidate)}
        wait_until(lambda: versions_of(server, 10) == {2})
        assert server.server.loader.live["intents"] is candidate


def test_a_candidate_that_cannot_be_loaded_breaks_nothing_and_is_told_once(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    rolled(shelf, good=False)
    with caplog.at_level(logging.ERROR), running(shelf) as server:
        loader = server.server.loader
        assert versions_of(server) == {1}
        assert server.ask("GET", "/health/ready").status == 200
        server.on_loop(loader.failed.clear)  # so that it is tried again at once
        wait_until(lambda: caplog.text.count("intents@2 cannot be served") == 2)
        (failure,) = loader.failures
        assert isinstance(failure, LoadFailure)
        assert (failure.model, failure.version) == ("intents", 2)
        assert failure.reason
        assert b'textwright_candidate_version{model="intents"} 0.0' in (
            server.ask("GET", "/metrics").body
        )


def test_a_stable_version_that_cannot_be_loaded_leaves_the_old_one_beside_the_candidate(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    row = rolled(shelf)
    with caplog.at_level(logging.ERROR), running(shelf) as server:
        shelf.rows = {"intents": Deployment(Target(3, "0" * 64), row.candidate, None, 0.5, "salt")}
        wait_until(lambda: "intents@3 cannot be served" in caplog.text)
        assert versions_of(server) == {1, 2}
        shelf.rows = {"intents": row}
        wait_until(lambda: server.server.loader.deployed["intents"].row == row)
        assert versions_of(server) == {1, 2}


def test_without_a_stable_version_that_loads_no_candidate_answers(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    row = rolled(shelf)
    shelf.rows = {"intents": Deployment(Target(3, "0" * 64), row.candidate, None, 0.5, "salt")}
    asked_for: list[str] = []
    inner = shelf.source()

    def folder(address: str) -> Path:
        asked_for.append(address)
        return inner.folder(address)

    shelf.source = lambda: replace(inner, folder=folder)  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR), running(shelf, wait=False) as server:
        wait_until(lambda: server.server.loader.looked)
        sleep(5 * QUICK.poll_s)
        assert server.predict("rain").status == 503
        assert caplog.text.count("cannot be served") == 1
        assert asked_for == ["0" * 64]  # the candidate is not opened again and again for nothing
        assert not server.server.loader.deployed


def test_a_candidate_without_its_threads_makes_the_server_not_ready(shelf: Shelf) -> None:
    rolled(shelf)
    with running(shelf) as server:
        candidate = candidate_of(server)
        candidate.batcher.close()
        wait_until(lambda: server.ask("GET", "/health/ready").status == 503)
