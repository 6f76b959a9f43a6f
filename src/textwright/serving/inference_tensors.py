"""Tensors of the Open Inference Protocol: texts out of a request, answers into a response.

Both go as JSON or as bytes behind it (the binary tensor data extension). An element of type
BYTES is its length, four bytes little-endian, and then itself.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from struct import Struct
from typing import Any

import msgspec
import numpy as np

from textwright.errors import InvalidInputError, MalformedError, MediaTypeError, TooLargeError
from textwright.runtime.answer import Answer
from textwright.serving.inference_types import (
    INPUT,
    PAIR,
    GivenParameters,
    InferInput,
    InferOutput,
    InferRequest,
)
from textwright.serving.messages import Request
from textwright.tasks.embed import EmbedAnswer
from textwright.tasks.generate import GenerateAnswer
from textwright.tasks.match import MatchAnswer
from textwright.text.examples import Input, Pair

HEADER = "Inference-Header-Content-Length"
LENGTH = Struct("<I")
GZIP_OR_ZLIB = 47  # zlib's number for: either of them, told by its first bytes
WHOLE = {"id": ("BYTES", ()), "answer": ("BYTES", ())}  # given for every task
SCORED = {"score": ("FP32", ())}
LABELLED = {"label": ("BYTES", ()), "score": ("FP32", ()), "abstained": ("BOOL", ())}
WRITTEN = {"text": ("BYTES", ()), "finish_reason": ("BYTES", ()), **SCORED}
ENCODER = msgspec.json.Encoder()

Declared = dict[str, tuple[str, tuple[int, ...]]]  # type and inner shape of each output
OUTPUTS = (*LABELLED, "vector", "text", "finish_reason", *WHOLE)


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body: the JSON, and the tensors behind it.

    raw: there is no JSON, and the tensors are one text.
    """

    head: bytes
    tensors: bytes
    raw: bool = False


def split_body(request: Request, most_bytes: int) -> Body:
    """Take JSON and tensors apart, inflated if need be.

    Raises MalformedError, MediaTypeError, and TooLargeError beyond ``most_bytes``.
    """
    body = inflate(request, most_bytes)
    stated = request.headers.get(HEADER.lower().encode())
    if stated is None:
        return Body(body, b"")
    if not stated.isdigit() or len(stated) > 10 or int(stated) > len(body):
        what = f"{HEADER} is {stated[:20].decode('latin-1')!r}, the body has {len(body)} bytes."
        raise MalformedError(what, "Send how many bytes of it are JSON.")
    length = int(stated)
    return Body(body[:length], body[length:], raw=not length)


def inflate(request: Request, most_bytes: int) -> bytes:
    """Give a body as it was before ``Content-Encoding``."""
    encoding = request.headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding == b"identity":
        return request.body
    if encoding not in (b"gzip", b"deflate"):
        what = f"The body is encoded as {encoding[:40].decode('latin-1')!r}."
        raise MediaTypeError(what, "Send it plain, as gzip, or as deflate.")
    inflator = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        body = inflator.decompress(request.body, most_bytes + 1)
    except zlib.error as error:
        raise MalformedError(f"The body cannot be inflated: {error}.", "Send it plain.") from error
    if len(body) > most_bytes:
        what = f"The body is larger than {most_bytes} bytes when inflated."
        raise TooLargeError(what, "Send the texts in several requests.")
    if not inflator.eof or inflator.unused_data:
        raise MalformedError("The body is not one whole compressed stream.", "Send it plain.")
    return body


def read_inputs(asked: InferRequest, tensors: bytes, most_texts: int) -> Sequence[Input]:
    """Take the texts out of a request's one tensor, or pairs of them out of two.

    Raises InvalidInputError when there is another tensor, or one of another type or shape;
    TooLargeError for more than ``most_texts`` before any is read.
    """
    names = [each.name for each in asked.inputs]
    if names == [INPUT]:
        return read_texts(asked.inputs[0], tensors, most_texts)
    if sorted(names) != list(PAIR):
        given = ", ".join(map(repr, names)) or "none"
        hint = f"Send one named {INPUT!r}, or, for pairs, {PAIR[0]!r} and {PAIR[1]!r}."
        raise InvalidInputError(f"The inputs are: {given[:200]}.", hint)
    first_size = asked.inputs[0].parameters.binary_data_size or 0
    parts = tensors[:first_size], tensors[first_size:]
    columns = {
        tensor.name: read_texts(tensor, part, most_texts)
        for tensor, part in zip(asked.inputs, parts, strict=True)
    }
    first, second = (columns[name] for name in PAIR)
    if len(first) != len(second):
        what = f"{PAIR[0]!r} has {len(first)} texts, {PAIR[1]!r} {len(second)}."
        raise InvalidInputError(what, "Give each first text its second.")
    return [Pair(*both) for both in zip(first, second, strict=True)]


