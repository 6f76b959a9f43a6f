"""Networks quantized to 8-bit integers, run by ONNX Runtime beside those they were made of."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from tests.networks.padded import padded_ids
from tests.networks.tiny_checkpoints import VOCABULARY, write_checkpoint
from textwright.networks.graph import Graph
from textwright.networks.int8 import quantize
from textwright.recipe.file import check_recipe
from textwright.training.model import TextModel, build_model

SMALL = 0.03  # share of the largest number that 7 bits may cost


@pytest.fixture(autouse=True)
def _same_numbers_each_time() -> None:
    torch.manual_seed(3)


def linear_model(layer: nn.Linear) -> onnx.ModelProto:
    graph = Graph()
    states = graph.add_input("states", "float32", ["B", "T", layer.in_features])
    result = graph.linear(states, layer.weight, layer.bias)
    graph.add_output(result, "result", ["B", "T", layer.out_features])
    return graph.model()


def run(model: onnx.ModelProto, **inputs: NDArray[np.generic]) -> NDArray[np.float32]:
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(None, inputs)[0]
    return found


def encoder_model(folder: Path, task: str = "embed", **sections: dict[str, str]) -> TextModel:
    table = {
        "name": "small",
        "task": task,
        "data": {"train": "none.jsonl"},
        "encoder": {"kind": "pretrained", "model": str(folder), "train": "full"},
    }
    return build_model(check_recipe({**table, **sections}), VOCABULARY, 4).eval()


@pytest.fixture(scope="module")
def drawn(checkpoint: Path) -> onnx.ModelProto:
    return encoder_model(checkpoint).draw().model()


def test_a_product_is_that_of_the_weights_but_for_what_7_bits_cost() -> None:
    layer, states = nn.Linear(40, 30), torch.randn(3, 5, 40)

    found = run(quantize(linear_model(layer)), states=states.numpy())

    expected = layer(states).detach().numpy()
    assert np.abs(found - expected).max() < SMALL * np.abs(expected).max()
    assert np.abs(found - expected).max() > 0


def test_states_of_very_different_sizes_lose_the_same_share() -> None:
    layer = nn.Linear(40, 30, bias=False)
    states = torch.randn(1, 1, 40).numpy()
    small = quantize(linear_model(layer))

    sizes = np.array([[[1e-3], [1.0], [1e3]]], dtype=np.float32)
    found = run(small, states=states * sizes)

    np.testing.assert_allclose(found / sizes, np.tile(found[:, 1:2], (1, 3, 1)), rtol=0.02)


def test_the_largest_products_do_not_run_over() -> None:
    layer = nn.Linear(512, 8, bias=False)
    nn.init.ones_(layer.weight)
    states = np.ones((1, 2, 512), dtype=np.float32) * np.array([[[1.0], [-1.0]]], dtype=np.float32)

    found = run(quantize(linear_model(layer)), states=states)

    np.testing.assert_allclose(found[0, 0], 512, rtol=1e-5)
    np.testing.assert_allclose(found[0, 1], -512, rtol=1e-5)


def test_a_state_or_a_weight_of_zeros_gives_the_bias() -> None:
    layer = nn.Linear(8, 3)
    with torch.no_grad():
        layer.weight[1] = 0
    states = np.zeros((1, 1, 8), dtype=np.float32)

    found = run(quantize(linear_model(layer)), states=states)
    other = run(quantize(linear_model(layer)), states=states + 1)

    bias = layer.bias.detach().numpy()
    np.testing.assert_allclose(found[0, 0], bias, atol=1e-6)
    assert other[0, 0, 1] == pytest.approx(bias[1], abs=1e-6)


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet", "modernbert", "albert"])
def test_an_encoder_gives_nearly_the_same_vectors(tmp_path: Path, kind: str) -> None:
    folder = write_checkpoint(tmp_path / "tiny", kind, pad_token_id=0)
    whole = encoder_model(folder).draw().model()
    ids, mask = (each.numpy() for each in padded_ids())

    expected, found = (run(each, ids=ids, mask=mask) for each in (whole, quantize(whole)))

    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    cosines = (expected * found).sum(axis=1) / lengths
    assert cosines.min() > 0.99
    assert np.abs(expected - found).max() > 1e-4


def test_a_text_gets_the_same_vector_alone_and_beside_a_very_long_one(
    drawn: onnx.ModelProto,
) -> None:
    small = quantize(drawn)
    ids = np.full((2, 400), 7)
    ids[0, :4] = [3, 5, 9, 4]
    mask = np.ones((2, 400), dtype=np.bool_)
    mask[0, 4:] = False

    together = run(small, ids=ids, mask=mask)[0]
    alone = run(small, ids=ids[:1, :4], mask=mask[:1, :4])[0]

    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)


def test_no_weight_is_left_in_32_bits(drawn: onnx.ModelProto) -> None:
    small = quantize(drawn)

    kinds = {each.name: (each.data_type, len(each.dims)) for each in small.graph.initializer}
    floats = [name for name, (kind, dims) in kinds.items() if kind == 1 and dims > 1]
    shapes = {tuple(each.dims) for each in small.graph.initializer if each.name in floats}

    assert shapes == {(512, 16), (VOCABULARY, 1), (2, 1)}  # places, and scales of tables


@pytest.mark.parametrize(
    ("task", "decoder"),
    [
        ("classify", {"pooling": "attention-max"}),
        ("match", {"form": "cross"}),
        ("match", {"compare": "features"}),
    ],
)
def test_every_decoder_comes_along(checkpoint: Path, task: str, decoder: dict[str, str]) -> None:
    whole = encoder_model(checkpoint, task, decoder=decoder).draw().model()
    ids, mask = (np.tile(each.numpy(), (2, 1)) for each in padded_ids())
    given: dict[str, NDArray[np.generic]] = {"ids": ids, "mask": mask}
    if len(whole.graph.input) > 2:
        given["types"] = (np.arange(ids.shape[1]) > 2).astype(np.int64) * mask

    expected, found = (run(each, **given) for each in (whole, quantize(whole)))

    assert [each.name for each in quantize(whole).graph.output] == [
        each.name for each in whole.graph.output
    ]
    assert np.abs(found - expected).max() < 0.05 * max(1, np.abs(expected).max())


def test_layers_that_share_their_weights_keep_them_once(tmp_path: Path) -> None:
    whole = encoder_model(write_checkpoint(tmp_path / "tiny", "albert", embedding_size=16))

    small = quantize(whole.draw().model())

    kinds = [each.data_type for each in small.graph.initializer if len(each.dims) == 2]
    products = [each for each in small.graph.node if each.op_type == "MatMulIntegerToFloat"]
    assert kinds.count(onnx.TensorProto.INT8) < len(products)


def test_equal_networks_give_equal_bytes(drawn: onnx.ModelProto) -> None:
    first, second = (quantize(drawn).SerializeToString(deterministic=True) for _ in range(2))

    assert first == second


def table_model(table: torch.Tensor, factor: float) -> onnx.ModelProto:
    """Tell a table's rows apart by states, as the head of a network that writes does."""
    graph = Graph()
    states = graph.add_input("states", "float32", ["B", "T", table.shape[1]])
    kind: dict[str, Any] = {"domain": "com.microsoft", "transB": 1, "alpha": factor}
    graph.add("FusedMatMul", states, graph.constant(table), called="logits", **kind)
    graph.add_output("logits", "logits", ["B", "T", len(table)])
    return graph.model()


