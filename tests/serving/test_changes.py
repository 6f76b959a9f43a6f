"""A server over a real database that changes, breaks, goes away and comes back."""

import logging
import os
import shutil
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serving.household import Household, make_household
from tests.serving.running import Running, Shelf, running, wait_until
from tests.serving.test_server import PROGRAM, ask, free_port, serving
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.serving.deployments import Source, Target, database_source

POST = (
    b"POST /api/v1/models/intents/predict HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
)


SLOW = PROGRAM.replace(
    "limits = Limits(",
    "from textwright.serving.limits import BatchLimits\n"
    "limits = Limits(batch=BatchLimits(batch_items=1), ",
)  # every text a batch of its own, so that there is something left to be answered at the end


@dataclass
class RealShelf(Shelf):
    """What a household's own database says, in place of targets set by a test."""

    house: Household | None = None

    def source(self) -> Source:
        """Give what a loader of the program itself reads."""
        assert self.house is not None
        found = self.house.settings
        return database_source(found.database, ArtifactStore(found.artifacts))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    made.register()
    made.register(strength=2.0)
    made.promote("intents@1")
    yield made
    made.sessions.close()


@contextmanager
def served(house: Household) -> Iterator[Running]:
    with running(RealShelf(house.settings.home, house=house)) as server:
        yield server


def version_of(server: Running) -> int:
    answer = server.predict("will it rain")
    assert answer.status == 200
    assert answer.json["answers"][0]["label"] == "weather"
    found: int = answer.json["version"]
    return found


def database_is(server: Running, state: int) -> bool:
    return f"textwright_database_up {state}.0".encode() in server.ask("GET", "/metrics").body


def database_files(house: Household) -> list[Path]:
    return sorted(house.settings.home.glob("textwright.db*"))


def address_of(house: Household, reference: str) -> str:
    number = int(reference.partition("@")[2])
    with closing(sqlite3.connect(house.settings.home / "textwright.db")) as connection:
        found = connection.execute("SELECT artifact FROM version WHERE number = ?", (number,))
        return str(found.fetchone()[0])


def back_up(house: Household, path: Path) -> None:
    """Copy the database as it stands, what is not yet in its first file included."""
    with closing(sqlite3.connect(house.settings.home / "textwright.db")) as source:
        source.execute("VACUUM INTO ?", (str(path),))


def test_promotions_and_rollbacks_are_followed(house: Household) -> None:
    with served(house) as server:
        assert version_of(server) == 1
        house.promote("intents@2")
        wait_until(lambda: version_of(server) == 2)
        house.rollback()
        wait_until(lambda: version_of(server) == 1)


def test_the_database_may_go_away_and_come_back_while_answers_go_on(
    house: Household, tmp_path: Path
) -> None:
    with served(house) as server:
        house.sessions.close()
        away = tmp_path / "away"
        away.mkdir()
        for each in database_files(house):
            each.rename(away / each.name)
        wait_until(lambda: database_is(server, 0))
        assert version_of(server) == 1
        assert server.ask("GET", "/health/ready").status == 200
        for each in sorted(away.iterdir()):
            each.rename(house.settings.home / each.name)
        wait_until(lambda: database_is(server, 1))
        assert version_of(server) == 1


def test_a_database_put_back_from_a_backup_is_the_one_that_is_read(
    house: Household, tmp_path: Path
) -> None:
    with served(house) as server:
        house.promote("intents@2")
        wait_until(lambda: version_of(server) == 2)
        back_up(house, tmp_path / "backup.db")
        house.rollback()
        wait_until(lambda: version_of(server) == 1)
        house.sessions.close()
        for each in database_files(house):
            each.unlink()
        (tmp_path / "backup.db").rename(house.settings.home / "textwright.db")
        wait_until(lambda: version_of(server) == 2)


def test_a_database_that_became_rubbish_is_told_and_the_old_version_serves_on(
    house: Household,
) -> None:
    with served(house) as server:
        house.sessions.close()
        for each in database_files(house):
            each.unlink()
        (house.settings.home / "textwright.db").write_bytes(b"no database at all " * 500)
        wait_until(lambda: database_is(server, 0))
        assert version_of(server) == 1


