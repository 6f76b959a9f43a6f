"""The description of every route, as OpenAPI 3.1 and as a plain page, from the table of routes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import msgspec

from textwright.serving.access import ASK, OPEN
from textwright.serving.messages import JSON

REASONS = {
    200: "Done.",
    400: "The request cannot be read.",
    401: "No key, or one that is not good here.",
    403: "Not for this key's role, or not by this server's name.",
    404: "No such address, model or version.",
    405: "The address has no such method.",
    408: "The request did not arrive in time.",
    409: "Refused as things stand, or somebody else was first.",
    412: "The deployment has another generation than If-Match says.",
    413: "Larger than the server takes.",
    415: "The body is not declared as JSON.",
    422: "Readable, but not what can be answered.",
    429: "More than can be answered in time, or than the key may; Retry-After says how long.",
    500: "The server failed.",
    503: "Not ready.",
    504: "Not answered in time.",
}
BYTES = "application/octet-stream"
ALWAYS = (400, 403, 408, 413, 500)  # possible wherever a request is read
REFERENCE = "#/components/schemas/{name}"
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer tw_..."},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}
KEYED: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
HEADERS = {
    "If-Match": "Generation that the deployment must have, in quotes, as its ETag says it.",
    "Inference-Header-Content-Length": "Bytes of JSON in front of the tensors that follow it.",
    "Idempotency-Key": "Any word: a repeat of this request with it is answered as the first was.",
}
NUMBERS = frozenset({"key", "number"})  # parameters of paths that are whole numbers
PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Description:
    """What a route takes and gives.

    takes:    type of the body; None: it reads none.
    gives:    type of the body of a 200; None: text.
    failures: type of the body of an error.
    statuses: what it may answer beside 200 and ``ALWAYS``.
    inner:    types that ``gives`` refers to by name.
    right:    who may call it: a role, or ``access.OPEN`` or ``access.ASK``.
    query:    type whose fields may stand after the ``?``.
    headers:  names of ``HEADERS`` that it heeds.
    binary:   bytes may follow the JSON it takes and gives.
    optional: the body may be left out.
    streams:  media type in which it gives the same piece by piece; empty: it does not.
    """

    method: str
    path: str
    summary: str
    takes: type | None
    gives: type | None
    failures: type
    statuses: tuple[int, ...]
    media_type: str = JSON
    inner: tuple[type, ...] = ()
    right: str = OPEN
    query: type | None = None
    headers: tuple[str, ...] = ()
    binary: bool = False
    optional: bool = False
    streams: str = ""


def describe(routes: Sequence[Description], version: str) -> dict[str, Any]:
    """Write the OpenAPI document of the routes."""
    named = ((each.takes, each.gives, each.failures, *each.inner) for each in routes)
    used = {kind for kinds in named for kind in kinds if kind is not None}
    kinds = sorted(used, key=lambda each: each.__name__)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    schema_of = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "textwright", "version": version},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SCHEMES},
    }


def refer_to(*kinds: type) -> list[dict[str, str]]:
    """Name types of the document from inside another one."""
    return [{"$ref": REFERENCE.format(name=kind.__name__)} for kind in kinds]


def operation(route: Description, schema_of: dict[type, Any]) -> dict[str, Any]:
    """Describe one method of one path."""
    plain = {"schema": {"type": "string"}}
    success = {route.media_type: {"schema": schema_of[route.gives]} if route.gives else plain}
    if route.streams:
        success[route.streams] = plain
    failure = {JSON: {"schema": schema_of[route.failures]}}
    responses: dict[str, Any] = {"200": {"description": REASONS[200], "content": success}}
    for status in sorted({*ALWAYS, *route.statuses}):
        responses[str(status)] = {"description": REASONS[status], "content": failure}
        if status == 429:
            header = {"schema": {"type": "integer"}, "description": "Seconds to wait."}
            responses["429"]["headers"] = {"Retry-After": header}
    words = re.findall(r"\w+", route.path)
    described: dict[str, Any] = {
        "summary": route.summary,
        "operationId": "_".join([route.method.lower(), *words]),
        "responses": responses,
    }
    parameters = describe_parameters(route)
    if parameters:
        described["parameters"] = parameters
    if route.right != OPEN:
        described["security"] = [{}, *KEYED] if route.right == ASK else KEYED
    if route.takes:
        content = {JSON: {"schema": schema_of[route.takes]}}
        described["requestBody"] = {"required": not route.optional, "content": content}
        if route.binary:
            content[BYTES] = responses["200"]["content"][BYTES] = {"schema": {}}
    return described


def describe_parameters(route: Description) -> list[dict[str, Any]]:
    """Describe what may stand in the path, after it, and in headers beside it."""
    number = {"type": "integer", "minimum": 1}
    described: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": number if name in NUMBERS else {"type": "string"},
        }
        for name in PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        _, components = msgspec.json.schema_components([route.query], ref_template=REFERENCE)
        fields = components[route.query.__name__]["properties"]
        described += [{"name": name, "in": "query", "schema": fields[name]} for name in fields]
    described += [
        {"name": name, "in": "header", "description": HEADERS[name], "schema": {"type": "string"}}
        for name in route.headers
    ]
    return described


def docs_page(routes: Sequence[Description], version: str) -> str:
    """Write the routes as one page that needs nothing from anywhere else."""
    sections = "".join(docs_section(route) for route in routes)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>textwright API</title>'
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;"
        "padding:0 1rem}code,pre{background:#f2f2f2;padding:.1rem .3rem}"
        "pre{overflow:auto;padding:.6rem}</style>"
        f"<h1>textwright {escape(version)}</h1>"
        '<p>The same as a document for programs: <a href="/openapi.json">/openapi.json</a>.</p>'
        f"{sections}</html>"
    )


def docs_section(route: Description) -> str:
    """Write one route: its address, what it takes, what it may answer."""
    lines = [f"<h2><code>{route.method} {escape(route.path)}</code></h2>"]
    lines.append(f"<p>{escape(route.summary)}</p>")
    for each in describe_parameters(route):
        if each["in"] != "path":
            shown = f"{each['name']} {msgspec.json.encode(each['schema']).decode()}"
            lines.append(f"<p>In the {each['in']}: <code>{escape(shown)}</code></p>")
    if route.takes is not None:
        lines.append(f"<p>Takes:</p><pre>{escape(fields_of(route.takes))}</pre>")
    if route.gives is not None:
        lines.append(f"<p>Gives:</p><pre>{escape(fields_of(route.gives, *route.inner))}</pre>")
    if route.right not in (OPEN, ASK):
        lines.append(f"<p>Needs a key of the role {route.right}.</p>")
    others = ", ".join(str(each) for each in sorted({*ALWAYS, *route.statuses}))
    lines.append(f"<p>Other statuses: {others}.</p>")
    return "".join(lines)


def fields_of(*kinds: type) -> str:
    """Write the fields of types and of those inside them, one a line, as JSON schema does."""
    (schema, *_), components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    shown = components or schema
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
