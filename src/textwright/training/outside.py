"""A network whose encoder's weights stay in the checkpoint that they came with.

The constants of a graph are the checkpoint's tensors, some turned or put side by side. Each is
replaced by the place of its tensors in the checkpoint's files, as ONNX names external data, and by
the nodes that turn and join them; ONNX Runtime does that once, when it opens the network.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

from textwright.errors import DataError, ExportError
from textwright.manifest import describe_file
from textwright.networks.checkpoints import find_weights
from textwright.runtime.artifact import seal
from textwright.runtime.sessions import Session
from textwright.text.batch import Batch
from textwright.training.export import gap
from textwright.training.model import TextModel

INNER = "encoder."  # begins the names of the encoder's weights
JOINED = (1, 3)  # tensors that one constant may consist of: queries, keys and values are three
LENGTH_BYTES = 8  # of the header of a safetensors file, which comes first
SPARE_BYTES = 1024  # of small constants, such as factors
SAME = 1e-6
KEEP = (
    "Outside can only stay what is in float32, and not of ModernBERT: choose another model, or "
    'write weights = "copy" in [encoder].'
)


@dataclass(frozen=True)
class Tensor:
    """A float32 tensor in a file: where its bytes begin and how many they are."""

    file: str
    name: str
    offset: int
    size_bytes: int
    shape: tuple[int, ...]

    @property
    def full_name(self) -> str:
        """Its name in a graph."""
        return f"{self.file}:{self.name}"

    def proto(self) -> TensorProto:
        """Give it as ONNX names what lies outside a graph."""
        place = {"location": self.file, "offset": self.offset, "length": self.size_bytes}
        found = TensorProto(name=self.full_name, data_type=TensorProto.FLOAT, dims=self.shape)
        found.data_location = TensorProto.EXTERNAL
        for key, value in place.items():
            found.external_data.add(key=key, value=str(value))
        return found


def leave_weights(
    model: TextModel, checkpoint: Path, batches: Sequence[Batch], folder: Path
) -> None:
    """Take the encoder's weights out of the files of an artifact, and name them in its manifest.

    checkpoint: folder that they came from.
    batches:    on which the network must answer as before.
    folder:     holds the whole network; what is left of it, and of the weights, is written there.
    Raises DataError when the network holds more of the encoder than stands in the checkpoint.
    """
    network, weights = folder / "model.onnx", find_weights(checkpoint)
    whole = Session(network)
    own = {name: each for name, each in model.state_dict().items() if not name.startswith(INNER)}
    content = move_weights(network.read_bytes(), weights, sum(each.nbytes for each in own.values()))
    network.write_bytes(content)
    save_file(own, folder / "weights.safetensors")
    rest = Session(network, outside={each.name: each.read_bytes() for each in weights})
    for batch in batches:
        before, after = whole.run(batch.inputs), rest.run(batch.inputs)
        if max(gap(after[name], before[name]) for name in before) > SAME:
            what = "The network answers otherwise when its weights lie outside."
            raise ExportError(what, "This is a fault of textwright, not of your data: report it.")
    seal(folder, tuple(describe_file(each) for each in weights))


def move_weights(content: bytes, weights: Sequence[Path], own_bytes: int) -> bytes:
    """Give a network that names what stands in the files of a checkpoint instead of holding it.

    own_bytes: of the weights that are not of the checkpoint, at most.
    Raises DataError when it holds more than those.
    """
    model = onnx.load_from_string(content)
    known = {digest: tensor for path in weights for digest, tensor in list_tensors(path)}
    kept, nodes, moved = list[TensorProto](), list[onnx.NodeProto](), dict[str, TensorProto]()
    for constant in model.graph.initializer:
        parts, turned = find_tensors(numpy_helper.to_array(constant), known)
        if parts:
            moved |= {each.full_name: each.proto() for each in parts}
            nodes += join(parts, constant.name, turned=turned)
        else:
            kept.append(constant)
    left = sum(len(each.raw_data) for each in kept if each.data_type == TensorProto.FLOAT)
    if left > own_bytes + SPARE_BYTES:
        what = f"{weights[0]} does not hold all weights of the network as the network takes them."
        raise DataError(what, KEEP)
    nodes += model.graph.node
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend([*kept, *moved.values()])
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString(deterministic=True))


def list_tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield the float32 tensors of a safetensors file, with the SHA-256 of their bytes."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        header = json.loads(file.read(length))
        for name, about in header.items():
            if about.get("dtype") == "F32":
                start, end = about["data_offsets"]
                offset = LENGTH_BYTES + length + start
                file.seek(offset)
                digest = hashlib.sha256(file.read(end - start)).hexdigest()
                yield digest, Tensor(path.name, name, offset, end - start, tuple(about["shape"]))


def find_tensors(
    constant: NDArray[np.generic], known: Mapping[str, Tensor]
) -> tuple[list[Tensor], bool]:
    """Give the tensors that a constant consists of, one under the other, or none.

    Returns also whether they are turned afterwards.
    """
    if constant.dtype != np.float32 or not constant.ndim:
        return [], False
    for turned in (False, True):
        whole = constant.T if turned else constant
        for count in JOINED:
            if len(whole) % count == 0:
                parts = [known.get(digest_of(each)) for each in np.split(whole, count)]
                found = [each for each in parts if each is not None]
                if len(found) == count:
                    return found, turned
    return [], False


def digest_of(array: NDArray[np.generic]) -> str:
    """SHA-256 of the numbers of an array, row by row."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def join(parts: Sequence[Tensor], name: str, *, turned: bool) -> Iterator[onnx.NodeProto]:
    """Yield the nodes that make a constant of its tensors, under its name."""
    names = [each.full_name for each in parts]
    joined = f"{name}_joined" if turned else name
    if len(names) > 1:
        yield helper.make_node("Concat", names, [joined], axis=0)
    elif turned:
        joined = names[0]
    else:
        yield helper.make_node("Identity", names, [joined])
    if turned:
        yield helper.make_node("Transpose", [joined], [name], perm=[1, 0])
