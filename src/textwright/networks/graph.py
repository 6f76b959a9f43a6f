"""An ONNX graph in the making: each part of a network adds its own nodes.

Written by hand and not by torch's exporters: the one LSTM node with ``sequence_lens`` runs a text
of ten tokens in 0.12 ms where their graphs take 0.14 and 0.17 (``docs/decisions.md``), the file
holds nothing of the machine it came from, and no warning leaks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from textwright.vectors.onnx_version import IR_VERSION, OPSET

FUSED = "com.microsoft"  # operators of ONNX Runtime that do the work of several in one pass
FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64  # types, for Cast
ELEMENT = {"float32": FLOAT, "int64": INT64, "bool": TensorProto.BOOL}


class Graph:
    """Nodes, constants, inputs and outputs, named by counting: equal networks, equal bytes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.stored: dict[tuple[Any, ...], tuple[Tensor, str]] = {}  # by place in memory
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def add(self, operator: str, *inputs: str, called: str = "", **attributes: Any) -> str:
        """Append a node with one output and return that output's name: ``called``, or made up."""
        output = called or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def add_all(
        self,
        operator: str,
        *inputs: str,
        outputs: int,
        skipped: Sequence[int] = (),
        **attributes: Any,
    ) -> list[str]:
        """Append a node with several outputs and return their names.

        skipped: outputs that are not asked for; their names are empty.
        """
        names = [
            "" if each in skipped else f"{operator}_{len(self.nodes)}_{each}"
            for each in range(outputs)
        ]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def constant(self, value: Tensor | NDArray[Any] | float | Sequence[int]) -> str:
        """Store an array in the graph and return its name; a tensor is stored once.

        Arrays and tensors keep their type, a float becomes float32, integers become int64.
        """
        name = f"constant_{len(self.constants)}"
        if isinstance(value, Tensor):
            place = (value.data_ptr(), value.shape, value.stride())
            if place in self.stored:
                return self.stored[place][1]
            self.stored[place] = (value, name)  # with it, so that its memory is not used again
        kept = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        kind = np.float32 if isinstance(kept, float) else None
        self.constants[name] = numpy_helper.from_array(np.asarray(kept, kind, order="C"), name)
        return name

    def linear(self, states: str, weight: Tensor, bias: Tensor | None = None) -> str:
        """Multiply by a weight as ``nn.Linear`` keeps it, [out, in], and add the bias."""
        product = self.add("MatMul", states, self.constant(weight.T))
        return product if bias is None else self.add("Add", product, self.constant(bias))

    def add_input(self, name: str, kind: str, shape: Sequence[str | int]) -> str:
        """Declare an input; a dimension with a name may have any size."""
        self.inputs.append(helper.make_tensor_value_info(name, ELEMENT[kind], shape))
        return name

    def add_output(
        self, value: str, name: str, shape: Sequence[str | int], kind: str = "float32"
    ) -> None:
        """Give a value of the graph to its caller under a name.

        One that is called so already is not copied.
        """
        if value != name:
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, ELEMENT[kind], shape))

    def model(self) -> onnx.ModelProto:
        """Put the whole together, checked against the ONNX specification."""
        constants = list(self.constants.values())
        inner = helper.make_graph(self.nodes, "textwright", self.inputs, self.outputs, constants)
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain == FUSED for node in self.nodes):
            opsets.append(helper.make_opsetid(FUSED, 1))
        model = helper.make_model(inner, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model
