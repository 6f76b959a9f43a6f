"""The embed decoder: vectors of a length, cut, less what all have in common."""

import numpy as np
import pytest
import torch

from tests.networks.padded import padded_states, run_graph
from textwright.networks.decoders.embed import EmbedDecoder
from textwright.networks.decoders.pooling import StatesInGraph
from textwright.networks.graph import Graph
from textwright.recipe.parts import EmbedSettings

D, BACKWARD = 6, 2


def decoder_of(**changes: object) -> EmbedDecoder:
    table = {"pooling": "mean", "normalize": "yes", **changes}
    return EmbedDecoder(EmbedSettings(**table), D, BACKWARD, 0).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize(("dimensions", "unit"), [(0, "yes"), (4, "yes"), (0, "no"), (99, "no")])
def test_its_graph_gives_the_same_vectors(dimensions: int, unit: str, common: bool) -> None:
    states, mask = padded_states(D)
    decoder = decoder_of(pooling="sif", dimensions=dimensions, normalize=unit)
    if common:
        decoder.common[1] = 1.0  # type: ignore[operator]
    graph = Graph()
    graph.add_input("states", "float32", ["B", "T", D])
    graph.add_input("mask", "bool", ["B", "T"])
    graph.add_input("lengths", "int64", ["B"])
    name, _ = decoder.add_nodes(graph, StatesInGraph("states", "mask", "lengths"))
    graph.add_output(name, "vectors", ["B", decoder.size])

    with torch.no_grad():
        expected, _ = decoder(states, mask)
    inputs = {"states": states, "mask": mask, "lengths": mask.sum(dim=1)}
    (found,) = run_graph(graph, inputs)

    assert expected.shape == (3, min(dimensions or D, D))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    assert bool(expected[:, 1].any()) != common


def test_fewer_numbers_are_the_first_ones_brought_to_length_one() -> None:
    states, mask = padded_states(D)

    whole, _ = decoder_of(normalize="no")(states, mask)
    cut, _ = decoder_of(dimensions=3)(states, mask)

    torch.testing.assert_close(cut, torch.nn.functional.normalize(whole[:, :3]))


def test_zeros_stay_zeros() -> None:
    vector, _ = decoder_of()(torch.zeros(1, 2, D), torch.ones(1, 2, dtype=torch.bool))

    assert vector.tolist() == [[0.0] * D]
