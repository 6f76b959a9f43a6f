"""Padded texts for the tests of networks: lengths 5, 3, 1 in a width of 6."""

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from textwright.networks.graph import Graph

LENGTHS = (5, 3, 1)
WIDTH = 6
VOCABULARY = 20


def padded_ids() -> tuple[Tensor, Tensor]:
    """Ids [3, 6], 0 at padding, and their mask."""
    places = torch.arange(WIDTH)[None, :]
    mask = places < torch.tensor(LENGTHS)[:, None]
    ids = torch.randint(2, VOCABULARY, mask.shape, generator=torch.Generator().manual_seed(1))
    return ids.masked_fill(~mask, 0), mask


def padded_states(width: int) -> tuple[Tensor, Tensor]:
    """States [3, 6, D] whose padding holds large numbers, and their mask."""
    _, mask = padded_ids()
    states = torch.randn(*mask.shape, width, generator=torch.Generator().manual_seed(2))
    return states.masked_fill(~mask[:, :, None], 1e3), mask


def run_graph(graph: Graph, inputs: dict[str, Tensor]) -> list[np.ndarray]:
    """Answer through ONNX Runtime."""
    content = graph.model().SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found: list[np.ndarray] = session.run(
        None, {name: each.numpy() for name, each in inputs.items()}
    )
    return found
