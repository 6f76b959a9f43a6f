"""Pretrained encoders: what learns, and the graph of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.networks.padded import padded_ids, run_graph
from tests.networks.tiny_checkpoints import write_checkpoint
from textwright.errors import RecipeError
from textwright.networks.encoders.pretrained import PretrainedEncoder
from textwright.networks.graph import Graph
from textwright.recipe.parts import PretrainedSettings


def encoder_of(folder: Path, **settings: Any) -> PretrainedEncoder:
    return PretrainedEncoder(PretrainedSettings(model=str(folder), **settings), 0)


def learning(encoder: PretrainedEncoder) -> set[str]:
    """Give the first two words of the names of the weights that learn, layers with numbers."""
    names = [name for name, each in encoder.inner.named_parameters() if each.requires_grad]
    return {".".join(name.split(".")[: 3 if name.startswith("encoder") else 1]) for name in names}


def test_frozen_nothing_learns_and_nothing_is_dropped(checkpoint: Path) -> None:
    encoder = encoder_of(checkpoint).train()
    ids, mask = padded_ids()

    assert learning(encoder) == set()
    assert torch.equal(encoder(ids, mask), encoder(ids, mask))


@pytest.mark.parametrize(
    ("settings", "learns"),
    [
        ({}, {"encoder.layer.0", "encoder.layer.1"}),
        ({"frozen_layers": 1}, {"encoder.layer.1"}),
        ({"frozen_embeddings": False, "frozen_layers": 2}, {"embeddings"}),
    ],
)
def test_just_the_parts_learn_that_are_not_frozen(
    checkpoint: Path, settings: dict[str, Any], learns: set[str]
) -> None:
    assert learning(encoder_of(checkpoint, train="full", **settings)) == learns


def test_more_frozen_layers_than_there_are_is_refused(checkpoint: Path) -> None:
    with pytest.raises(RecipeError, match="frozen_layers is 3") as refused:
        encoder_of(checkpoint, train="full", frozen_layers=3)

    assert "has 2 layers" in refused.value.hint


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_its_graph_gives_the_states_of_the_network(tmp_path: Path, kind: str) -> None:
    encoder = encoder_of(write_checkpoint(tmp_path / "tiny", kind)).eval()
    ids, mask = padded_ids()
    graph = Graph()
    graph.add_input("ids", "int64", ["B", "T"])
    counted = graph.add("Cast", graph.add_input("mask", "bool", ["B", "T"]), to=6)
    lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)
    graph.add_output(encoder.add_nodes(graph, "ids", lengths), "states", ["B", "T", 16])

    (found,) = run_graph(graph, {"ids": ids, "mask": mask})

    expected = encoder(ids, mask).detach().numpy()
    np.testing.assert_allclose(found[mask.numpy()], expected[mask.numpy()], atol=1e-5)
