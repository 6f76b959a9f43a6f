"""Two readers that must not see what they are to predict."""

from itertools import chain

import numpy as np
import pytest
import torch

from tests.networks.padded import LENGTHS, padded_states, run_graph
from textwright.networks.embeddings.two_readers import TwoReaders
from textwright.networks.graph import Graph

E = 4


def test_no_layer_read_forwards_sees_what_comes() -> None:
    states, mask = padded_states(E)
    readers = TwoReaders(E, 3)
    changed = states.clone()
    changed[:, 2:] = 0.5

    for before, after in zip(readers(states, mask)[0], readers(changed, mask)[0], strict=True):
        torch.testing.assert_close(before[:, :2], after[:, :2])


def test_no_layer_read_backwards_sees_what_was() -> None:
    states, mask = padded_states(E)
    readers = TwoReaders(E, 3)
    changed = states.clone()
    changed[:, :2] = 0.5

    for before, after in zip(readers(states, mask)[1], readers(changed, mask)[1], strict=True):
        torch.testing.assert_close(before[0, 2:5], after[0, 2:5])


def test_the_first_layer_of_both_is_the_input_itself() -> None:
    states, mask = padded_states(E)

    ahead, back = TwoReaders(E, 2)(states, mask)

    assert len(ahead) == len(back) == 3
    assert torch.equal(ahead[0], states)
    assert torch.equal(back[0], states)


def test_backwards_is_forwards_over_the_text_turned_round() -> None:
    states, mask = padded_states(E)
    readers = TwoReaders(E, 2)
    readers.backwards.load_state_dict(readers.forwards.state_dict())

    _, back = readers(states, mask)

    for row, length in enumerate(LENGTHS):
        turned = states[row : row + 1, :length].flip(1)
        expected, _ = readers(turned, torch.ones(1, length, dtype=torch.bool))
        for found, wanted in zip(back, expected, strict=True):
            torch.testing.assert_close(found[row, :length], wanted[0].flip(0))


def test_only_from_the_second_layer_on_the_input_is_added() -> None:
    states, mask = padded_states(E)
    readers = TwoReaders(E, 3)
    with torch.no_grad():
        for each in readers.forwards.parameters():
            each.zero_()

    ahead, _ = readers(states, mask)

    assert not ahead[1].any()
    assert torch.equal(ahead[2], ahead[1])
    with torch.no_grad():
        readers.forwards[0].get_parameter("bias_ih_l0").fill_(1.0)
    ahead, _ = readers(states, mask)
    assert ahead[1].any()
    assert torch.equal(ahead[3], ahead[1])


def test_padding_has_no_part_in_any_real_state() -> None:
    states, mask = padded_states(E)
    readers = TwoReaders(E, 2)
    other = states.masked_fill(~mask[:, :, None], -7.0)

    for one, another in zip(readers(states, mask), readers(other, mask), strict=True):
        for before, after in zip(one, another, strict=True):
            torch.testing.assert_close(before[mask], after[mask])


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_graph_reads_the_same(layers: int) -> None:
    states, mask = padded_states(E)
    readers = TwoReaders(E, layers)
    graph = Graph()
    turned = graph.add(
        "Transpose", graph.add_input("states", "float32", ["B", "T", E]), perm=[1, 0, 2]
    )
    counted = graph.add("Cast", graph.add_input("lengths", "int64", ["B"]), to=6)
    for number, layer in enumerate(chain(*readers.add_nodes(graph, turned, counted))):
        output = graph.add("Transpose", layer, perm=[1, 0, 2])
        graph.add_output(output, f"layer_{number}", ["B", "T", E])

    found = run_graph(graph, {"states": states, "lengths": mask.sum(dim=1)})

    expected = chain(*readers(states, mask))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one[mask.numpy()], other.detach()[mask].numpy(), atol=1e-5)
