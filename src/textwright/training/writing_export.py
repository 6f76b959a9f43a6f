"""A trained network that writes as two ONNX files, kept only if they write as torch does.

Shapes: M tokens written in all of a batch, V vocabulary.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textwright.errors import ExportError
from textwright.networks.decoders.pretrained import PretrainedWriter
from textwright.runtime.artifact import NETWORK, STEP
from textwright.runtime.sessions import Session
from textwright.runtime.writing import Networks
from textwright.structures.writing import Floats
from textwright.training.export import TOLERANCE, gap, write_file
from textwright.training.writing_model import WritingModel
from textwright.training.writing_rows import WritingBatch

WIDER = 1e-3  # largest difference let pass of a checkpoint
Writer = WritingModel | PretrainedWriter


def export_writing(model: Writer, batches: Sequence[WritingBatch], folder: Path) -> float:
    """Write the network that reads sources and the one that takes a step, both checked.

    Equal weights give equal bytes. Returns the largest difference between the logits of torch,
    which is given a text whole, and of the files, which are run token by token.
    Raises ExportError if it is above 1e-4 (of a checkpoint, whose logits are in the tens, above
    1e-3), or nothing was there to compare.
    """
    if not batches:
        raise ExportError("There is no batch to check the exported network on.", "Give it some.")
    graphs = {NETWORK: model.draw_step()}  # of a language model this is all
    if model.reads_source:
        reader: Any = model
        graphs = {STEP: model.draw_step(), NETWORK: reader.draw_reader()}
    drafts = [folder / f"{name}.draft" for name in graphs]
    for path, graph in zip(drafts, graphs.values(), strict=True):
        write_file(path, graph.model().SerializeToString(deterministic=True))
    networks = Networks(*map(Session, drafts))
    difference = max(gap(write_known(networks, each), tell(model, each)) for each in batches)
    most = WIDER if isinstance(model, PretrainedWriter) else TOLERANCE
    if not difference <= most:  # so that NaN is refused too
        what = f"The exported network differs from the trained one by {difference:.2g}."
        raise ExportError(what, "This is a fault of textwright, not of your data: report it.")
    for each in drafts:
        each.replace(each.with_suffix(""))
    return difference


def tell(model: Writer, batch: WritingBatch) -> Floats:
    """Give the logits of each real token by torch, [M, V]."""
    inputs = {name: torch.from_numpy(each) for name, each in batch.inputs.items()}
    training = model.training
    model.eval()
    with torch.no_grad():
        logits: Floats = model(**inputs)[0].numpy()
    model.train(training)
    return logits


def write_known(networks: Networks, batch: WritingBatch) -> Floats:
    """Give the same logits by the files, one step for each token."""
    state = networks.begin(len(batch.told), batch.inputs)
    steps = []
    for tokens in np.maximum(batch.told.T, 0):
        logits, state = networks.advance(tokens[:, None], state)
        steps.append(logits[:, 0])
    found: Floats = np.stack(steps, axis=1)[batch.told >= 0]
    return found
