"""A real MLflow server and client, in an environment of their own (``bench/.peers/mlflow``)."""

import json
import os
import runpy
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from textwright.lifecycle import rollout
from textwright.lifecycle.registry import find_version
from textwright.models import load
from textwright.settings import Settings
from textwright.workflow.opening import open_keep

pytestmark = pytest.mark.interop
START_S = 120


@pytest.fixture(scope="session")
def python() -> Path:
    """Give the interpreter with MLflow, installing it where a package index can be reached."""
    opened = runpy.run_path(str(ROOT / "bench" / "environments.py"))["open_environment"]
    try:
        return Path(opened("mlflow"))
    except (subprocess.CalledProcessError, OSError) as error:
        pytest.skip(f"MLflow could not be installed: {error}")


@pytest.fixture
def server(python: Path, tmp_path: Path) -> Iterator[str]:
    """Start an MLflow server on a free port; gives its address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    where = [f"--backend-store-uri=sqlite:///{tmp_path}/mlflow.db", f"--port={port}"]
    where += [f"--artifacts-destination={tmp_path}/store", "--workers=1", "--host=127.0.0.1"]
    command = [str(python.parent / "mlflow"), "server", *where]
    log = (tmp_path / "server.log").open("w")
    with subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as running:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", running)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(running.pid, 15)
            log.close()


def wait_for(address: str, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and running.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    pytest.fail("the MLflow server did not start")


def run_there(python: Path, *arguments: str) -> dict[str, Any]:
    script = ROOT / "tests" / "interop" / "exporting.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(python), str(script), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_version_goes_to_a_server_and_answers_from_there(
    python: Path, server: str, home: Settings
) -> None:
    with open_keep(home) as keep, keep.sessions.begin() as session:
        version = find_version(session, "intents@2")
        rollout.promote(session, version, actor="tester", reason="")
        folder, address = keep.store.folder(version.artifact), version.artifact
        scores = dict(version.scores)

    found = run_there(python, str(home.home), server, str(folder))

    assert found["versions"] == ["1", "2"]
    assert (found["alias"], found["alias_version"]) == ("production", "2")
    assert found["tags"]["textwright.artifact"] == address
    assert found["metrics"]["accuracy"] == pytest.approx(scores["accuracy"])
    ours = [each.table() for each in load(folder).predict(["where is my parcel", "我想退货"])]
    for answers in found["answers"]:  # from the folder, by number, by alias
        assert [each["label"] for each in answers] == [each["label"] for each in ours]
        assert [each["score"] for each in answers] == pytest.approx([e["score"] for e in ours])
