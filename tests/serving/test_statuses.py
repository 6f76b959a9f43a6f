"""The form errors take on the wire."""

import json
import logging

import msgspec
import pytest

from textwright import errors
from textwright.errors import DatabaseError, OverloadedError, TextwrightError
from textwright.serving.logs import JsonFormatter
from textwright.serving.messages import Request
from textwright.serving.statuses import (
    AWAY_HINT,
    AWAY_MESSAGE,
    STATUSES,
    error_response,
    request_id,
    status_of,
)


class SpecialOverloadError(OverloadedError):
    """A class of its own below one of the table."""


@pytest.mark.parametrize(("kind", "expected"), STATUSES.items())
def test_each_class_of_the_table_has_its_status_and_code(
    kind: type[TextwrightError], expected: tuple[int, str]
) -> None:
    response = error_response(kind("what", "hint"), Request(), "/api/v1/x")
    told = msgspec.json.decode(response.body)["error"]
    assert (response.status, told["code"]) == expected
    shown = (AWAY_MESSAGE, AWAY_HINT) if kind is DatabaseError else ("what", "hint")
    assert (told["message"], told["hint"]) == shown


def test_no_class_hides_one_below_it() -> None:
    kinds = list(STATUSES)
    for place, kind in enumerate(kinds):
        assert not any(issubclass(later, kind) for later in kinds[place + 1 :])


def test_every_refusal_of_a_request_has_a_status_below_500() -> None:
    refusals = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.RequestError)
    ]
    for kind in refusals:
        if kind is not errors.RequestError:
            assert 400 <= status_of(kind("what", "hint"))[0] < 500


def test_a_class_below_one_of_the_table_has_its_status() -> None:
    assert status_of(SpecialOverloadError("what", "hint")) == (429, "overloaded")


def test_our_own_failure_tells_nothing_of_itself_but_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    request = Request()
    with caplog.at_level(logging.ERROR):
        response = error_response(KeyError("secret"), request, "/v2/models/intents/infer")
    assert response.status == 500
    assert b"secret" not in response.body
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    assert line["request_id"] == request_id(request)
    assert line["error"]["class"] == "KeyError"
    assert "secret" not in json.dumps(line)


def test_the_form_goes_by_the_protocol() -> None:
    error = OverloadedError("what", "hint")
    error.retry_s = 7
    inference = error_response(error, Request(), "/v2/models/intents/infer")
    native = error_response(error, Request(), "/v20")
    assert msgspec.json.decode(inference.body) == {"error": "what hint"}
    assert msgspec.json.decode(native.body)["error"]["code"] == "overloaded"
    assert dict(inference.headers)["retry-after"] == dict(native.headers)["retry-after"] == "7"


@pytest.mark.parametrize("given", [b"", b"a" * 65, b'a"b', b"a\r\nb", "ä".encode()])
def test_an_id_that_is_no_plain_word_is_replaced_once(given: bytes) -> None:
    request = Request()
    request.headers[b"x-request-id"] = given
    made = request_id(request)
    assert len(made) == 16
    assert request_id(request) == made


def test_a_plain_id_is_kept() -> None:
    request = Request()
    request.headers[b"x-request-id"] = b"7f-3_x"
    assert request_id(request) == "7f-3_x"
