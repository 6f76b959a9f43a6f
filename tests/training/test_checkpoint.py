"""Checkpoints on disk."""

from pathlib import Path

import pytest
import torch

from textwright.errors import UsageError
from textwright.training.checkpoint import load_checkpoint, save_checkpoint

TABLE = {"fingerprint": "abc", "records": [{"epoch": 1, "dev_loss": float("nan")}]}


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "checkpoint"
    save_checkpoint(path, {"w": torch.eye(3).T, "step": torch.tensor(4.0)}, TABLE)

    tensors, table = load_checkpoint(path, "abc")

    assert torch.equal(tensors["w"], torch.eye(3))
    assert tensors["step"].item() == 4.0
    assert table["records"][0]["epoch"] == 1


def test_nothing_but_the_checkpoint_is_left_beside_it(tmp_path: Path) -> None:
    for _ in range(2):
        save_checkpoint(tmp_path / "checkpoint", {"w": torch.eye(3)}, TABLE)

    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint"]


def test_the_old_one_stays_while_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, {"w": torch.eye(3)}, TABLE)
    before = path.read_bytes()

    with pytest.raises(TypeError):
        save_checkpoint(path, {"w": torch.zeros(3)}, {"fingerprint": object()})

    assert path.read_bytes() == before


def test_the_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "checkpoint", {"w": torch.eye(3)}, TABLE)

    with pytest.raises(UsageError, match="another recipe or other data"):
        load_checkpoint(tmp_path / "checkpoint", "def")


@pytest.mark.parametrize("keep_bytes", [0, 5, 60, 100])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, keep_bytes: int) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, {"w": torch.eye(3)}, TABLE)
    path.write_bytes(path.read_bytes()[:keep_bytes])

    with pytest.raises(UsageError, match="cannot be read"):
        load_checkpoint(path, "abc")