def read_texts(tensor: InferInput, tensors: bytes, most_texts: int) -> list[str]:
    """Take the texts out of one tensor; ``tensors``: its bytes behind the JSON."""
    count = check_shape(tensor, most_texts)
    size = tensor.parameters.binary_data_size
    if size is None:
        if tensors:
            what = f"{len(tensors)} bytes follow the JSON, and no input says they are its."
            raise InvalidInputError(what, "Give the parameter binary_data_size.")
        texts = flatten(tensor.data)
    else:
        if tensor.data is not None or size != len(tensors):
            what = f"binary_data_size is {size}, {len(tensors)} bytes follow the JSON"
            beside = ", and there is data in the JSON" if tensor.data is not None else ""
            raise InvalidInputError(f"{what}{beside}.", "Send the texts once, in the stated size.")
        texts = split_elements(tensors, count)
    if len(texts) != count:
        what = f"The shape {tensor.shape} stands over {len(texts)} texts."
        raise InvalidInputError(what, "Make them agree.")
    return texts


def check_shape(tensor: InferInput, most_texts: int) -> int:
    """Give how many texts a tensor says it holds."""
    if tensor.datatype != "BYTES":
        raise InvalidInputError(
            f"The input {tensor.name!r} has the type {tensor.datatype[:40]!r}.",
            "Its type is BYTES.",
        )
    if tensor.parameters.shared_memory_region is not None:
        raise InvalidInputError("Shared memory is not read here.", "Send the texts themselves.")
    shape = tensor.shape
    if len(shape) not in (1, 2) or min(shape) < 0 or shape[1:] not in ([], [1]):
        raise InvalidInputError(f"The shape is {shape[:8]}.", "Send [N] or [N, 1].")
    count = prod(shape)
    if count > most_texts:
        what = f"The request has {count if count < 10**9 else 'very many'} inputs."
        raise TooLargeError(what, f"Send at most {most_texts} at once.")
    return count


def flatten(data: list[Any] | None) -> list[str]:
    """Give the strings of a tensor in JSON, which may stand in rows of one."""
    if data is None:
        what = "The input has neither data nor binary_data_size."
        raise InvalidInputError(what, "Put the texts into data.")
    nested = len(data) > 0 and all(isinstance(each, list) for each in data)
    texts = [text for row in data for text in row] if nested else data
    if not all(isinstance(text, str) for text in texts):
        raise InvalidInputError("Not every element is a string.", "A BYTES element is a string.")
    return texts


def split_elements(tensors: bytes, count: int) -> list[str]:
    """Read elements of type BYTES as texts, no more than ``count`` of them."""
    texts: list[str] = []
    place = 0
    while place < len(tensors) and len(texts) < count:
        start = place + LENGTH.size
        if start > len(tensors):
            break
        (length,) = LENGTH.unpack_from(tensors, place)
        place = start + length
        if place > len(tensors):
            break
        texts.append(read_text(tensors[start:place]))
    if place != len(tensors):
        what = f"The {len(tensors)} bytes of the tensor are not {count} whole elements."
        raise InvalidInputError(what, "Each is its length in four bytes, and then itself.")
    return texts


def read_text(element: bytes) -> str:
    """Read one element as UTF-8."""
    try:
        return element.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"A text is no UTF-8: {error.reason}.", "Send UTF-8.") from error


def declare_inputs(*, paired: bool) -> tuple[str, ...]:
    """Give the inputs of a model, each of type BYTES."""
    return PAIR if paired else (INPUT,)


def declare_outputs(task: str, width: int) -> Declared:
    """Give the outputs of a model, by its task; ``width``: numbers that its network gives."""
    if task == "embed":
        return {"vector": ("FP32", (width,)), **WHOLE}
    if task == "match":
        return {**SCORED, **WHOLE}
    if task in ("generate", "text-to-text", "language"):
        return {**WRITTEN, **WHOLE}
    return {**LABELLED, **WHOLE}


def outputs_of(answer: Answer) -> Declared:
    """Give the outputs that an answer has."""
    if isinstance(answer, EmbedAnswer):
        return declare_outputs("embed", len(answer.vector))
    if isinstance(answer, MatchAnswer):
        return declare_outputs("match", 1)
    if isinstance(answer, GenerateAnswer):
        return declare_outputs("generate", 1)
    return declare_outputs("classify", 0)


def column(name: str, ids: Sequence[str], answers: Sequence[Answer]) -> list[Any]:
    """Give the values of one output; ``answer`` is all of an answer, as JSON."""
    if name == "id":
        return list(ids)
    if name == "answer":
        return [
            ENCODER.encode({"id": each, **answer.table()}).decode()
            for each, answer in zip(ids, answers, strict=True)
        ]
    if name == "vector":
        return [number for answer in answers for number in answer.vector.tolist()]
    return [getattr(answer, name) for answer in answers]


def write_output(
    name: str, kind: tuple[str, tuple[int, ...]], rows: int, values: list[Any], *, binary: bool
) -> tuple[InferOutput, bytes]:
    """Give an output as it stands in the JSON, and its bytes behind it, if any."""
    datatype, inner = kind
    output = InferOutput(name, datatype, [rows, *inner])
    if not binary:
        output.data = values
        return output, b""
    packed = pack(datatype, values)
    output.parameters = GivenParameters(len(packed))
    return output, packed


def pack(datatype: str, values: Sequence[Any]) -> bytes:
    """Write values as bytes."""
    if datatype == "BYTES":
        encoded = [each.encode() for each in values]
        return b"".join(part for each in encoded for part in (LENGTH.pack(len(each)), each))
    if datatype == "FP32":
        return np.asarray(values, dtype="<f4").tobytes()
    return bytes(values)  # BOOL: one byte each