@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_a_product_by_a_table_that_lies_turned_is_redrawn_under_its_name(factor: float) -> None:
    table, states = torch.randn(30, 40), torch.randn(3, 5, 40)
    model = table_model(table, factor)

    small = quantize(model)

    assert [each.name for each in small.graph.output] == ["logits"]
    assert "FusedMatMul" not in {node.op_type for node in small.graph.node}
    expected = factor * (states @ table.T)
    found = torch.from_numpy(run(small, states=states.numpy()))
    assert (found - expected).abs().max() < SMALL * expected.abs().max()


def test_outputs_of_a_node_that_nobody_asks_for_stay_without_names() -> None:
    graph = Graph()
    states = graph.add_input("states", "float32", ["B", "T", 8])
    ones = graph.constant(torch.ones(8))
    kind: dict[str, Any] = {"domain": "com.microsoft", "epsilon": 1e-5}
    operator, given = "SkipSimplifiedLayerNormalization", (states, states, ones)
    normal, first, second, whole = graph.add_all(
        operator, *given, outputs=4, skipped=(1, 2), **kind
    )
    graph.add_output(graph.add("Add", normal, whole), "result", ["B", "T", 8])
    values = np.random.default_rng(1).normal(size=(1, 2, 8)).astype(np.float32)

    assert (first, second) == ("", "")
    np.testing.assert_array_equal(
        run(quantize(graph.model()), states=values), run(graph.model(), states=values)
    )
