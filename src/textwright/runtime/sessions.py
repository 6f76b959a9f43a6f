"""ONNX Runtime sessions, each call on one core, with a memory that does not grow by itself."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import ArtifactError

RESTORE = "Restore it from a backup, or train the model again."


class Session:
    """One exported network, ready to run; safe to share between threads.

    inputs, outputs: the names of the network's tensors, in its own order.
    """

    def __init__(self, path: Path, *, outside: Mapping[str, bytes] | None = None) -> None:
        """Load a network.

        outside: the content of the files that it takes weights from, by their names.
        Raises ArtifactError when the file is no network that this program can run.
        """
        onnxruntime, options = import_onnxruntime(), session_options()
        try:
            if outside:
                sizes = [len(each) for each in outside.values()]
                options.add_external_initializers_from_files_in_memory(
                    list(outside), list(outside.values()), sizes
                )
            self.inner = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library's own classes derive from Exception alone
            first = str(error).splitlines()[0]
            raise ArtifactError(f"{path} cannot be loaded: {first}", RESTORE) from error
        self.inputs = tuple(each.name for each in self.inner.get_inputs())
        self.outputs = tuple(each.name for each in self.inner.get_outputs())

    def width(self, output: str) -> object:
        """Give the last size that the network declares for an output: a number, or a name."""
        declared: list[object] = self.inner.get_outputs()[self.outputs.index(output)].shape
        return declared[-1]

    def run(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
        """Run one batch; inputs that the network does not have are left out."""
        feed = {name: inputs[name] for name in self.inputs}
        return dict(zip(self.outputs, self.inner.run(None, feed), strict=True))


def import_onnxruntime() -> Any:
    """Import ONNX Runtime, without what it tells its maker.

    From 1.29 on it sends word of every session, and keeps a mark of the machine in the user's
    cache, unless it is told before it is loaded. What the user says of it stands.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def session_options() -> Any:
    """Options of every session here.

    A call has one core: calls side by side use the others, and none waits for another's threads.
    The arena and the memory pattern keep the largest batch ever seen; without them a call is
    no slower (measured: a BiLSTM of 2x128, 1 to 32 texts) and resident memory stays flat.
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # failures come back as exceptions
    return options