def test_a_promoted_version_whose_artifact_is_damaged_never_answers(
    house: Household, caplog: pytest.LogCaptureFixture
) -> None:
    folder = house.settings.home / "artifacts" / address_of(house, "intents@2")
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").chmod(0o644)
    (folder / "model.onnx").write_bytes(content)
    with caplog.at_level(logging.ERROR), served(house) as server:
        house.promote("intents@2")
        wait_until(lambda: "intents@2 cannot be served" in caplog.text)
        assert "model.onnx" in caplog.text
        assert version_of(server) == 1
        assert server.predict("rain", name="intents@2").status == 401
        assert server.ask("GET", "/health/ready").status == 200


def test_a_promoted_version_whose_artifact_is_gone_never_answers(
    house: Household, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(house.settings.home / "artifacts" / address_of(house, "intents@2"))
    with caplog.at_level(logging.ERROR), served(house) as server:
        house.promote("intents@2")
        wait_until(lambda: "intents@2 cannot be served" in caplog.text)
        assert version_of(server) == 1
        house.rollback()
        failures = b'textwright_load_failures_total{model="intents"} 1.0'
        assert failures in server.ask("GET", "/metrics").body


def test_the_version_that_answers_needs_its_files_no_more(house: Household) -> None:
    with served(house) as server:
        shutil.rmtree(house.settings.home / "artifacts")
        assert version_of(server) == 1
        assert server.predict("card", "song").status == 200


def test_a_folder_of_another_address_is_not_served_even_if_it_is_whole(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    first = shelf.deploy("intents", 1)
    with caplog.at_level(logging.ERROR), running(shelf) as server:
        (shelf.root / "other").symlink_to(shelf.root / first)
        shelf.targets = {"intents": Target(2, "other")}
        wait_until(lambda: "of another address" in caplog.text)
        assert version_of(server) == 1


def test_the_same_version_is_not_loaded_again_at_each_look(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        live = server.server.loader.live["intents"]
        looked = [0]
        inner = shelf.targets

        def read() -> dict[str, Target]:
            looked[0] += 1
            return dict(inner)

        shelf.read = read  # type: ignore[method-assign]
        server.server.loader.source = shelf.source()
        wait_until(lambda: looked[0] > 3)
        assert server.server.loader.live["intents"] is live


def test_versions_of_two_models_change_without_touching_each_other(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    shelf.deploy("topics", 5)
    with running(shelf) as server:
        topics = server.server.loader.live["topics"]
        shelf.deploy("intents", 2, strength=2.0)
        wait_until(lambda: version_of(server) == 2)
        assert server.server.loader.live["topics"] is topics
        assert server.predict("rain", name="topics").json["version"] == 5


def receive_all(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


@pytest.mark.slow
def test_a_signal_ends_the_process_after_all_it_accepted_is_answered(house: Household) -> None:
    port = free_port()
    body = b'{"inputs":[%s]}' % b",".join(
        [b'"will it rain tomorrow"'] * 1300
    )  # three times that many may wait
    with serving(house, port, SLOW) as process:
        wait_until(lambda: ask(port))
        connections = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(4)]
        for each in connections[:3]:
            each.sendall(POST % (len(body), body))
        wait_until(lambda: busy(port))
        os.kill(process.pid, signal.SIGTERM)
        received = [receive_all(each) for each in connections]
        for each in connections:
            each.close()
        assert process.wait(20) == 0
        output, _ = process.communicate()
    assert output.splitlines()[-1] == "[]"
    for answer in received[:3]:
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.count(b'"label":"weather"') == 1300
    assert received[3] == b""  # it had asked for nothing


def busy(port: int) -> bool:
    """Tell whether all three requests were accepted and some of it still waits."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        told = receive_all(connection).decode()
    (queue,) = [each for each in told.splitlines() if each.startswith("textwright_queue_items{")]
    return float(queue.split()[1]) > 2600  # more than two of the three hold
