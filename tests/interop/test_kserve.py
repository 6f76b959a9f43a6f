"""A real KServe client, in an environment of its own (``bench/.peers/kserve``)."""

import json
import runpy
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.serving.running import Shelf, running

pytestmark = pytest.mark.interop


@pytest.fixture(scope="session")
def python() -> Path:
    """Give the interpreter with KServe, installing it where a package index can be reached."""
    opened = runpy.run_path(str(ROOT / "bench" / "environments.py"))["open_environment"]
    try:
        return Path(opened("kserve"))
    except (subprocess.CalledProcessError, OSError) as error:
        pytest.skip(f"KServe could not be installed: {error}")


def test_kserves_client_asks_all_that_it_can(python: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.deploy("intents", 3)
    with running(shelf) as server:
        done = subprocess.run(
            [python, ROOT / "tests/interop/asking.py", f"http://127.0.0.1:{server.port}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    right = {"id": "mine", "labels": ["card", "weather"]}
    assert told["binary"] == told["json"] == right
    assert all(told[each] for each in ("live", "ready", "model"))
    assert "Did you mean 'intents'?" in told["unknown"]
