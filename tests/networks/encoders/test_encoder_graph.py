"""The graph of each family against transformers' own answer, and a text alone against a batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.networks.padded import run_graph
from tests.networks.tiny_checkpoints import VOCABULARY, write_checkpoint
from textwright.networks.checkpoints import open_checkpoint
from textwright.networks.encoders.encoder_graph import DRAWN
from textwright.networks.encoders.pretrained import PretrainedEncoder
from textwright.networks.graph import Graph
from textwright.recipe.parts import PretrainedSettings

LENGTHS = (150, 9, 1)  # MPNet tells distances apart up to 128
CHANGES: dict[str, dict[str, Any]] = {
    "albert": {
        "embedding_size": 6,
        "num_hidden_layers": 4,
        "num_hidden_groups": 2,
        "inner_group_num": 2,
    },
    "distilbert": {"hidden_dim": 32},
    "electra": {"embedding_size": 6},
    "modernbert": {"local_attention": 16, "pad_token_id": 0, "num_hidden_layers": 4},
    "ernie": {"use_task_id": True},
}


def encoder_of(folder: Path, kind: str, **changes: Any) -> PretrainedEncoder:
    write_checkpoint(folder, kind, **{**CHANGES.get(kind, {}), **changes})
    assert open_checkpoint(folder).positions >= LENGTHS[0]
    return PretrainedEncoder(PretrainedSettings(model=str(folder)), 0).eval()


def texts() -> tuple[Tensor, Tensor]:
    """Ids [3, 150] none of which means padding to any tokenizer, and their mask."""
    mask = torch.arange(LENGTHS[0])[None, :] < torch.tensor(LENGTHS)[:, None]
    ids = torch.randint(5, VOCABULARY, mask.shape, generator=torch.Generator().manual_seed(1))
    return ids.masked_fill(~mask, 0), mask


def read_by_graph(encoder: PretrainedEncoder, **inputs: Tensor) -> np.ndarray:
    """Read texts through ONNX Runtime; ids, mask and, for pairs, types."""
    graph = Graph()
    for name, each in inputs.items():
        graph.add_input(name, "bool" if each.dtype == torch.bool else "int64", ["B", "T"])
    counted = graph.add("Cast", "mask", to=6)
    lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)
    types = "types" if "types" in inputs else None
    states = encoder.add_nodes(graph, "ids", lengths, types)
    graph.add_output(states, "states", ["B", "T", encoder.width])
    return run_graph(graph, inputs)[0]


@pytest.mark.parametrize("kind", DRAWN)
def test_the_graph_gives_the_states_of_the_network(tmp_path: Path, kind: str) -> None:
    encoder = encoder_of(tmp_path / "tiny", kind)
    ids, mask = texts()

    found = read_by_graph(encoder, ids=ids, mask=mask)

    with torch.no_grad():
        expected = encoder(ids, mask)[mask].numpy()
    np.testing.assert_allclose(found[mask.numpy()], expected, atol=2e-5)


@pytest.mark.parametrize("kind", DRAWN)
def test_a_text_alone_gets_the_states_that_it_gets_beside_longer_ones(
    tmp_path: Path, kind: str
) -> None:
    encoder = encoder_of(tmp_path / "tiny", kind)
    ids, mask = texts()
    together = read_by_graph(encoder, ids=ids, mask=mask)

    for row, length in enumerate(LENGTHS):
        alone = read_by_graph(encoder, ids=ids[row : row + 1, :length], mask=mask[:1, :length])
        np.testing.assert_allclose(alone[0], together[row, :length], atol=1e-5)


@pytest.mark.parametrize("kind", ["albert", "bert", "electra", "ernie"])
def test_the_second_text_of_a_pair_is_told_from_the_first(tmp_path: Path, kind: str) -> None:
    encoder = encoder_of(tmp_path / "tiny", kind)
    ids, mask = texts()
    types = (torch.arange(LENGTHS[0]) >= 4) & mask

    found = read_by_graph(encoder, ids=ids, mask=mask, types=types.long())

    with torch.no_grad():
        expected = encoder(ids, mask, types.long())[mask]
        untold = encoder(ids, mask)[mask]
    np.testing.assert_allclose(found[mask.numpy()], expected.numpy(), atol=2e-5)
    assert (expected - untold).abs().max() > 0.01


@pytest.mark.parametrize("activation", ["relu", "gelu_new", "gelu_pytorch_tanh"])
def test_every_activation_is_drawn(tmp_path: Path, activation: str) -> None:
    encoder = encoder_of(tmp_path / "tiny", "bert", hidden_act=activation)
    ids, mask = texts()

    found = read_by_graph(encoder, ids=ids, mask=mask)

    with torch.no_grad():
        expected = encoder(ids, mask)[mask].numpy()
    np.testing.assert_allclose(found[mask.numpy()], expected, atol=2e-5)


def test_layers_that_share_their_weights_are_kept_once(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "tiny", "albert")
    graph = Graph()

    encoder.add_nodes(graph, "ids", "lengths")

    kept = sum(len(each.raw_data) for each in graph.constants.values())
    weights = sum(4 * each.numel() for each in encoder.parameters())
    assert kept == pytest.approx(weights, rel=0.05)
