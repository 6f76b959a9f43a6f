"""A request's JSON, read as the type its route declares."""

import re
from typing import Any

import msgspec

from textwright.errors import MalformedError, MediaTypeError, ParameterError
from textwright.serving.messages import JSON, Request

PLACES = (re.compile(r"`\$\.(\w+)"), re.compile(r"field `(\w+)"))  # as msgspec names fields


def read_json(request: Request, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Read the body of a request.

    Only a body declared as JSON is read: a web page of somebody else cannot send that without
    asking first.
    Raises MediaTypeError, MalformedError for what is no JSON, ParameterError for another type.
    """
    declared = request.headers.get(b"content-type", b"").decode("latin-1")
    if declared.partition(";")[0].strip().lower() != JSON:
        what = f"The body is declared as {declared!r}." if declared else "The body has no type."
        raise MediaTypeError(what[:200], f"Send the header Content-Type: {JSON}.")
    return decode(request.body, decoder)


def decode(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Read JSON; raises MalformedError for what is none, ParameterError for another type."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        what = f"The body is not as this address takes it: {error}."
        refusal = ParameterError(what, "See /docs for its fields.")
        found = (each.search(str(error)) for each in PLACES)
        refusal.param = next((each[1] for each in found if each), "")
        raise refusal from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"The body is no JSON: {error}.", "Mend the JSON.") from error
