"""The form that each protocol gives an error."""

from collections.abc import Mapping
from typing import Any

import msgspec

from textwright.errors import ParameterError, UnknownNameError

OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
    504: "server_error",
}  # every other is an invalid_request_error


class InferenceFailure(msgspec.Struct):
    """The body of an error in the Open Inference Protocol."""

    error: str


class OpenAIProblem(msgspec.Struct):
    """What went wrong, as OpenAI's clients read it."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIFailure(msgspec.Struct):
    """The body of an error in OpenAI's form."""

    error: OpenAIProblem


def is_below(path: str, prefix: str) -> bool:
    """Tell whether a path is a prefix or stands below it."""
    return path == prefix or path.startswith(f"{prefix}/")


def give_form(
    error: Exception, path: str, status: int, failure: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """Give an error's status and body by the protocol that its path belongs to.

    In Triton's and OpenAI's protocols a request that can be read but not answered is a 400.
    """
    told = f"{failure['message']} {failure['hint']}"
    if is_below(path, "/v2"):
        return 400 if status == 422 else status, {"error": told}
    if is_below(path, "/v1"):
        status = 400 if status == 422 else status
        code = "model_not_found" if isinstance(error, UnknownNameError) else failure["code"]
        problem = {
            "message": told,
            "type": OPENAI_TYPES.get(status, "invalid_request_error"),
            "param": (error.param or None) if isinstance(error, ParameterError) else None,
            "code": code,
        }
        return status, {"error": problem}
    return status, {"error": dict(failure)}
