"""The server as a process: from the deployment row of a real database to an answer."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import select

from tests.serving.household import Household, make_household
from tests.serving.keyed import make_keys
from tests.serving.running import Shelf, wait_until
from textwright.errors import SettingsError
from textwright.lifecycle.tables_around import Key
from textwright.lifecycle.tables_served import Prediction
from textwright.serving.options import Options
from textwright.serving.server import Server, hosts_of, run_server

PROGRAM = """
import sys
from pathlib import Path
from textwright.serving.limits import Limits, RecordLimits, RolloutLimits
from textwright.serving.options import Options
from textwright.serving.server import run_server
from textwright.settings import Settings
home = Path(sys.argv[1])
settings = Settings(home, f"sqlite:///{home / 'textwright.db'}", str(home / "artifacts"))
rollout = RolloutLimits(settle_s=0.0, judge_s=0.1, count_s=0.1)
limits = Limits(rollout=rollout, records=RecordLimits(write_s=0.05, erase_s=0.1))
options = Options(port=int(sys.argv[2]), limits=limits)
run_server(settings, options, started=lambda address: print(address, flush=True))
print(sorted({"torch", "numba", "sqlalchemy", "alembic", "rich", "typer"} & set(sys.modules)))
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    made.register()
    made.promote("intents@1")
    yield made
    made.sessions.close()


@contextmanager
def serving(house: Household, port: int, program: str = PROGRAM) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", program, str(house.settings.home), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)  # a failed test must not wait for it


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int, key: str = "") -> dict[str, Any] | None:
    """Ask for a prediction; None where it is not answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    body = json.dumps({"inputs": ["will it rain"]})
    try:
        connection.request(
            "POST",
            "/api/v1/models/intents/predict",
            body,
            {"Content-Type": "application/json", "X-Api-Key": key},
        )
        response = connection.getresponse()
        told: dict[str, Any] = json.loads(response.read())
        return told if response.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()


def resident_bytes(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_process_answers_records_follows_promotions_and_ends_without_sqlalchemy(
    house: Household,
) -> None:
    port, key = free_port(), make_keys(house)["viewer"]
    with serving(house, port) as process:
        wait_until(lambda: ask(port, key))
        told = ask(port)
        assert told is not None
        assert (told["version"], told["answers"][0]["label"]) == (1, "weather")
        assert resident_bytes(process.pid) < 150_000_000
        wait_until(lambda: was_noted(house))
        promoted_within_2_s(house, port)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 0
    assert output.splitlines() == [f"http://127.0.0.1:{port}", "[]"]


def was_noted(house: Household) -> bool:
    """Whether an answer was recorded, and the use of the viewer's key noted."""
    with house.sessions() as session:
        used = session.get_one(Key, 1).last_used_at
        return used is not None and session.scalar(select(Prediction.id)) is not None


def promoted_within_2_s(house: Household, port: int) -> None:
    """Promote a second version, then go back, and see each answer within two seconds."""
    house.register(strength=2.0)
    house.promote("intents@2")
    start = monotonic()
    wait_until(lambda: (ask(port) or {}).get("version") == 2)
    house.rollback()
    wait_until(lambda: (ask(port) or {}).get("version") == 1)
    assert monotonic() - start < 4


def test_a_port_in_use_is_named(house: Household) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} of 127.0.0.1 is in use"):
            run_server(house.settings, Options(port=port))


def test_a_version_that_is_being_loaded_when_the_port_is_refused_is_waited_for(
    shelf: Shelf,
) -> None:
    shelf.deploy("intents", 1)

    def fetch(address: str) -> Path:
        sleep(0.3)
        return shelf.root / address

    async def start(port: int) -> Server:
        server = Server(replace(shelf.source(), folder=fetch), Options())
        with pytest.raises(SettingsError, match="is in use"):
            await server.start("127.0.0.1", port)
        return server

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = asyncio.run(start(taken.getsockname()[1]))
    assert not server.loader.thread.is_alive()  # else the process could abort inside the library


def test_a_host_that_is_not_this_machines_is_named(house: Household) -> None:
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1:8000 cannot be listened on"):
        run_server(house.settings, Options(host="192.0.2.1"))


def test_on_loopback_only_its_own_names_are_answered() -> None:
    assert "localhost" in hosts_of(Options())
    assert hosts_of(Options("0.0.0.0")) == frozenset()
