"""The model repository extension of the Open Inference Protocol: what there is to ask.

Nothing is loaded or unloaded through it: which version answers is decided in the registry.
"""

import msgspec

from textwright.errors import InvalidInputError
from textwright.serving.inference_tensors import declare_inputs, declare_outputs
from textwright.serving.messages import Request, Response
from textwright.serving.predict import Service
from textwright.serving.reading import decode

CONFIG_TYPES = {"BYTES": "TYPE_STRING", "FP32": "TYPE_FP32", "BOOL": "TYPE_BOOL"}


class IndexRequest(msgspec.Struct):
    """Which models to list.

    ready: those alone that answer.
    """

    ready: bool = False


class IndexEntry(msgspec.Struct, omit_defaults=True):
    """A version, or a model none of whose versions could be loaded."""

    name: str
    state: str
    version: str = ""
    reason: str = ""


class ConfigTensor(msgspec.Struct):
    """An input or output; -1 where any number goes."""

    name: str
    data_type: str
    dims: list[int]


class ModelConfig(msgspec.Struct):
    """A model as Triton describes one.

    max_batch_size: 0: shapes are whole, their first number is the texts in a request.
    """

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input: list[ConfigTensor]
    output: list[ConfigTensor]


DECODER = msgspec.json.Decoder(IndexRequest)


async def post_index(service: Service, request: Request) -> Response:
    """List the models and versions that answer, and those that cannot."""
    asked: IndexRequest = decode(request.body or b"{}", DECODER)
    found = [
        IndexEntry(deployed.model, "READY", str(live.target.version))
        for deployed in service.loader.deployed.values()
        for live in (deployed.stable, deployed.candidate)
        if live is not None and live.alive
    ]
    if not asked.ready:
        reason = "It could not be loaded: the server's log says why."
        answering = {each.name for each in found}
        missing = sorted(service.loader.named - answering)
        found += [IndexEntry(name, "UNAVAILABLE", reason=reason) for name in missing]
    return Response(200, msgspec.json.encode(found))


async def get_config(service: Service, _request: Request, name: str, number: str = "") -> Response:
    """Say how a model is set up, in Triton's words."""
    live = service.loader.find(f"{name}@{number}" if number else name)
    task = live.answerer.artifact.recipe.task
    config = ModelConfig(
        name=live.model,
        platform="onnxruntime_onnx",
        backend="onnxruntime",
        max_batch_size=0,
        input=[
            ConfigTensor(each, CONFIG_TYPES["BYTES"], [-1])
            for each in declare_inputs(paired=live.answerer.task.PAIRED)
        ],
        output=[
            ConfigTensor(each, CONFIG_TYPES[kind], [-1, *inner])
            for each, (kind, inner) in declare_outputs(task, live.answerer.width).items()
        ],
    )
    return Response(200, msgspec.json.encode(config))


async def refuse_change(service: Service, _request: Request, name: str) -> Response:
    """Refuse to load or unload a model; raises InvalidInputError, UnknownNameError."""
    service.loader.find_model(name)
    raise InvalidInputError(
        f"Which version of {name} answers is decided in the registry.",
        "Use `textwright promote` or `textwright rollback`; the server follows within a second.",
    )
