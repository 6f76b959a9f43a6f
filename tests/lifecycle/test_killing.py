"""Processes killed at every statement and at random times, on SQLite and on PostgreSQL."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from textwright.lifecycle.artifacts import ArtifactStore

ROOT = Path(__file__).parents[2]
LEAST = {"register": 25, "start": 6, "step": 6, "promote": 6, "rollback": 6, "gc": 10}  # points


def kill_everywhere(address: str, store: ArtifactStore, folder: Path, kills: int) -> dict[str, int]:
    """Kill so often; gives the counts, fails on a violation."""
    command = [sys.executable, "-m", "tests.lifecycle.killing"]
    done = subprocess.run(
        [*command, address, str(store.root), str(folder), str(kills), "7"],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore::DeprecationWarning"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@pytest.mark.slow
def test_killed_at_any_point_the_pointer_is_the_old_one_and_the_record_is_whole(
    address: str, store: ArtifactStore, tmp_path: Path
) -> None:
    counts = kill_everywhere(address, store, tmp_path / "work", 1)

    assert all(counts[f"{name} at points"] >= least for name, least in LEAST.items()), counts


@pytest.mark.faults
def test_a_thousand_kills_leave_no_violation(
    address: str,
    store: ArtifactStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = kill_everywhere(address, store, tmp_path / "work", 1_000)

    with capsys.disabled():
        print(f"\nkills on {'PostgreSQL' if '://' in address else 'SQLite'}: {json.dumps(counts)}")
    assert counts["kills"] >= 1_000
    assert any(name.endswith("random") for name in counts)


def test_no_torch_in_a_process_that_is_killed() -> None:
    command = "import sys, tests.lifecycle.killing; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=False).returncode == 0
