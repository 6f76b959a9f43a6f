"""A route: an address, who answers there, what it takes and gives, and what right it needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from textwright.serving.access import ASK, OPEN
from textwright.serving.forms import InferenceFailure, OpenAIFailure
from textwright.serving.messages import JSON, Response
from textwright.serving.openapi import Description
from textwright.serving.statuses import NativeFailure

ANSWERING = (404, 405, 415, 422, 429, 503, 504)
V1, V2 = "/v1", "/v2"
FOREIGN = {V1: OpenAIFailure, V2: InferenceFailure}  # protocols that are not ours

Call = Callable[..., Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """An address: who answers there, and what it takes and gives."""

    call: Call
    description: Description

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The path's pieces between slashes."""
        return tuple(self.description.path.split("/"))

    @cached_property
    def right(self) -> str:
        """What the doorkeeper asks for."""
        return self.description.right

    def match(self, parts: list[str]) -> tuple[str, ...] | None:
        """Give the values of the path's parameters, or None when it is another path."""
        if len(parts) != len(self.parts):
            return None
        values = []
        for mine, given in zip(self.parts, parts, strict=True):
            if mine.startswith("{"):
                values.append(unquote(given))
            elif mine != given:
                return None
        return tuple(values)


def route(
    path: str,
    call: Call,
    gives: type | None,
    takes: type | None = None,
    *,
    media_type: str = JSON,
    inner: tuple[type, ...] = (),
    right: str = ASK,
    streams: str = "",
) -> Route:
    """Declare a route; one that takes a body is a POST and may answer as predicting does."""
    failures = FOREIGN.get(path[:3], NativeFailure)
    statuses: tuple[int, ...] = ANSWERING if takes else (405,)
    if not takes and ("{" in path or path.endswith("ready")):
        statuses = (404, 405, 503)
    if right != OPEN:
        statuses = (*statuses, 401, 429, 503)
    if path[:3] in FOREIGN:  # what cannot be answered is a 400 there
        statuses = tuple(each for each in statuses if each != 422)
    method = "POST" if takes else "GET"
    summary = (call.__doc__ or "").partition("\n")[0].partition(";")[0].rstrip(".") + "."
    kind = Description(
        method, path, summary, takes, gives, failures, statuses, media_type, inner, right,
        streams=streams,
    )  # fmt: skip
    return Route(call, kind)
