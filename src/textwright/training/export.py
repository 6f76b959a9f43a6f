"""A trained network as an ONNX file, kept only if it answers as torch does."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from textwright.errors import ExportError
from textwright.runtime.sessions import import_onnxruntime
from textwright.text.batch import Batch
from textwright.training.model import TextModel

TOLERANCE = 1e-4  # largest difference of any output number that is let pass


def export_network(model: TextModel, batches: Sequence[Batch], path: Path) -> float:
    """Write a network as ``model.onnx`` and compare it with torch on real batches.

    Inputs ids [B, T] int64 and mask [B, T] bool; outputs [B, L], such as logits, and, if it has
    one, attention [B, T], both float32; any B and T. Equal weights give equal bytes.
    Returns the largest difference found. Raises ExportError if it is above 1e-4, or nothing was
    there to compare; the file is then not there, or still the one before.
    """
    if not batches:
        raise ExportError("There is no batch to check the exported network on.", "Give it some.")
    content = model.draw().model().SerializeToString(deterministic=True)
    difference = compare(model, content, batches)
    if not difference <= TOLERANCE:  # so that NaN is refused too
        what = f"The exported network differs from the trained one by {difference:.2g}."
        raise ExportError(what, "This is a fault of textwright, not of your data: report it.")
    write_file(path, content)
    return difference


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole: until then there is none of the name, or still the one before."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def compare(model: TextModel, content: bytes, batches: Sequence[Batch]) -> float:
    """Give the largest difference between the outputs of ONNX Runtime and of torch."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    worst, training = 0.0, model.training
    model.eval()
    for batch in batches:
        with torch.no_grad():
            inputs = {name: torch.from_numpy(each) for name, each in batch.inputs.items()}
            expected = [each.numpy() for each in model(**inputs) if each is not None]
        names = {each.name for each in session.get_inputs()}
        given = {name: each for name, each in batch.inputs.items() if name in names}
        found = session.run(None, given)
        worst = max(worst, *(gap(*pair) for pair in zip(found, expected, strict=True)))
    model.train(training)
    return worst


def gap(found: np.ndarray, expected: np.ndarray) -> float:
    """Give the largest difference of two arrays; infinity if any of it is no number."""
    worst = float(np.abs(found.astype(np.float64) - expected).max(initial=0.0))
    return worst if np.isfinite(worst) else float("inf")
