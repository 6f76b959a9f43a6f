"""The BiLSTM against its equations, and against torch's packed form."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.networks.padded import LENGTHS, padded_states, run_graph
from textwright.networks.encoders.bilstm import BiLSTM, turned_rows
from textwright.networks.graph import Graph
from textwright.recipe.parts import BiLSTMSettings

D, H = 4, 3


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = 1 / (1 + np.exp(-values))
    return result


def read_by_equations(text: NDArray[np.float32], lstm: nn.Module) -> NDArray[np.float64]:
    """Compute the docstring for one text [T, D], token by token."""
    inputs, recurrent, bias_1, bias_2 = (
        each.detach().double().numpy() for each in lstm.parameters()
    )
    hidden, cell, states = np.zeros(H), np.zeros(H), []
    for token in text.astype(np.float64):
        gates = inputs @ token + recurrent @ hidden + bias_1 + bias_2
        entry, forget, offer, shown = np.split(gates, 4)
        cell = logistic(forget) * cell + logistic(entry) * np.tanh(offer)
        hidden = logistic(shown) * np.tanh(cell)
        states.append(hidden)
    return np.array(states)


def packed_twin(encoder: BiLSTM, layers: int) -> nn.LSTM:
    """Give the bidirectional LSTM of torch itself the same weights."""
    twin = nn.LSTM(D, H, num_layers=layers, bidirectional=True, batch_first=True)
    for layer in range(layers):
        for ending, directions in (("", encoder.forwards), ("_reverse", encoder.backwards)):
            for name, weight in directions[layer].named_parameters():
                twin.get_parameter(name.replace("l0", f"l{layer}{ending}")).data = weight.data
    return twin


def settings(layers: int = 1, *, bidirectional: bool = True) -> BiLSTMSettings:
    return BiLSTMSettings(layers=layers, hidden=H, bidirectional=bidirectional, dropout=0.0)


def test_forwards_the_states_are_what_the_equations_say() -> None:
    states, mask = padded_states(D)
    encoder = BiLSTM(settings(), D)

    found = encoder(states, mask).detach().numpy()

    for row, length in enumerate(LENGTHS):
        expected = read_by_equations(states[row, :length].numpy(), encoder.forwards[0])
        np.testing.assert_allclose(found[row, :length, :H], expected, atol=1e-6)


def test_backwards_they_are_so_for_the_text_turned_round() -> None:
    states, mask = padded_states(D)
    encoder = BiLSTM(settings(), D)

    found = encoder(states, mask).detach().numpy()

    for row, length in enumerate(LENGTHS):
        turned = states[row, :length].flip(0).numpy()
        expected = read_by_equations(turned, encoder.backwards[0])[::-1]
        np.testing.assert_allclose(found[row, :length, H:], expected, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_dense_batches_give_what_packed_ones_give(layers: int) -> None:
    states, mask = padded_states(D)
    encoder = BiLSTM(settings(layers), D)
    lengths = torch.tensor(LENGTHS)

    packed, _ = packed_twin(encoder, layers)(
        pack_padded_sequence(states, lengths, batch_first=True)
    )
    expected, _ = pad_packed_sequence(packed, batch_first=True, total_length=states.shape[1])

    torch.testing.assert_close(encoder(states, mask)[mask], expected[mask])


def test_dense_batches_give_the_gradients_of_packed_ones() -> None:
    states, mask = padded_states(D)
    encoder = BiLSTM(settings(2), D)
    twin = packed_twin(encoder, 2)

    encoder(states, mask)[mask].square().sum().backward()
    twin(pack_padded_sequence(states, torch.tensor(LENGTHS), batch_first=True))[
        0
    ].data.square().sum().backward()

    for name, weight in encoder.forwards[1].named_parameters():
        torch.testing.assert_close(weight.grad, twin.get_parameter(name.replace("l0", "l1")).grad)


def test_padding_has_no_part_in_any_real_state() -> None:
    states, mask = padded_states(D)
    encoder = BiLSTM(settings(2), D)
    other = states.masked_fill(~mask[:, :, None], -7.0)

    torch.testing.assert_close(encoder(states, mask)[mask], encoder(other, mask)[mask])


def test_one_direction_never_sees_what_comes() -> None:
    states, mask = padded_states(D)
    encoder = BiLSTM(settings(2, bidirectional=False), D)
    changed = states.clone()
    changed[:, 2:] = 0.0

    assert encoder.width == H
    assert encoder.backward_width == 0
    torch.testing.assert_close(encoder(states, mask)[:, :2], encoder(changed, mask)[:, :2])


def test_turning_twice_changes_nothing() -> None:
    _, mask = padded_states(D)
    rows = turned_rows(mask)

    assert torch.equal(rows[rows], torch.arange(mask.numel()))
    assert rows[:6].tolist() == [4, 3, 2, 1, 0, 5]


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_graph_reads_the_same(bidirectional: bool) -> None:
    states, mask = padded_states(D)
    encoder = BiLSTM(settings(2, bidirectional=bidirectional), D)
    graph = Graph()
    graph.add_input("states", "float32", ["B", "T", D])
    lengths: Tensor = mask.sum(dim=1)
    counted = graph.add("Cast", graph.add_input("lengths", "int64", ["B"]), to=6)
    graph.add_output(encoder.add_nodes(graph, "states", counted), "read", ["B", "T", "W"])

    (found,) = run_graph(graph, {"states": states, "lengths": lengths})

    expected = encoder(states, mask).detach()
    torch.testing.assert_close(torch.from_numpy(found)[mask], expected[mask])
