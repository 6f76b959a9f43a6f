"""The match decoder: two texts of a pair, and what is made of them."""

import numpy as np
import pytest
import torch

from tests.networks.padded import padded_states, run_graph
from textwright.networks.decoders.match import Cosine, Features, MatchDecoder
from textwright.networks.decoders.pooling import StatesInGraph
from textwright.networks.graph import Graph
from textwright.recipe.parts import MatchSettings

D, BACKWARD = 6, 2


def two_pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Give texts of lengths 5, 3, 1 and 5: two pairs."""
    states, mask = padded_states(D)
    return torch.cat([states, states[:1]]), torch.cat([mask, mask[:1]])


@pytest.mark.parametrize("labels", ["regression", "binary"])
@pytest.mark.parametrize("compare", ["cosine", "features"])
def test_its_graph_gives_the_same_scores(compare: str, labels: str) -> None:
    states, mask = two_pairs()
    decoder = MatchDecoder(
        MatchSettings(compare=compare, labels=labels, pooling="mean"), D, BACKWARD, 0
    ).eval()
    graph = Graph()
    graph.add_input("states", "float32", ["2B", "T", D])
    graph.add_input("mask", "bool", ["2B", "T"])
    graph.add_input("lengths", "int64", ["2B"])
    name, _ = decoder.add_nodes(graph, StatesInGraph("states", "mask", "lengths"))
    graph.add_output(name, "score", ["B", 1])

    with torch.no_grad():
        expected, attention = decoder(states, mask)
    inputs = {"states": states, "mask": mask, "lengths": mask.sum(dim=1)}
    (found,) = run_graph(graph, inputs)

    assert attention is None
    assert expected.shape == (2, 1)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_a_cosine_is_torchs_and_is_zero_for_a_vector_of_zeros() -> None:
    first, second = torch.randn(2, 4, D, generator=torch.Generator().manual_seed(1))
    first[3] = 0

    found = Cosine(D, binary=False)(first, second)

    torch.testing.assert_close(found[:, 0], torch.cosine_similarity(first, second))
    assert found[3] == 0


def test_a_vector_of_zeros_has_a_gradient_of_numbers() -> None:
    first = torch.zeros(1, D, requires_grad=True)

    Cosine(D, binary=True)(first, torch.ones(1, D)).sum().backward()

    assert first.grad is not None
    assert torch.isfinite(first.grad).all()


def test_features_are_both_vectors_their_distance_and_their_product() -> None:
    compare = Features(2, binary=False)
    with torch.no_grad():
        compare.output.weight.copy_(torch.tensor([[1.0, 0, 10, 0, 100, 0, 1000, 0]]))
        compare.output.bias.zero_()

    found = compare(torch.tensor([[2.0, 5.0]]), torch.tensor([[3.0, 7.0]]))

    assert found.item() == pytest.approx(2 + 30 + 100 + 6000)


def test_pairs_read_as_one_text_are_scored_one_each() -> None:
    states, mask = two_pairs()

    scores, _ = MatchDecoder(MatchSettings(form="cross", pooling="first"), D, BACKWARD, 0)(
        states, mask
    )

    assert scores.shape == (4, 1)
