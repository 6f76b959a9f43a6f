"""The n-gram linear model as an ONNX graph: gather, sum, linear over the slots that occurred.

A slot finds its row of weights by rank: slots stand in groups of sixteen, a group holds one bit a
slot and the number of rows before it, and a table counts the bits below the slot's own. That takes
0.4 bytes a slot, a twentieth of a plain table of rows for two million slots.

Shapes: B batch, T slots of the longest text, L labels, K columns of weights, G groups.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from textwright.vectors.linear import LinearModel
from textwright.vectors.onnx_version import IR_VERSION, OPSET

GROUP = 16  # slots of a group: the bits of a uint16


@dataclass
class Graph:
    """Nodes and constants of a graph while it is written, in order."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, to: str, **attributes: Any) -> str:
        """Add a node with one output, ``to``, and return that name."""
        self.nodes.append(helper.make_node(operator, list(inputs), [to], name=to, **attributes))
        return to

    def cast(self, value: str, kind: TensorProto.DataType, *, to: str) -> str:
        """Add a change of number type and return its name."""
        self.nodes.append(helper.make_node("Cast", [value], [to], name=to, to=kind))
        return to

    def hold(self, name: str, values: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def write_bag_onnx(model: LinearModel) -> bytes:
    """Write the model as ONNX; equal models give equal bytes.

    Inputs:  ``slots`` [B, T] int64; ``counts`` [B, T] float32, 0 at padding.
    Outputs: ``logits`` [B, L] float32; ``known`` [B] float32, the share of the n-grams that
             occurred in training, 0 for a text without any.
    """
    graph = Graph()
    hold_weights(graph, model)
    present, place = add_lookup(graph)
    held = graph.add("Mul", "counts", present, to="held")  # [B, T], counts of known n-grams
    add_known(graph, held)
    add_scores(graph, held, place, shared=model.weights.shape[1] != model.labels)
    return serialize(graph, model.labels)


def hold_weights(graph: Graph, model: LinearModel) -> None:
    """Hold the model's arrays, with one row of zeros where training saw no n-gram at all."""
    rows = max(len(model.slots), 1)
    idf, weights = np.zeros(rows, np.float32), np.zeros((rows, len(model.bias)), np.float32)
    idf[: len(model.slots)], weights[: len(model.slots)] = model.idf, model.weights
    graph.hold("idf", idf)
    graph.hold("weights", weights)
    graph.hold("bias", model.bias)
    groups = -(-model.bag.buckets // GROUP)
    held = np.zeros((groups, GROUP), dtype=np.uint16)
    held.reshape(-1)[model.slots] = 1
    bits = (1 << np.arange(GROUP)).astype(np.uint16)
    sizes = held.sum(axis=1, dtype=np.int64)  # [G]
    graph.hold("group_bits", (held * bits).sum(axis=1, dtype=np.uint16))
    graph.hold("group_start", (np.cumsum(sizes) - sizes).astype(np.int32))
    graph.hold("bit", bits)
    graph.hold("bits_below", bits - np.uint16(1))
    graph.hold("bit_count", np.bitwise_count(np.arange(1 << GROUP, dtype=np.uint16)))
    graph.hold("group", np.array(GROUP, dtype=np.int64))


def add_lookup(graph: Graph) -> tuple[str, str]:
    """Find each slot's row; gives ``present`` [B, T] float, 0 or 1, and ``place`` [B, T] int32.

    The place of a slot that is not present is 0, so that it may be gathered all the same.
    """
    group = graph.add("Div", "slots", "group", to="group_of")  # [B, T]
    within = graph.add("Mod", "slots", "group", to="within")  # [B, T]
    bits = graph.add("Gather", "group_bits", group, to="bits_of_group")
    own = graph.add("Gather", "bit", within, to="own_bit")
    below = graph.add("Gather", "bits_below", within, to="below_own")
    found = graph.add("BitwiseAnd", bits, own, to="found_bit")
    holds = graph.cast(found, TensorProto.BOOL, to="holds")
    present = graph.cast(holds, TensorProto.FLOAT, to="present")
    lower = graph.add("BitwiseAnd", bits, below, to="lower_bits")
    index = graph.cast(lower, TensorProto.INT32, to="lower_index")
    rank = graph.add("Gather", "bit_count", index, to="rank_in_group")
    wide = graph.cast(rank, TensorProto.INT32, to="rank_wide")
    start = graph.add("Gather", "group_start", group, to="start_of_group")
    row = graph.add("Add", start, wide, to="row")
    mask = graph.cast(holds, TensorProto.INT32, to="present_whole")
    return present, graph.add("Mul", row, mask, to="place")


def add_known(graph: Graph, held: str) -> None:
    """Add the share of the n-grams that occurred in training, output ``known`` [B]."""
    graph.hold("one", np.array(1, dtype=np.float32))
    graph.hold("across", np.array([1], dtype=np.int64))
    some = graph.add("ReduceSum", held, "across", to="known_grams", keepdims=0)  # [B]
    whole = graph.add("ReduceSum", "counts", "across", to="grams", keepdims=0)  # [B]
    graph.add("Div", some, graph.add("Max", whole, "one", to="grams_or_one"), to="known")


def add_scores(graph: Graph, held: str, place: str, *, shared: bool) -> None:
    """Weigh the rows and add the output ``logits`` [B, L].

    shared: two labels share one column of weights, for the second and against the first.
    """
    graph.hold("least_length", np.array(1e-20, dtype=np.float32))
    grams = graph.add("Max", held, "one", to="counts_or_one")  # [B, T]
    rise = graph.add("Log", grams, to="log_counts")
    frequency = graph.add("Add", rise, "one", to="frequency")
    sign = graph.add("Sign", held, to="stands")  # 0 at padding and at unknown n-grams
    idf = graph.add("Gather", "idf", place, to="idf_of")
    value = graph.add("Mul", graph.add("Mul", frequency, sign, to="kept"), idf, to="value")
    length = graph.add("ReduceL2", value, "across", to="length", keepdims=1)  # [B, 1]
    safe = graph.add("Max", length, "least_length", to="safe_length")
    unit = graph.add("Div", value, safe, to="unit")  # [B, T]
    row = graph.add("Unsqueeze", unit, "across", to="unit_row")  # [B, 1, T]
    lines = graph.add("Gather", "weights", place, to="lines")  # [B, T, K]
    sums = graph.add("MatMul", row, lines, to="sums")  # [B, 1, K]
    flat = graph.add("Squeeze", sums, "across", to="flat")  # [B, K]
    if not shared:
        graph.add("Add", flat, "bias", to="logits")
        return
    second = graph.add("Add", flat, "bias", to="second")  # [B, 1]
    first = graph.add("Neg", second, to="first")
    graph.add("Concat", first, second, to="logits", axis=1)  # [B, 2]


def serialize(graph: Graph, labels: int) -> bytes:
    """Put the graph into a model without any word on who wrote it and when."""
    inputs = [
        helper.make_tensor_value_info("slots", TensorProto.INT64, ["batch", "grams"]),
        helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["batch", "grams"]),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels]),
        helper.make_tensor_value_info("known", TensorProto.FLOAT, ["batch"]),
    ]
    inner = helper.make_graph(graph.nodes, "bag", inputs, outputs, graph.constants)
    model: ModelProto = helper.make_model(
        inner, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    return bytes(model.SerializeToString(deterministic=True))
