"""Weights that stay in their checkpoint: no number of it in the artifact, and equal answers."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

from tests.networks.encoders.test_encoder_graph import encoder_of
from textwright.errors import DataError
from textwright.networks.encoders.encoder_graph import DRAWN
from textwright.networks.graph import Graph
from textwright.runtime.sessions import Session
from textwright.training.outside import move_weights

CHANCE = np.random.default_rng(3)
NAMES = ("query", "key", "value", "bias", "wide")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Give a file of five tensors in float32, and one of half the width."""
    shapes = {"query": (4, 3), "key": (4, 3), "value": (4, 3), "bias": (6,), "wide": (3, 5)}
    tensors = {name: CHANCE.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    tensors["half"] = CHANCE.normal(size=(9, 9)).astype(np.float16)
    save_file(tensors, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def network_of(**constants: np.ndarray) -> bytes:
    """Give a network whose outputs are its constants."""
    kept = [numpy_helper.from_array(each, name) for name, each in constants.items()]
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in constants]
    outputs = [
        helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, each.shape)
        for name, each in constants.items()
    ]
    graph = helper.make_graph(nodes, "constants", [], outputs, kept)
    opsets = [helper.make_opsetid("", 18)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def test_constants_are_made_of_their_tensors_turned_and_joined(
    weights: Path, tmp_path: Path
) -> None:
    given = load_file(weights)
    constants = {
        "plain": given["bias"],
        "turned": given["wide"].T.copy(),
        "joined": np.concatenate([given["bias"][None]] * 3).ravel(),
        "both": np.concatenate([given[name] for name in ("query", "key", "value")]).T.copy(),
        "own": CHANCE.normal(size=(2, 2)).astype(np.float32),
    }

    content = move_weights(network_of(**constants), [weights], 16)

    held = {each.name for each in onnx.load_from_string(content).graph.initializer}
    assert held == {"own", *(f"model.safetensors:{name}" for name in NAMES)}
    for name in NAMES:
        assert given[name].tobytes() not in content
    (tmp_path / "model.onnx").write_bytes(content)
    found = Session(tmp_path / "model.onnx", outside={weights.name: weights.read_bytes()}).run({})
    for name, each in constants.items():
        np.testing.assert_array_equal(found[f"{name}_out"], each)


def test_what_is_no_tensor_of_the_file_is_not_left_out_in_silence(weights: Path) -> None:
    changed = load_file(weights)["wide"].repeat(40, axis=0) + 1

    with pytest.raises(DataError, match="does not hold all weights") as refused:
        move_weights(network_of(changed=changed), [weights], 0)

    assert 'weights = "copy"' in refused.value.hint


def test_half_precision_cannot_stay_outside(weights: Path) -> None:
    half = load_file(weights)["half"].astype(np.float32).repeat(8, axis=0)

    with pytest.raises(DataError, match="does not hold all weights"):
        move_weights(network_of(half=half), [weights], 0)


def drawn(folder: Path, kind: str) -> tuple[bytes, list[Path]]:
    """Give the graph of a tiny encoder of a family, and the files of its weights."""
    encoder, graph = encoder_of(folder, kind), Graph()
    graph.add_input("ids", "int64", ["B", "T"])
    counted = graph.add("Cast", graph.add_input("mask", "bool", ["B", "T"]), to=6)
    lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)
    states = encoder.add_nodes(graph, "ids", lengths)
    graph.add_output(states, "states", ["B", "T", encoder.width])
    return bytes(graph.model().SerializeToString()), [folder / "model.safetensors"]


@pytest.mark.parametrize("kind", [each for each in DRAWN if each != "modernbert"])
def test_of_a_whole_encoder_nothing_is_left(tmp_path: Path, kind: str) -> None:
    content = move_weights(*drawn(tmp_path, kind), own_bytes=0)

    left = onnx.load_from_string(content).graph.initializer
    inside = [each for each in left if each.data_location != TensorProto.EXTERNAL]
    assert sum(len(each.raw_data) for each in inside if each.data_type == TensorProto.FLOAT) < 100


def test_an_encoder_whose_tensors_are_cut_apart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not hold all weights"):
        move_weights(*drawn(tmp_path, "modernbert"), own_bytes=0)
