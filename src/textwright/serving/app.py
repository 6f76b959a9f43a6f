"""Every route of the server in one table, and the way of a request through it.

To add a protocol: write its file, then add its routes here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any
from urllib.parse import unquote

import msgspec

from textwright.errors import ForbiddenError, MalformedError, MethodError, unknown_name
from textwright.serving import inference_protocol as inference
from textwright.serving import native_api as native
from textwright.serving.http import JSON, Request, Response
from textwright.serving.openapi import Description, describe, docs_page
from textwright.serving.predict import Service
from textwright.serving.statuses import InferenceFailure, NativeFailure, error_response

HTML = "text/html; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"
ANSWERING = (404, 405, 415, 422, 429, 503, 504)
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
KNOWN_PATHS = 1024  # whose route is remembered
V2, V2_MODEL = "/v2", "/v2/models/{name}"
V2_VERSION = V2_MODEL + "/versions/{version}"

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
) -> Route:
    """Declare a route; one that takes a body is a POST and may answer as predicting does."""
    failures = InferenceFailure if path.startswith(V2) else NativeFailure
    statuses: tuple[int, ...] = ANSWERING if takes else (405,)
    if not takes and ("{" in path or path.endswith("ready")):
        statuses = (404, 405, 503)
    method = "POST" if takes else "GET"
    summary = (call.__doc__ or "").partition("\n")[0].partition(";")[0].rstrip(".") + "."
    kind = Description(method, path, summary, takes, gives, failures, statuses, media_type, inner)
    return Route(call, kind)


async def get_metrics(service: Service, _request: Request) -> Response:
    """Give the counters for Prometheus."""
    for live in service.loader.live.values():
        service.metrics.queue.labels(live.model).set(live.batcher.items)
    return Response(200, service.metrics.text(), METRICS)


async def get_openapi(_service: Service, _request: Request) -> Response:
    """Give this description of the routes."""
    return Response(200, msgspec.json.encode(describe(descriptions(), inference.our_version())))


async def get_docs(_service: Service, _request: Request) -> Response:
    """Give the description of the routes as a page."""
    page = docs_page(descriptions(), inference.our_version())
    return Response(200, page.encode(), HTML)


ROUTES = (
    route(
        "/api/v1/models/{name}/predict",
        native.post_predict,
        native.PredictResponse,
        native.PredictRequest,
        inner=native.OUTCOMES,
    ),
    route(
        f"{V2_MODEL}/infer", inference.post_infer, inference.InferResponse, inference.InferRequest
    ),
    route(
        f"{V2_VERSION}/infer", inference.post_infer, inference.InferResponse, inference.InferRequest
    ),
    route(V2, inference.get_server, inference.ServerMetadata),
    route("/v2/health/live", inference.get_live, inference.Health),
    route("/v2/health/ready", inference.get_ready, inference.Health),
    route(V2_MODEL, inference.get_model, inference.ModelMetadata),
    route(f"{V2_MODEL}/ready", inference.get_model_ready, inference.Health),
    route(V2_VERSION, inference.get_model, inference.ModelMetadata),
    route(f"{V2_VERSION}/ready", inference.get_model_ready, inference.Health),
    route("/health/live", inference.get_live, inference.Health),
    route("/health/ready", inference.get_ready, inference.Health),
    route("/metrics", get_metrics, None, media_type=METRICS),
    route("/openapi.json", get_openapi, dict[str, Any]),
    route("/docs", get_docs, None, media_type=HTML),
)


def descriptions() -> list[Description]:
    """Give the descriptions of all routes."""
    return [each.description for each in ROUTES]


class App:
    """Answers requests: finds the route, calls it, and gives every failure its form.

    hosts: names a request may call this server by; none: any.
    """

    def __init__(self, service: Service, *, hosts: frozenset[str] = frozenset()) -> None:
        self.service = service
        self.hosts = hosts
        self.known: dict[tuple[str, str], tuple[Route, tuple[str, ...]]] = {}

    async def handle(self, request: Request) -> Response:
        """Answer one request; nothing is ever raised but the end of its task."""
        start = perf_counter()
        path, _, _ = request.path.partition("?")
        name = "none"
        try:
            if request.problem is not None:
                raise request.problem
            self.check_host(request)
            found, values = self.find(request.method, path)
            name = found.description.path
            response = await found.call(self.service, request, *values)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the edge: every failure becomes an answer
            response = error_response(error, request, path)
        metrics = self.service.metrics
        metrics.requests.labels(name, response.status).inc()
        metrics.seconds.labels(name).observe(perf_counter() - start)
        return response

    def check_host(self, request: Request) -> None:
        """Refuse a name that is not ours: a foreign page whose name was pointed here sends it."""
        host = request.headers.get(b"host", b"").decode("latin-1").lower()
        if not host:
            raise MalformedError("The request names no host.", "Send the Host header.")
        plain = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self.hosts and plain not in self.hosts:
            raise ForbiddenError(
                f"This server is not called {plain[:100]!r}.", "Name it when starting the server."
            )

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        """Find the route of a request; raises UnknownNameError, MethodError."""
        method = "GET" if method == "HEAD" else method
        known = self.known.get((method, path))
        if known is not None:
            return known
        parts = path.split("/")
        matching = [(each, values) for each in ROUTES if (values := each.match(parts)) is not None]
        for each, values in matching:
            if each.description.method == method:
                if len(self.known) < KNOWN_PATHS:
                    self.known[method, path] = each, values
                return each, values
        if matching:
            allowed = matching[0][0].description.method
            error = MethodError(f"{path[:200]} has no method {method}.", f"Use {allowed}.")
            error.allowed = allowed
            raise error
        raise unknown_name("address", path[:200], [each.path for each in descriptions()])
