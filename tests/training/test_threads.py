"""When torch is imported: not without need, and only after its threads were told to sleep."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import copy_demo

TRAIN = """
import os
import sys

class Watch:
    def find_spec(self, name, *_):
        if name == "torch":
            print("torch", os.environ.get("OMP_WAIT_POLICY"), file=sys.stderr)

sys.meta_path.insert(0, Watch())
from textwright.cli.main import main
main(["train", "intents.toml", "--no-register", "--json", *sys.argv[1:]])
"""
FEW = ("training.epochs=1", "data.rows_per_class=2")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (FEW, set()),
        (("encoder.kind=bilstm", *FEW), {"torch PASSIVE"}),
        (("encoder.kind=pretrained", *FEW), {"torch PASSIVE"}),
    ],
    ids=["bag", "bilstm", "pretrained"],
)
def test_threads_sleep_before_torch_is_imported(
    changes: tuple[str, ...], told: set[str], checkpoint: Path, tmp_path: Path
) -> None:
    copy_demo(tmp_path)
    if "encoder.kind=pretrained" in changes:
        changes = (*changes, f"encoder.model={checkpoint}")

    done = subprocess.run(
        [sys.executable, "-c", TRAIN, *(f"--set={each}" for each in changes)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    lines = done.stderr.splitlines()
    assert {each for each in lines if each.startswith("torch ")} == told
