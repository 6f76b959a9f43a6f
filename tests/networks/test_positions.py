"""The places of tokens."""

import math

import pytest
import torch

from tests.networks.padded import run_graph
from textwright.networks.graph import Graph
from textwright.networks.positions import SinusoidalPositions

D = 8


def test_places_are_the_sines_and_cosines_of_the_paper() -> None:
    places = SinusoidalPositions(D)(50)

    for pair in range(D // 2):
        angle = 7 / 10_000 ** (2 * pair / D)
        assert places[7, pair].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert places[7, D // 2 + pair].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_nothing_of_them_is_learned_or_kept() -> None:
    positions = SinusoidalPositions(D)

    assert list(positions.parameters()) == []
    assert positions.state_dict() == {}


def test_the_graph_gives_the_same() -> None:
    positions, graph = SinusoidalPositions(D), Graph()
    found = positions.add_nodes(graph, graph.add_input("places", "float32", ["T", 1]))
    graph.add_output(found, "vectors", ["T", D])

    (vectors,) = run_graph(graph, {"places": torch.arange(5.0)[:, None]})

    torch.testing.assert_close(torch.from_numpy(vectors), positions(5))
