"""Where a training stands, on disk, so that a killed run can go on as if nothing had been.

A checkpoint is one safetensors file: the tensors, and a table as JSON in its header. Nothing in
it can run code. Random states are not in it: each epoch draws its own from seed and number.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from textwright.errors import UsageError

AFRESH = "Start afresh, without --resume."


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], table: Mapping[str, Any]) -> None:
    """Replace the checkpoint in one step: a reader finds the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: each.detach().cpu().contiguous() for name, each in tensors.items()}
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(save(kept, {"table": json.dumps(table, sort_keys=True)}))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # so that the new name outlives a power cut
    finally:
        os.close(folder)


def load_checkpoint(path: Path, fingerprint: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the tensors and the table of a checkpoint.

    fingerprint: what the run is, as ``table["fingerprint"]`` has it.
    Raises UsageError if the file is damaged, or belongs to another run.
    """
    try:
        with safe_open(path, framework="pt") as file:
            table: dict[str, Any] = json.loads(file.metadata()["table"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The checkpoint {path} cannot be read: {error}.", AFRESH) from error
    if table.get("fingerprint") != fingerprint:
        what = f"The checkpoint {path} belongs to another recipe or other data."
        raise UsageError(what, AFRESH)
    return tensors, table
