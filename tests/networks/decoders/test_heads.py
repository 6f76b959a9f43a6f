"""Attention in several heads, held against its equations."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from tests.networks.padded import LENGTHS, padded_states
from textwright.networks.decoders.heads import Heads
from textwright.networks.graph import Graph

WIDTH, SOURCE, HEADS = 8, 10, 2
PART = WIDTH // HEADS


def heads(source: int = SOURCE) -> Heads:
    torch.manual_seed(1)
    return Heads(WIDTH, source, HEADS, dropout=0.5).eval()


def asking(tokens: int = 4) -> Tensor:
    return torch.randn(3, tokens, WIDTH, generator=torch.Generator().manual_seed(2))


def one_token(network: Heads, asked: Tensor, states: Tensor) -> Tensor:
    """Give what one token [W] is shown of states [S, D], head by head."""
    shown = []
    query, key, value = (
        network.query(asked),
        states @ network.key.weight.T,
        network.value(states),
    )
    for head in range(HEADS):
        own = slice(head * PART, (head + 1) * PART)
        scores = key[:, own] @ query[own] / PART**0.5
        weights = scores.exp() / scores.exp().sum()
        shown.append((weights[:, None] * value[:, own]).sum(dim=0))
    found: Tensor = network.join(torch.cat(shown))
    return found


def test_each_token_is_shown_the_real_tokens_of_its_source() -> None:
    network, (states, mask) = heads(), padded_states(SOURCE)

    with torch.no_grad():
        found = network(asking(), states, mask)
        for row, length in enumerate(LENGTHS):
            for token in range(4):
                expected = one_token(network, asking()[row, token], states[row, :length])
                torch.testing.assert_close(found[row, token], expected, atol=1e-5, rtol=0)


def test_without_a_mask_each_token_is_shown_itself_and_those_before() -> None:
    network, states = heads(WIDTH), asking()

    with torch.no_grad():
        found = network(states, states, None)
        for token in range(4):
            expected = one_token(network, states[0, token], states[0, : token + 1])
            torch.testing.assert_close(found[0, token], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_graph_shows_each_row_the_same(rows: int) -> None:
    network, (states, mask) = heads(), padded_states(SOURCE)
    graph = Graph()
    graph.add_input("asking", "float32", ["N", "K", "T", WIDTH])
    graph.add_input("states", "float32", ["N", 1, "S", SOURCE])
    graph.add_input("bias", "float32", ["N", 1, 1, 1, "S"])
    keys, values = network.add_keys(graph, "states"), network.add_values(graph, "states")
    shown, weights = network.add_nodes(graph, "asking", keys, values, "bias")
    graph.add_output(shown, "shown", ["N", "K", "T", WIDTH])
    graph.add_output(weights, "weights", ["N", "K", HEADS, "T", "S"])
    session = onnxruntime.InferenceSession(
        graph.model().SerializeToString(), providers=["CPUExecutionProvider"]
    )
    bias = np.where(mask.numpy(), 0.0, -np.inf).astype(np.float32)
    given = {
        "asking": asking().numpy()[:, None].repeat(rows, axis=1),
        "states": states.numpy()[:, None],
        "bias": bias[:, None, None, None],
    }

    found, shares = session.run(None, given)

    with torch.no_grad():
        expected = network(asking(), states, mask).numpy()
    for row in range(rows):
        np.testing.assert_allclose(found[:, row], expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=0, atol=1e-6)
    assert not shares[0, ..., LENGTHS[0] :].any()
