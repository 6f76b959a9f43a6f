"""Every route of the server in one table, and the way of a request through it.

To add a protocol: write its file, then add its routes here.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import msgspec

from textwright.errors import ForbiddenError, MalformedError, MethodError, unknown_name
from textwright.serving import inference_protocol as inference
from textwright.serving import native_api as native
from textwright.serving.access import OPEN, Doorkeeper
from textwright.serving.control.wire_records import FeedbackAnswer, FeedbackRequest
from textwright.serving.control_api import control_routes
from textwright.serving.feedback_api import post_feedback
from textwright.serving.inference_routes import inference_routes
from textwright.serving.inference_types import Health
from textwright.serving.logs import log_access
from textwright.serving.messages import Pieces, Request, Response
from textwright.serving.openai_api import openai_routes
from textwright.serving.openai_generation import generation_routes
from textwright.serving.openapi import Description, describe, docs_page
from textwright.serving.predict import Service
from textwright.serving.routes import Route, route
from textwright.serving.statuses import error_response, request_id
from textwright.serving.throttle import Throttle

HTML = "text/html; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
KNOWN_PATHS = 1024  # whose route is remembered


async def get_metrics(service: Service, _request: Request) -> Response:
    """Give the counters for Prometheus."""
    service.loader.show_queues()
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
    route("/api/v1/feedback", post_feedback, FeedbackAnswer, FeedbackRequest),
    *inference_routes(),
    *openai_routes(),
    *generation_routes(),
    route("/health/live", inference.get_live, Health, right=OPEN),
    route("/health/ready", inference.get_ready, Health, right=OPEN),
    route("/metrics", get_metrics, None, media_type=METRICS),
    route("/openapi.json", get_openapi, dict[str, Any], right=OPEN),
    route("/docs", get_docs, None, media_type=HTML, right=OPEN),
    *control_routes(),
)


def descriptions() -> list[Description]:
    """Give the descriptions of all routes."""
    return [each.description for each in ROUTES]


@dataclass(frozen=True)
class Gate:
    """What every request passes before its route is called.

    hosts:      names a request may call this server by; none: any.
    access_log: a line for each request, without what was sent.
    """

    doorkeeper: Doorkeeper
    throttle: Throttle
    hosts: frozenset[str] = frozenset()
    access_log: bool = False


class App:
    """Answers requests: finds the route, calls it, and gives every failure its form."""

    def __init__(self, service: Service, gate: Gate) -> None:
        self.service = service
        self.gate = gate
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
            self.gate.doorkeeper.admit(request, found.right)
            response = await (
                found.call(self.service, request, *values)
                if request.key is None
                else self.call_throttled(request.key.key, found, request, values)
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the edge: every failure becomes an answer
            response = error_response(error, request, path)
        if b"x-request-id" in request.headers and response.status == 200:
            named = ("x-request-id", request_id(request))
            response = replace(response, headers=(*response.headers, named))
        seconds = perf_counter() - start
        metrics = self.service.metrics
        metrics.request_of(name, response.status).inc()
        metrics.seconds_of(name).observe(seconds)
        if self.gate.access_log:
            log_access(request, name, response.status, seconds)
        return response

    async def call_throttled(
        self, key: int, found: Route, request: Request, values: tuple[str, ...]
    ) -> Response:
        """Call a route within what a key may ask; an answer in pieces counts until its last one."""
        self.gate.throttle.enter(key)
        response = None
        try:
            response = await found.call(self.service, request, *values)
        finally:
            if response is None or response.pieces is None:
                self.gate.throttle.leave(key)
        if response.pieces is None:
            return response
        return replace(response, pieces=self.leave_after(key, response.pieces))

    async def leave_after(self, key: int, pieces: Pieces) -> Pieces:
        """Give pieces, and count the request of a key as answered when they end."""
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        finally:
            self.gate.throttle.leave(key)

    def check_host(self, request: Request) -> None:
        """Refuse a name that is not ours: a foreign page whose name was pointed here sends it."""
        host = request.headers.get(b"host", b"").decode("latin-1").lower()
        if not host:
            raise MalformedError("The request names no host.", "Send the Host header.")
        plain = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self.gate.hosts and plain not in self.gate.hosts:
            raise ForbiddenError(
                f"This server is not called {plain[:100]!r}.",
                "Give its name to `textwright serve --allow-host`.",
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
            allowed = ", ".join(each.description.method for each, _ in matching)
            error = MethodError(f"{path[:200]} has no method {method}.", f"Use {allowed}.")
            error.allowed = allowed
            raise error
        raise unknown_name("address", path[:200], [each.path for each in descriptions()])
