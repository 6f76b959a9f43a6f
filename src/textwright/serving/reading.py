"""A request's JSON, read as the type its route declares."""

from typing import Any

import msgspec

from textwright.errors import InvalidInputError, MalformedError, MediaTypeError
from textwright.serving.http import JSON, Request


def read_json(request: Request, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Read the body of a request.

    Only a body declared as JSON is read: a web page of somebody else cannot send that without
    asking first.
    Raises MediaTypeError, MalformedError for what is no JSON, InvalidInputError for another type.
    """
    declared = request.headers.get(b"content-type", b"").decode("latin-1")
    if declared.partition(";")[0].strip().lower() != JSON:
        what = f"The body is declared as {declared!r}." if declared else "The body has no type."
        raise MediaTypeError(what[:200], f"Send the header Content-Type: {JSON}.")
    return decode(request.body, decoder)


def decode(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Read JSON; raises MalformedError for what is none, InvalidInputError for another type."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            f"The body is not as this address takes it: {error}.", "See /docs for its fields."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"The body is no JSON: {error}.", "Mend the JSON.") from error
