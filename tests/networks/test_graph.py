"""A graph drawn by hand, run by ONNX Runtime."""

import numpy as np
import torch
from torch import nn

from tests.networks.padded import run_graph
from textwright.networks.graph import Graph


def doubled_linear(layer: nn.Linear) -> Graph:
    graph = Graph()
    states = graph.add_input("states", "float32", ["B", layer.in_features])
    product = graph.linear(states, layer.weight, layer.bias)
    twice = graph.add("Mul", product, graph.constant(2.0))
    graph.add_output(twice, "result", ["B", layer.out_features])
    return graph


def test_a_linear_layer_answers_as_torch_does() -> None:
    layer, states = nn.Linear(4, 3), torch.randn(5, 4)

    (found,) = run_graph(doubled_linear(layer), {"states": states})

    np.testing.assert_allclose(found, 2 * layer(states).detach().numpy(), atol=1e-6)


def test_equal_weights_give_equal_bytes() -> None:
    layer = nn.Linear(4, 3)
    first, second = (doubled_linear(layer).model().SerializeToString() for _ in range(2))

    assert first == second


def test_a_graph_names_neither_its_maker_nor_its_source() -> None:
    model = doubled_linear(nn.Linear(4, 3)).model()

    assert model.producer_name == ""
    assert model.doc_string == model.graph.doc_string == ""
    assert {node.doc_string for node in model.graph.node} == {""}
    assert list(model.metadata_props) == []


def test_lists_of_numbers_become_int64_and_floats_float32() -> None:
    graph = Graph()
    graph.constant([1, 2])
    graph.constant(1.0)

    kinds = [each.data_type for each in graph.constants.values()]

    assert kinds == [7, 1]  # INT64 and FLOAT of onnx.TensorProto
