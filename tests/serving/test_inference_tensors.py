"""Binary tensors over a real socket, and what is wrong with some of them."""

import gzip
import json
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving.running import Answer, Running
from textwright.errors import RequestError
from textwright.serving.inference_tensors import pack, read_inputs, split_elements
from textwright.serving.inference_types import InferInput, InferRequest, InputParameters

PATH = "/v2/models/intents/infer"
HEADER = "Inference-Header-Content-Length"
LIMIT = 4_194_304


def elements(*texts: str) -> bytes:
    return b"".join(struct.pack("<I", len(each.encode())) + each.encode() for each in texts)


def head(count: int, size: int, **more: Any) -> bytes:
    tensor = {
        "name": "text",
        "datatype": "BYTES",
        "shape": [count],
        "parameters": {"binary_data_size": size},
    }
    return json.dumps({"inputs": [tensor], **more}).encode()


def send(server: Running, front: bytes, tail: bytes, **headers: str) -> Answer:
    named = {each.replace("_", "-"): value for each, value in headers.items()}
    return server.ask("POST", PATH, front + tail, headers={HEADER: str(len(front)), **named})


def test_texts_come_as_bytes_behind_the_json(server: Running) -> None:
    tail = elements("where is my new card", "", "下雨 雨")
    answer = send(server, head(3, len(tail), id="a"), tail)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    outputs = {each["name"]: each for each in answer.json["outputs"]}
    assert outputs["label"]["data"][::2] == ["card", "weather"]
    assert answer.json["id"] == "a"


def test_outputs_go_as_bytes_in_the_order_asked_for(server: Running) -> None:
    tail = elements("rain", "play")
    outputs = [
        {"name": "abstained", "parameters": {"binary_data": True}},
        {"name": "id"},
        {"name": "label", "parameters": {"binary_data": True}},
        {"name": "score", "parameters": {"binary_data": True}},
    ]
    answer = send(server, head(2, len(tail), outputs=outputs), tail)
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers[HEADER])
    told, rest = json.loads(answer.body[:length])["outputs"], answer.body[length:]
    assert [each["name"] for each in told] == ["abstained", "id", "label", "score"]
    sizes = [each.get("parameters", {}).get("binary_data_size", 0) for each in told]
    assert sizes == [2, 0, len(elements("weather", "music")), 8]
    assert "data" not in told[0]
    assert len(told[1]["data"]) == 2
    assert rest[2 : 2 + sizes[2]] == elements("weather", "music")
    assert all(0.9 < each < 1 for each in struct.unpack("<2f", rest[-8:]))
    assert sum(sizes) == len(rest)


def test_all_outputs_go_as_bytes_unless_they_say_otherwise(server: Running) -> None:
    asked = {
        "parameters": {"binary_data_output": True},
        "outputs": [{"name": "label"}, {"name": "id", "parameters": {"binary_data": False}}],
    }
    tail = elements("rain")
    answer = send(server, head(1, len(tail), **asked), tail)
    length = int(answer.headers[HEADER])
    label, name = json.loads(answer.body[:length])["outputs"]
    assert label["parameters"] == {"binary_data_size": 11}
    assert len(name["data"]) == 1
    assert answer.body[length:] == elements("weather")


def test_a_body_without_json_is_one_text(server: Running) -> None:
    answer = send(server, b"", "will it rain tomorrow 雨".encode())
    assert answer.json["outputs"][0]["data"] == ["weather"]


@pytest.mark.parametrize(
    ("front", "tail"),
    [
        (head(1, 8), elements("rain")[:-1]),
        (head(1, 7), elements("rain")),
        (head(1, 2**62), elements("rain")),
        (head(1, -1), elements("rain")),
        (head(2, 8), elements("rain")),
        (head(1, 16), elements("rain", "rain")),
        (head(1, 4), struct.pack("<I", 2**32 - 1)),
        (head(1, 2), b"ab"),
        (head(1, 6), struct.pack("<I", 2) + b"\xff\xfe"),
        (head(1, 7), struct.pack("<I", 3) + b"\xed\xa0\x80"),
        (head(-1, 8), elements("rain")),
        (head(2**80, 8), elements("rain")),
        (head(0, 0), b""),
        (b"{}", elements("rain")),
        (b"", b"\xff"),
        (head(1, 8).replace(b"BYTES", b"INT64"), elements("rain")),
        (head(1, 8).replace(b'"parameters"', b'"data": ["rain"], "parameters"'), elements("rain")),
        (b'{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["a"]}]}', b"tail"),
        (b'{"inputs":[{"name":"text","datatype":"BYTES","shape":[1]}]}', b""),
        (
            b'{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],'
            b'"parameters":{"shared_memory_region":"here"}}]}',
            b"",
        ),
    ],
)
def test_wrong_sizes_are_refused(server: Running, front: bytes, tail: bytes) -> None:
    answer = send(server, front, tail)
    assert answer.status in (400, 413)
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize("stated", ["-1", "x", "99999", "1" * 4000, "", "1.5", "+3"])
def test_a_length_of_the_json_that_is_none_is_refused(server: Running, stated: str) -> None:
    tail = elements("rain")
    answer = server.ask("POST", PATH, head(1, len(tail)) + tail, headers={HEADER: stated})
    assert answer.status == 400


def test_more_texts_than_a_request_may_have_are_refused_before_they_are_read(
    server: Running,
) -> None:
    answer = send(server, head(1_000_000, 4_000_000), bytes(4_000_000))
    assert answer.status == 413


@pytest.mark.parametrize(
    ("encoding", "squeeze"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_body_is_read(server: Running, encoding: str, squeeze: Any) -> None:
    tail = elements("rain")
    front = head(1, len(tail))
    headers = {HEADER: str(len(front)), "Content-Encoding": encoding}
    answer = server.ask("POST", PATH, squeeze(front + tail), headers=headers)
    assert answer.json["outputs"][0]["data"] == ["weather"]


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", gzip.compress(bytes(LIMIT + 1), mtime=0), 413),  # the hour must not name a test
        ("gzip", gzip.compress(bytes(100_000_000), mtime=0), 413),
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-4], 400),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"more", 400),
        ("deflate", b"", 400),
        ("br", b"{}", 415),
    ],
)
def test_a_body_that_cannot_be_inflated_is_refused(
    server: Running, encoding: str, body: bytes, status: int
) -> None:
    answer = server.ask("POST", PATH, body, headers={"Content-Encoding": encoding})
    assert answer.status == status


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=20))
def test_what_was_packed_is_split_the_same(texts: list[str]) -> None:
    assert split_elements(pack("BYTES", texts), len(texts)) == texts


@settings(max_examples=300)
@given(st.binary(max_size=80), st.lists(st.integers(-2, 2**70), max_size=3), st.integers(0, 90))
def test_any_bytes_are_texts_or_refused(tail: bytes, shape: list[int], size: int) -> None:
    tensor = InferInput("text", shape, "BYTES", parameters=InputParameters(size))
    with suppress(RequestError):
        found = read_inputs(InferRequest([tensor]), tail, 100)
        texts = [each for each in found if isinstance(each, str)]
        assert sum(4 + len(each.encode()) for each in texts) == len(tail) == size
