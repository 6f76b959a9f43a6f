"""Processes killed at every statement, on a file of SQLite and on PostgreSQL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lifecycle.conftest import make_artifact
from tests.lifecycle.killing import go, register
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.registry import add_model

ROOT = Path(__file__).parents[2]


def kill_everywhere(address: str, store: ArtifactStore, folder: Path, action: str) -> int:
    """Run an action killed at each of its points; gives how often, fails on a violation."""
    command = [sys.executable, "-m", "tests.lifecycle.killing"]
    done = subprocess.run(
        [*command, address, str(store.root), str(folder), action],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore::DeprecationWarning"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
def test_killed_at_any_point_the_pointer_is_the_old_one_and_the_record_is_whole(
    sessions: Sessions, address: str, store: ArtifactStore, tmp_path: Path
) -> None:
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
    first = make_artifact(tmp_path / "first", "first")
    second = make_artifact(tmp_path / "second", "second")

    kills = [
        kill_everywhere(address, store, first, "register"),
        kill_everywhere(address, store, first, "promote"),
    ]
    register(sessions, store, second)
    go(sessions, store, second)
    kills.append(kill_everywhere(address, store, second, "rollback"))

    assert all(number > least for number, least in zip(kills, (25, 8, 8), strict=True)), kills
