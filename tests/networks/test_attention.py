"""Additive attention, with padding."""

import numpy as np
import torch

from tests.networks.padded import LENGTHS, padded_states, run_graph
from textwright.networks.attention import AdditiveAttention, AskedAttention
from textwright.networks.graph import Graph


def test_weights_sum_to_one_over_real_tokens_and_are_zero_at_padding() -> None:
    states, mask = padded_states(4)

    _, weights = AdditiveAttention(4, 3)(states, mask)

    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(LENGTHS)))
    assert weights[~mask].eq(0).all()
    assert weights[mask].gt(0).all()


def test_the_vector_is_what_the_equations_say() -> None:
    states, mask = padded_states(4)
    attention = AdditiveAttention(4, 3)
    weight, bias, score = (each.detach().numpy() for each in attention.parameters())
    text = states[1, : LENGTHS[1]].numpy()

    energies = np.tanh(text @ weight.T + bias) @ score[0]
    shares = np.exp(energies) / np.exp(energies).sum()
    vector, _ = attention(states, mask)

    np.testing.assert_allclose(vector[1].detach().numpy(), shares @ text, rtol=1e-4, atol=1e-5)


def test_the_graph_gives_the_same_vector_and_weights() -> None:
    states, mask = padded_states(4)
    attention = AdditiveAttention(4, 3)
    graph = Graph()
    graph.add_input("states", "float32", ["B", "T", 4])
    graph.add_input("mask", "bool", ["B", "T"])
    vector, weights = attention.add_nodes(graph, "states", "mask")
    graph.add_output(vector, "vector", ["B", 4])
    graph.add_output(weights, "weights", ["B", "T"])

    found = run_graph(graph, {"states": states, "mask": mask})

    for one, other in zip(found, attention(states, mask), strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), atol=1e-5)


def test_asked_attention_is_as_its_equations_say() -> None:
    torch.manual_seed(0)
    attention = AskedAttention(source=10, width=4, hidden=5)
    states, mask = padded_states(10)
    asking = torch.randn(3, 2, 4)

    with torch.no_grad():
        shown, weights = attention(asking, states, mask)

        for row, length in enumerate(LENGTHS):
            for token in range(2):
                keys = states[row, :length] @ attention.key.weight.T + attention.key.bias
                query = attention.query.weight @ asking[row, token]
                scores = torch.tanh(keys + query) @ attention.score.weight[0]
                expected = scores.exp() / scores.exp().sum()
                torch.testing.assert_close(weights[row, token, :length], expected)
                assert not weights[row, token, length:].any()
                context = (expected[:, None] * states[row, :length]).sum(0)
                torch.testing.assert_close(shown[row, token], context)
