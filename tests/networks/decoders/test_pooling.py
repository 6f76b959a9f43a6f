"""Every pooling, with padding."""

import pytest
import torch

from tests.networks.padded import LENGTHS, padded_states, run_graph
from textwright.networks.decoders.pooling import POOLINGS, StatesInGraph
from textwright.networks.graph import Graph

D, BACKWARD = 6, 2


def test_last_is_where_each_direction_ends() -> None:
    states, mask = padded_states(D)

    vector, _ = POOLINGS["last"](D, BACKWARD)(states, mask)

    for row, length in enumerate(LENGTHS):
        assert torch.equal(vector[row, :4], states[row, length - 1, :4])
        assert torch.equal(vector[row, 4:], states[row, 0, 4:])


def test_mean_and_max_are_over_real_tokens() -> None:
    states, mask = padded_states(D)

    mean, _ = POOLINGS["mean"](D, BACKWARD)(states, mask)
    largest, _ = POOLINGS["max"](D, BACKWARD)(states, mask)

    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(mean[row], states[row, :length].mean(dim=0))
        assert torch.equal(largest[row], states[row, :length].amax(dim=0))


def test_attention_max_holds_both_vectors() -> None:
    states, mask = padded_states(D)
    pooling = POOLINGS["attention-max"](D, BACKWARD)

    vector, weights = pooling(states, mask)

    assert pooling.width == 2 * D
    assert torch.equal(vector[:, D:], POOLINGS["max"](D, BACKWARD)(states, mask)[0])
    torch.testing.assert_close(vector[0, :D], weights[0] @ states[0])


@pytest.mark.parametrize("name", POOLINGS)
def test_the_vector_does_not_depend_on_the_padding(name: str) -> None:
    states, mask = padded_states(D)
    pooling = POOLINGS[name](D, BACKWARD)
    short, few = states[1:, :3], mask[1:, :3]

    vector, _ = pooling(states, mask)

    torch.testing.assert_close(vector[1:], pooling(short, few)[0])


@pytest.mark.parametrize("backward", [0, BACKWARD])
@pytest.mark.parametrize("name", POOLINGS)
def test_the_graph_pools_the_same(name: str, backward: int) -> None:
    states, mask = padded_states(D)
    pooling = POOLINGS[name](D, backward)
    graph = Graph()
    graph.add_input("states", "float32", ["B", "T", D])
    graph.add_input("mask", "bool", ["B", "T"])
    counted = graph.add("Cast", "mask", to=6)
    lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)
    vector, _ = pooling.add_nodes(graph, StatesInGraph("states", "mask", lengths))
    graph.add_output(vector, "vector", ["B", pooling.width])

    (found,) = run_graph(graph, {"states": states, "mask": mask})

    torch.testing.assert_close(torch.from_numpy(found), pooling(states, mask)[0].detach())
