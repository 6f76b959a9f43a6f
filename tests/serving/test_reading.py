"""JSON bodies, read by declared type."""

import msgspec
import pytest

from textwright.errors import (
    InvalidInputError,
    MalformedError,
    MediaTypeError,
    ParameterError,
)
from textwright.serving.messages import Request
from textwright.serving.reading import read_json

DECODER = msgspec.json.Decoder(dict[str, list[int]])


def sent(body: bytes, kind: bytes = b"application/json") -> Request:
    request = Request()
    request.headers[b"content-type"] = kind
    request.body = body
    return request


@pytest.mark.parametrize("kind", [b"application/json", b"Application/JSON ; charset=utf-8"])
def test_json_is_read_as_its_type(kind: bytes) -> None:
    assert read_json(sent(b'{"a": [1, 2]}', kind), DECODER) == {"a": [1, 2]}


@pytest.mark.parametrize("kind", [b"", b"text/plain", b"application/jsonp", b"\xff"])
def test_a_body_of_another_kind_is_not_read(kind: bytes) -> None:
    with pytest.raises(MediaTypeError, match="The body"):
        read_json(sent(b"{}", kind), DECODER)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": [1], }', b"{} {}", b'{"a": [01]}'])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError, match="no JSON"):
        read_json(sent(body), DECODER)


def test_another_type_is_invalid_and_its_place_named() -> None:
    with pytest.raises(InvalidInputError, match=r"\$\[\.\.\.\]\[1\]"):
        read_json(sent(b'{"a": [1, "x"]}'), DECODER)


def test_json_nested_without_end_is_malformed() -> None:
    anything: msgspec.json.Decoder[object] = msgspec.json.Decoder()
    with pytest.raises(MalformedError, match="recursion"):
        read_json(sent(b"[" * 10**6), anything)


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What a route may take."""

    model: str
    texts: list[str] = []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model": 3}', "model"),
        (b'{"model": "a", "texts": ["b", 1]}', "texts"),
        (b'{"texts": []}', "model"),
        (b'{"model": "a", "tools": []}', "tools"),
        (b"[]", ""),
    ],
)
def test_the_field_that_is_wrong_is_named(body: bytes, param: str) -> None:
    with pytest.raises(ParameterError) as refused:
        read_json(sent(body), msgspec.json.Decoder(Asked))
    assert refused.value.param == param
