"""Ctrl-C in the middle of a training: said in two lines, and nothing lost."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.slow
def test_an_interrupted_training_says_how_to_go_on(demo: Path) -> None:
    command = [sys.executable, "-m", "textwright.cli.main", "train", "intents.toml"]
    process = subprocess.Popen(
        [*command, "--set", "encoder.kind=bilstm"], cwd=demo, stderr=subprocess.PIPE, text=True
    )
    began = time.perf_counter()
    while not list((demo / ".textwright" / "runs").glob("*/artifact/tokenizer.json")):
        assert process.poll() is None
        assert time.perf_counter() - began < 60
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "--resume" in said
    assert "Interrupted." in said
    assert "Traceback" not in said
    assert list((demo / ".textwright" / "runs").iterdir())
