"""A training killed at any moment leaves nothing broken, and nothing that verify does not name."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import copy_demo

NETWORK = ("encoder.kind=bilstm", "training.epochs=2", "encoder.hidden=8", "embedding.dimensions=8")
COMMAND = [sys.executable, "-m", "textwright.cli.main"]


def environment() -> dict[str, str]:
    return {name: each for name, each in os.environ.items() if not name.startswith("TEXTWRIGHT_")}


def typed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(), capture_output=True, text=True
    )


def start(folder: Path, *overrides: str) -> subprocess.Popen[bytes]:
    command = [*COMMAND, "train", "intents.toml"]
    for each in overrides:
        command += ["--set", each]
    return subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def seconds_of_a_whole_run(folder: Path, *overrides: str) -> float:
    began = time.perf_counter()
    assert start(folder, *overrides).wait(timeout=120) == 0
    return time.perf_counter() - began


def unnamed_files(folder: Path) -> list[str]:
    """Files in the home that belong to no version and that verify does not name."""
    checked = json.loads(typed(folder, "verify", "--json").stdout)
    assert checked["whole"], checked["problems"]
    said = " ".join(each["what"] for each in checked["problems"])
    versions = json.loads(typed(folder, "versions", "intents", "--json").stdout)["versions"]
    kept = {each["artifact"] for each in versions}
    home = folder / ".textwright"
    unnamed = []
    for path in home.rglob("*"):
        parts = path.relative_to(home).parts
        known = parts[0].startswith("textwright.db") or (len(parts) > 1 and parts[1] in kept)
        top = home.joinpath(*parts[:2])
        if path.is_file() and not known and str(top) not in said:
            unnamed.append(str(path))
    return unnamed


@pytest.mark.slow
@pytest.mark.parametrize(("kills", "overrides"), [(7, ()), (3, NETWORK)], ids=["bag", "bilstm"])
def test_killed_at_ten_random_moments_nothing_is_broken_or_unnamed(
    tmp_path: Path, kills: int, overrides: tuple[str, ...]
) -> None:
    copy_demo(tmp_path)
    whole_s = seconds_of_a_whole_run(tmp_path, *overrides)
    chance = random.Random(7)
    killed = 0

    for number in range(kills):
        process = start(tmp_path, *overrides, f"training.seed={number}")
        try:
            process.wait(timeout=chance.uniform(0.3, 1.0) * whole_s)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        assert unnamed_files(tmp_path) == []

    assert killed
    assert start(tmp_path, *overrides).wait(timeout=120) == 0


@pytest.mark.slow
def test_a_killed_run_is_resumed_and_ends_with_the_same_artifact(tmp_path: Path) -> None:
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"
    recipe = (
        "encoder.kind=bilstm",
        "training.epochs=3",
        "encoder.hidden=8",
        "embedding.dimensions=8",
    )
    for folder in (straight, resumed):
        folder.mkdir()
        copy_demo(folder)
    assert start(straight, *recipe).wait(timeout=120) == 0

    process = start(resumed, *recipe)
    checkpoint = resumed / ".textwright" / "runs"
    while not list(checkpoint.rglob("checkpoint.safetensors")):
        time.sleep(0.01)
        assert process.poll() is None
    process.kill()
    process.wait()
    options = [word for each in recipe for word in ("--set", each)]
    done = typed(resumed, "train", "intents.toml", "--resume", "--json", *options)

    assert done.returncode == 0, done.stderr
    versions = json.loads(typed(straight, "versions", "intents", "--json").stdout)["versions"]
    assert json.loads(done.stdout)["artifact"] == versions[0]["artifact"]
