"""Several worker processes on one port, killed for real."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.serving.household import Household, make_household
from tests.serving.running import wait_until
from textwright.serving.load import Load, run_load
from textwright.serving.load_report import Account

WORKERS = 2
PROGRAM = """
import sys
from pathlib import Path
from textwright.serving.options import Options
from textwright.serving.workers import run_workers
from textwright.settings import Settings
home = Path(sys.argv[1])
settings = Settings(home, f"sqlite:///{home / 'textwright.db'}", str(home / "artifacts"))
options = Options(port=int(sys.argv[2]), workers=2)
run_workers(settings, options, started=lambda address: print(address, flush=True))
print("ended", sorted({"sqlalchemy", "onnxruntime", "prometheus_client"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    made = make_household(tmp_path_factory.mktemp("workers") / "home")
    made.register()
    made.promote("intents@1")
    yield made
    made.sessions.close()


class Crew:
    """The parent of some workers, and the port they share."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        address = process.stdout.readline().strip()
        self.port = int(address.rpartition(":")[2] or 0)

    def workers(self) -> list[int]:
        """Give the process ids of the workers."""
        return children(self.process.pid)

    def kill(self, worker: int) -> None:
        """Kill a worker, and wait until nothing of it is left, its socket included."""
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{worker}").exists())

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """Send one request over a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def predict(self) -> int:
        """Ask for a prediction; gives the status."""
        body = json.dumps({"inputs": ["will it rain"]})
        return self.request("POST", "/api/v1/models/intents/predict", body)[0]

    def metric(self, line: str) -> float:
        """Give the value of one line of the metrics."""
        lines = self.request("GET", "/metrics")[1].splitlines()
        return float(next(each for each in lines if each.startswith(line)).rpartition(" ")[2])


def children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            told = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if told[0] != "Z" and int(told[1]) == parent:
                found.append(int(path.parent.name))
    return found


@contextmanager
def working(house: Household, port: int = 0) -> Iterator[Crew]:
    command = [sys.executable, "-c", PROGRAM, str(house.settings.home), str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Crew(process)
        finally:
            for each in [process.pid, *children(process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)


def listening(port: int) -> int:
    """Count the sockets that listen on a port of this machine."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(each[1].endswith(f":{port:04X}") and each[3] == "0A" for each in fields)


def test_workers_share_a_port_and_join_their_metrics(house: Household) -> None:
    with working(house) as crew:
        wait_until(lambda: listening(crew.port) == WORKERS)
        assert [crew.predict() for _ in range(40)] == [200] * 40
        line = 'textwright_answers_total{model="intents",version="1"}'
        assert {crew.metric(line) for _ in range(10)} == {40.0}  # whichever of them is asked
        assert crew.metric('textwright_deployed_version{model="intents"}') == 1
        assert crew.metric("textwright_database_up") == 1


def test_a_killed_worker_is_replaced_while_the_others_answer(house: Household) -> None:
    with working(house) as crew:
        wait_until(lambda: listening(crew.port) == WORKERS)
        before = crew.workers()
        answered = sum(crew.predict() == 200 for _ in range(10))
        crew.kill(before[0])
        answered += sum(crew.predict() == 200 for _ in range(10))
        wait_until(lambda: listening(crew.port) == WORKERS)
        answered += sum(crew.predict() == 200 for _ in range(10))
        assert answered == 30
        assert before[1] in crew.workers()
        assert crew.metric('textwright_answers_total{model="intents",version="1"}') == 30
        assert {crew.request("GET", "/health/ready")[0] for _ in range(10)} == {200}


@pytest.mark.parametrize("kills", [1, pytest.param(30, marks=pytest.mark.faults)])
def test_only_what_a_killed_worker_had_in_hand_is_lost(house: Household, kills: int) -> None:
    with working(house) as crew, ThreadPoolExecutor(1) as pool:
        wait_until(lambda: listening(crew.port) == WORKERS)
        body = json.dumps({"inputs": ["will it rain"]}).encode()
        path = "/api/v1/models/intents/predict"
        load = Load("127.0.0.1", crew.port, path, [body], rate=50, seconds=2.0 * kills)
        account = Account()
        waiting = pool.submit(lambda: asyncio.run(run_load(load, account.add)))
        for _ in range(kills):
            time.sleep(0.3)
            crew.kill(crew.workers()[0])
            wait_until(lambda: listening(crew.port) == WORKERS)
        report = account.report(waiting.result())
        wait_until(lambda: listening(crew.port) == WORKERS)
    print(f"{kills} kills: {report.statuses}")
    assert report.sent == 100 * kills
    assert set(report.statuses) <= {"0", "200"}  # nobody was told that models are loading
    assert report.failed <= 20 * kills


def test_sigterm_drains_every_worker_and_ends_them(house: Household) -> None:
    with working(house) as crew:
        wait_until(lambda: listening(crew.port) == WORKERS)
        workers = crew.workers()
        crew.process.send_signal(signal.SIGTERM)
        output, errors = crew.process.communicate(timeout=15)
        assert (crew.process.returncode, output, errors) == (0, "ended []\n", "")
        assert not any(Path(f"/proc/{each}").exists() for each in workers)


def test_workers_do_not_outlive_their_parent(house: Household) -> None:
    with working(house) as crew:
        wait_until(lambda: listening(crew.port) == WORKERS)
        workers = crew.workers()
        crew.process.kill()
        wait_until(lambda: not any(alive(each) for each in workers))


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def test_a_worker_that_always_dies_is_started_ever_more_slowly(house: Household) -> None:
    with working(house) as crew:
        wait_until(lambda: listening(crew.port) == WORKERS)
        keep = crew.workers()[0]
        seen: set[int] = set()
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            for each in set(crew.workers()) - {keep}:
                seen.add(each)
                os.kill(each, signal.SIGKILL)
            time.sleep(0.005)
        assert 1 <= len(seen) <= 5  # at 0, 0.2, 0.6, 1.4 s; without a pause it would be dozens
        assert crew.predict() == 200


def test_a_port_in_use_ends_the_parent(house: Household) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as another crew's would be
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with working(house, port) as crew:
            _, errors = crew.process.communicate(timeout=10)
        assert f"Port {port} of 127.0.0.1 is in use" in errors


def test_a_first_worker_that_cannot_start_ends_the_parent(house: Household) -> None:
    program = PROGRAM.replace("workers=2", "workers=2, certificate=home / 'no.pem'")
    command = [sys.executable, "-c", program, str(house.settings.home), "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert "The first worker could not start." in done.stderr
    assert "A certificate needs its private key" in done.stderr
