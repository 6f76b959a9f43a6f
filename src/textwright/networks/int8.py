"""An exported network quantized to 8-bit integers, wherever it multiplies by weights.

Every token's state gets a scale of its own, from its largest number, as it is read (dynamic,
token-wise: Yao et al. 2022, section 4.1), and every column of a weight one, too (vector-wise:
Dettmers et al. 2022, section 3.1; no column stays in floats here). So an answer depends on no
other text, and nothing has to be measured beforehand. Tables of vectors have a scale a row.

Shapes: T tokens of a batch, K numbers of a state, N numbers of what it is turned into, V rows.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from textwright.networks.graph import FUSED, Graph

FLOAT = 1  # as ONNX numbers its types
MIDDLE = 128  # stands for 0 in a state
STATE_TOP = 127  # the largest number of a state is so far from the middle
WEIGHT_TOP = 63  # 7 bits: without VNNI a processor adds two products in 16, 2 * 255 * 63 < 2**15
SMALLEST = 1e-12  # that a state of zeros is divided by
TURNED = "FusedMatMul"  # a product by a weight that lies [N, K], such as a table of words
PRODUCTS = ("MatMul", TURNED)
NONE: NDArray[np.float32] = np.zeros((), dtype=np.float32)  # in place of what is no weight


def quantize(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give the same network quantized, where it has weights: a quarter of the size.

    Products by a weight, attention, and tables of vectors are redrawn; all else stays.
    """
    drawing = Redrawing(model)
    for node in model.graph.node:
        drawing.redraw(node)
    return drawing.graph.model()


def factor_of(node: onnx.NodeProto) -> np.float32:
    """Give what a product is multiplied by besides."""
    return np.float32(next((each.f for each in node.attribute if each.name == "alpha"), 1.0))


@dataclass(frozen=True)
class Scaled:
    """The names of states in integers, [.., K] uint8, and of their scales, [.., 1] float."""

    states: str
    scales: str


class Redrawing:
    """A network under way into another graph."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.weights = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        self.graph = Graph()
        self.graph.inputs = list(model.graph.input)
        self.graph.outputs = list(model.graph.output)
        given = [*self.graph.inputs, *self.graph.outputs]
        self.names = {each.name: each.name for each in given}  # here, by the name there
        self.whole: dict[str, tuple[str, str]] = {}  # weights in integers, by the name there

    def redraw(self, node: onnx.NodeProto) -> None:
        """Add a node, or what stands in its place."""
        known = [self.weights.get(each, NONE) for each in node.input]
        output = node.output[0]
        if node.op_type in PRODUCTS and known[1].ndim == 2:
            weight = known[1] if node.op_type != TURNED else known[1].T * factor_of(node)
            states, called = self.scale(self.find(node.input[0])), self.names.get(output, "")
            self.names[output] = self.multiply(states, node.input[1], weight, called)
        elif node.op_type == "Attention":
            self.names[output] = self.attend(node)
        elif node.op_type == "Gather" and known[0].ndim == 2:
            self.names[output] = self.look_up(known[0], self.find(node.input[1]))
        else:
            self.keep(node)

    def find(self, name: str) -> str:
        """Give the name that a value has in the new graph; a constant is taken over."""
        if name and name not in self.names:
            self.names[name] = self.graph.constant(self.weights[name])
        return self.names.get(name, name)

    def keep(self, node: onnx.NodeProto) -> None:
        """Add a node as it is."""
        kept = onnx.NodeProto()
        kept.CopyFrom(node)
        kept.input[:] = [self.find(each) for each in node.input]
        for each in filter(None, node.output):
            self.names.setdefault(each, f"kept_{each}")
        kept.output[:] = [self.names.get(each, each) for each in node.output]
        self.graph.nodes.append(kept)

    def scale(self, states: str) -> Scaled:
        """Add states in integers, each by its own largest number."""
        add, constant = self.graph.add, self.graph.constant
        ends = add("ReduceMax", states, constant([-1])), add("ReduceMin", states, constant([-1]))
        largest = add("Max", ends[0], add("Neg", ends[1]), constant(SMALLEST))  # [.., 1]
        shares = add("Div", states, largest)  # -1 to 1
        step, middle = constant(1 / STATE_TOP), constant(np.array(MIDDLE, dtype=np.uint8))
        return Scaled(add("QuantizeLinear", shares, step, middle), largest)

    def multiply(
        self, states: Scaled, name: str, weight: NDArray[np.float32], called: str = ""
    ) -> str:
        """Add the product of states and a weight [K, N]; returns the name of [.., N] float.

        name: of the weight, which layers that share it have in common.
        """
        constant = self.graph.constant
        if name not in self.whole:
            self.whole[name] = self.weigh(weight)
        whole, scales = self.whole[name]
        product = self.graph.add(
            "MatMulIntegerToFloat",
            states.states,
            whole,
            constant(1 / STATE_TOP),
            scales,
            constant(np.array(MIDDLE, dtype=np.uint8)),
            constant(np.zeros(weight.shape[1], dtype=np.int8)),
            domain=FUSED,
        )
        return self.graph.add("Mul", product, states.scales, called=called)

    def weigh(self, weight: NDArray[np.float32]) -> tuple[str, str]:
        """Give the names of a weight [K, N] in integers, and of the scales of its columns, [N]."""
        scales = np.maximum(np.abs(weight).max(axis=0) / WEIGHT_TOP, SMALLEST).astype(np.float32)
        whole = np.rint(weight / scales).astype(np.int8)
        return self.graph.constant(whole), self.graph.constant(scales)

    def attend(self, node: onnx.NodeProto) -> str:
        """Add attention, its queries, keys and values from three products."""
        heads = next(each.i for each in node.attribute if each.name == "num_heads")
        states = self.scale(self.find(node.input[0]))
        thirds = zip("qkv", np.split(self.weights[node.input[1]], 3, axis=1), strict=True)
        read = [self.multiply(states, node.input[1] + part, each) for part, each in thirds]
        bias, lengths = (self.find(each) for each in node.input[2:4])
        gains = [self.find(each) for each in node.input[5:]]  # by the distance of two tokens
        return self.graph.add(
            "MultiHeadAttention", *read, bias, lengths, *gains, domain=FUSED, num_heads=heads
        )

    def look_up(self, table: NDArray[np.float32], ids: str) -> str:
        """Add rows of a table [V, K] whose numbers are kept as integers, by a scale a row."""
        top = np.iinfo(np.int8).max
        scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / top, SMALLEST)
        whole = np.rint(table / scales).astype(np.int8)
        add, constant = self.graph.add, self.graph.constant
        rows = add("Cast", add("Gather", constant(whole), ids), to=FLOAT)
        return add("Mul", rows, add("Gather", constant(scales.astype(np.float32)), ids))
