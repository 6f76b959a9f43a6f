"""Sessions: what they answer, and what they refuse to load."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.runtime.tiny import write_network
from textwright.errors import ArtifactError
from textwright.runtime.sessions import Session

SCORES = np.array([[0, 0], [4, 0], [0, 2]], dtype=np.float32)  # [V, L]


def test_a_session_averages_the_real_tokens_and_leaves_padding_out(tmp_path: Path) -> None:
    write_network(tmp_path / "model.onnx", SCORES)
    session = Session(tmp_path / "model.onnx")
    ids = np.array([[1, 2], [1, 0]])
    mask = np.array([[True, True], [True, False]])
    outputs = session.run({"ids": ids, "mask": mask})
    assert outputs["logits"].tolist() == [[2.0, 1.0], [4.0, 0.0]]


def test_inputs_the_network_does_not_have_are_left_out(tmp_path: Path) -> None:
    write_network(tmp_path / "model.onnx", SCORES)
    session = Session(tmp_path / "model.onnx")
    mask = np.ones((1, 1), dtype=np.bool_)
    assert session.inputs == ("ids", "mask")
    outputs = session.run({"ids": np.array([[1]]), "mask": mask, "counts": mask})
    assert set(outputs) == {"logits"}


def test_a_file_that_is_no_network_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no network at all")
    with pytest.raises(ArtifactError, match=r"model\.onnx cannot be loaded"):
        Session(tmp_path / "model.onnx")


def test_onnx_runtime_is_loaded_without_what_it_tells_its_maker(tmp_path: Path) -> None:
    write_network(tmp_path / "model.onnx", SCORES)
    command = "import sys; from textwright.runtime.sessions import Session; Session(sys.argv[1])"
    named = {"CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY"}  # these silence it, too
    environment = {key: each for key, each in os.environ.items() if key not in named}
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(
        [sys.executable, "-c", command, tmp_path / "model.onnx"],
        env=environment | {"HOME": str(home)},
        check=True,
    )
    assert list(home.iterdir()) == []
