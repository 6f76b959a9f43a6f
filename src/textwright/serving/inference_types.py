"""What goes over the wire in the Open Inference Protocol, as JSON."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

INPUT = "text"
PAIR = ("text_a", "text_b")  # inputs of a model that takes two texts as one
Natural = Annotated[int, msgspec.Meta(ge=0)]


class TensorMetadata(msgspec.Struct):
    """Name, type and shape of a tensor; -1 where any number goes."""

    name: str
    datatype: str
    shape: list[int]


class ServerMetadata(msgspec.Struct):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class ModelMetadata(msgspec.Struct):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Health(msgspec.Struct, omit_defaults=True):
    """State of a server or model; only what was asked for is there."""

    live: bool | None = None
    ready: bool | None = None


class InputParameters(msgspec.Struct):
    """How an input is sent.

    binary_data_size:     bytes of it behind the JSON; without it, ``data`` holds it.
    shared_memory_region: not taken here.
    """

    binary_data_size: Natural | None = None
    shared_memory_region: str | None = None


class InferInput(msgspec.Struct):
    """A tensor: as JSON, flat or nested by its shape, or as bytes behind the JSON."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None
    parameters: InputParameters = msgspec.field(default_factory=InputParameters)


class OutputParameters(msgspec.Struct):
    """How an output is to be given.

    binary_data:          as bytes behind the JSON; unsaid: as the request says for all.
    classification:       not given here: ``answer`` has the best labels.
    shared_memory_region: not taken here.
    """

    binary_data: bool | None = None
    classification: int = 0
    shared_memory_region: str | None = None


class InferRequestedOutput(msgspec.Struct):
    """A tensor asked for; without any, all are given."""

    name: str
    parameters: OutputParameters = msgspec.field(default_factory=OutputParameters)


class RequestParameters(msgspec.Struct):
    """What holds for a whole request; others than these are not looked at.

    caller:             who asks, for limits and for a canary that stays the same to them.
    timeout:            microseconds until an answer is of no use; 0: the server's own limit.
    priority:           1, 2, 3 go first, in that order; 0 and all above 3 are as all others.
    binary_data_output: outputs come as bytes, unless they say otherwise themselves.
    """

    caller: Annotated[str, msgspec.Meta(max_length=256)] = ""
    timeout: Natural = 0
    priority: Natural = 0
    binary_data_output: bool = False


class InferRequest(msgspec.Struct):
    """Texts to answer, or pairs of them.

    id: given back as it came.
    """

    inputs: list[InferInput]
    id: str = ""
    outputs: list[InferRequestedOutput] = []
    parameters: RequestParameters = msgspec.field(default_factory=RequestParameters)


class GivenParameters(msgspec.Struct):
    """How many bytes of an output stand behind the JSON."""

    binary_data_size: int


class InferOutput(msgspec.Struct):
    """A tensor of answers: flat, or as bytes behind the JSON."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | UnsetType = UNSET
    parameters: GivenParameters | UnsetType = UNSET


class InferResponse(msgspec.Struct, omit_defaults=True):
    """The answers, one place in each output a text."""

    model_name: str
    model_version: str
    outputs: list[InferOutput]
    id: str = ""
