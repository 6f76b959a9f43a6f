"""Networks that write, in torch and step by step in a graph."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from tests.networks.padded import padded_states
from textwright.networks.components import WRITERS
from textwright.networks.decoders.writing import PADS, SourceInGraph, input_kind
from textwright.networks.graph import Graph
from textwright.recipe.writing import WritingSettings

SOURCE, EMBEDDING, TOKENS = 10, 6, 7
EVERY = pytest.mark.parametrize("form", WRITERS)
SOURCES = pytest.mark.parametrize("source", [SOURCE, 0])


def writer(form: str, source: int = SOURCE, layers: int = 2) -> Any:
    """Make a writer whose every weight counts."""
    torch.manual_seed(3)
    settings = WritingSettings(form=form, layers=layers, hidden=8, heads=2, dropout=0.5)
    network: Any = WRITERS[form].network
    found = network(settings, source, EMBEDDING).eval()
    with torch.no_grad():
        for each in found.parameters():
            each.add_(0.1 * torch.randn_like(each))
    return found


def vectors(tokens: int = TOKENS) -> Tensor:
    """Vectors of the tokens written for three sources, [3, T, E]."""
    return torch.randn(3, tokens, EMBEDDING, generator=torch.Generator().manual_seed(4))


def given(source: int) -> tuple[Tensor, ...]:
    """States of three sources and their mask; nothing where a writer has none."""
    return padded_states(source) if source else ()


def session_of(graph: Graph) -> onnxruntime.InferenceSession:
    content = graph.model().SerializeToString()
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def read_source(network: Any, states: Tensor, mask: Tensor) -> dict[str, np.ndarray]:
    """Run the graph of what a source is to the steps."""
    graph = Graph()
    graph.add_input("states", "float32", ["N", "S", SOURCE])
    graph.add_input("mask", "bool", ["N", "S"])
    bias = graph.add("Where", "mask", graph.constant(0.0), graph.constant(float("-inf")))
    counted = graph.add("Cast", "mask", to=6)
    lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)
    found = network.add_source(graph, SourceInGraph("states", "mask", bias, lengths))
    for name, value in found.items():
        graph.add_output(value, name, network.shapes[name])
    values = session_of(graph).run(None, {"states": states.numpy(), "mask": mask.numpy()})
    return dict(zip(found, values, strict=True))


def step_of(network: Any) -> onnxruntime.InferenceSession:
    """Give the graph of a step."""
    graph = Graph()
    entry = graph.add_input("vectors", "float32", ["N", "K", "T", EMBEDDING])
    names = {
        name: graph.add_input(name, input_kind(name), each) for name, each in network.shapes.items()
    }
    step = network.add_step(graph, entry, names)
    graph.add_output(step.output, "output", ["N", "K", "T", EMBEDDING])
    for name, value in step.past.items():
        later = ["Q" if each == "P" else each for each in network.shapes[name]]
        graph.add_output(value, f"new.{name}", later)
    return session_of(graph)


def begun(network: Any, known: dict[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    """Complete what steps take by zeros, and give each source so many rows."""
    sizes = {"N": 3, "K": rows, "P": 0}
    found = {}
    for name, shape in network.shapes.items():
        if name not in known:
            found[name] = np.zeros([sizes.get(each, each) for each in shape], input_kind(name))
        else:
            found[name] = known[name].repeat(rows if "K" in shape else 1, axis=1)
    return found


@EVERY
@SOURCES
@pytest.mark.parametrize("pieces", [[1] * TOKENS, [TOKENS], [3, 1, 3]])
@pytest.mark.parametrize("layers", [1, 3])
def test_steps_of_a_graph_write_what_torch_does_in_one_go(
    form: str, source: int, pieces: list[int], layers: int
) -> None:
    network, written = writer(form, source, layers), vectors()
    with torch.no_grad():
        expected = network(written, *given(source)).numpy()
    known = read_source(network, *given(source)) if source else {}
    state, step, found, place = begun(network, known, 2), step_of(network), [], 0
    names = [each.name for each in step.get_outputs()]

    for count in pieces:
        part = written[:, None, place : place + count].repeat(1, 2, 1, 1).numpy()
        given_names = {each.name for each in step.get_inputs()}
        feed = {name: each for name, each in state.items() if name in given_names}
        values = dict(zip(names, step.run(None, {"vectors": part, **feed}), strict=True))
        found.append(values.pop("output"))
        state |= {name.removeprefix("new."): each for name, each in values.items()}
        place += count

    together = np.concatenate(found, axis=2)
    np.testing.assert_allclose(together[:, 0], expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(together[:, 0], together[:, 1])


@pytest.mark.parametrize("count", [1, 3])
def test_empty_places_at_the_left_of_a_past_change_nothing(count: int) -> None:
    """A past of four tokens beside one of two, which is filled up with whatever numbers."""
    network, step, written = writer("transformer", 0), step_of(writer("transformer", 0)), vectors()
    with torch.no_grad():
        expected = network(written).numpy()

    def run(state: dict[str, np.ndarray], first: int, last: int) -> dict[str, np.ndarray]:
        feed = {"vectors": written[:, None, first:last].numpy(), **state}
        return dict(
            zip([each.name for each in step.get_outputs()], step.run(None, feed), strict=True)
        )

    def later(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name.removeprefix("new."): each for name, each in found.items() if name != "output"}

    nothing = begun(network, {}, 1)
    long, short = (later(run(nothing, 0, each)) for each in (4, 2))
    both = {PADS: np.array([0, 2, 2])}
    for name, each in long.items():
        both[name] = each.copy()
        axis = network.shapes[name].index("P")
        empty = np.full_like(short[name][1:], 9.0)
        both[name][1:] = np.concatenate([empty, short[name][1:]], axis=axis)
    ragged = torch.stack([written[0, 4 : 4 + count], *written[1:, 2 : 2 + count]])
    found = dict(
        zip(
            [each.name for each in step.get_outputs()],
            step.run(None, {"vectors": ragged[:, None].numpy(), **both}),
            strict=True,
        )
    )["output"][:, 0]

    np.testing.assert_allclose(found[0], expected[0, 4 : 4 + count], rtol=0, atol=1e-5)
    np.testing.assert_allclose(found[1:], expected[1:, 2 : 2 + count], rtol=0, atol=1e-5)


def test_texts_filled_up_at_their_left_can_be_read_at_once() -> None:
    network, step, written = writer("transformer", 0), step_of(writer("transformer", 0)), vectors()
    with torch.no_grad():
        expected = network(written[:, : TOKENS - 3]).numpy()
    state = {**begun(network, {}, 1), PADS: np.full(3, 3)}
    filled = torch.cat([torch.full((3, 3, EMBEDDING), 5.0), written[:, : TOKENS - 3]], dim=1)

    output, *past = step.run(None, {"vectors": filled[:, None].numpy(), **state})

    np.testing.assert_allclose(output[:, 0, 3:], expected, rtol=0, atol=1e-5)
    assert all(np.isfinite(each).all() for each in (output, *past))


@EVERY
@SOURCES
def test_what_is_written_later_changes_nothing_before(form: str, source: int) -> None:
    network, written = writer(form, source), vectors()
    changed = written.clone()
    changed[:, 4:] += 5.0

    with torch.no_grad():
        one, other = (network(each, *given(source)) for each in (written, changed))

    torch.testing.assert_close(one[:, :4], other[:, :4], atol=1e-6, rtol=0)
    assert (one[:, 4:] - other[:, 4:]).abs().min(dim=-1).values.max() > 1e-3


@EVERY
def test_padding_of_a_source_changes_nothing(form: str) -> None:
    network, written = writer(form), vectors()
    states, mask = padded_states(SOURCE)

    with torch.no_grad():
        together = network(written, states, mask)
        alone = network(written[2:], states[2:, :1], mask[2:, :1])

    torch.testing.assert_close(together[2:], alone, atol=1e-5, rtol=0)


@EVERY
def test_what_is_written_depends_on_each_token_of_the_source(form: str) -> None:
    network, written = writer(form), vectors()
    states, mask = padded_states(SOURCE)
    states.requires_grad_()

    network(written, states, mask).square().sum().backward()

    assert states.grad is not None
    felt = states.grad.abs().sum(dim=-1) > 0
    assert torch.equal(felt, mask)


@EVERY
def test_a_source_of_one_width_is_read_by_a_writer_of_another(form: str) -> None:
    network = writer(form)

    assert network(vectors(), *padded_states(SOURCE)).shape == (3, TOKENS, EMBEDDING)
