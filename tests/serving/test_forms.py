"""The form of an error, by the protocol it belongs to."""

import pytest

from textwright.errors import InvalidInputError, OverloadedError, ParameterError, UnknownNameError
from textwright.serving.forms import give_form, is_below

FAILURE = {"code": "invalid", "message": "It is odd.", "hint": "Mend it.", "request_id": "r"}
ODD = InvalidInputError("It is odd.", "Mend it.")


def test_our_own_form_says_all_there_is() -> None:
    assert give_form(ODD, "/api/v1/models", 422, FAILURE) == (422, {"error": FAILURE})


def test_tritons_clients_read_one_sentence() -> None:
    assert give_form(ODD, "/v2", 422, FAILURE) == (400, {"error": "It is odd. Mend it."})
    assert give_form(ODD, "/v2/models/x", 404, FAILURE)[0] == 404


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
    ],
)
def test_openais_clients_read_a_type(status: int, kind: str) -> None:
    error = OverloadedError("It is odd.", "Mend it.")
    given, body = give_form(error, "/v1/embeddings", status, FAILURE)
    assert given == status
    assert body["error"]["type"] == kind
    assert body["error"]["message"] == "It is odd. Mend it."


def test_openais_clients_are_told_the_field_and_an_unknown_model() -> None:
    odd = ParameterError("It is odd.", "Mend it.")
    odd.param = "input"
    assert give_form(odd, "/v1/embeddings", 422, FAILURE)[1]["error"]["param"] == "input"
    unknown = UnknownNameError("It is odd.", "Mend it.")
    assert give_form(unknown, "/v1/x", 404, FAILURE)[1]["error"]["code"] == "model_not_found"


def test_a_path_that_only_begins_alike_is_of_no_foreign_protocol() -> None:
    assert not is_below("/v10/models", "/v1")
    assert is_below("/v1", "/v1")
    assert give_form(ODD, "/v2x", 422, FAILURE)[0] == 422
