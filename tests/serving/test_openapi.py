"""The description of the routes: complete, and without loose ends."""

import re
from typing import Any

import msgspec

from textwright.serving.app import ROUTES, descriptions
from textwright.serving.openapi import describe, docs_page

DOCUMENT = msgspec.json.decode(msgspec.json.encode(describe(descriptions(), "1.2.3")))


def references(node: Any) -> set[str]:
    """Every name that is referred to."""
    return set(
        re.findall(r'"\$ref":"#/components/schemas/(\w+)"', msgspec.json.encode(node).decode())
    )


def operations() -> list[dict[str, Any]]:
    return [each for path in DOCUMENT["paths"].values() for each in path.values()]


def test_every_name_referred_to_is_there_and_no_other() -> None:
    assert references(DOCUMENT) <= set(DOCUMENT["components"]["schemas"])
    assert "Answered" in DOCUMENT["components"]["schemas"]


def test_the_answer_of_every_task_is_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    described = references(schemas["PredictResponse"]["properties"]["answers"])
    assert described == {"Answered", "Matched", "Embedded", "Written", "NativeFailure"}
    assert schemas["Written"]["required"] == ["id", "text", "finish_reason", "score"]


def test_every_parameter_of_a_path_is_declared() -> None:
    for path, each in DOCUMENT["paths"].items():
        for operation in each.values():
            given = operation.get("parameters", [])
            declared = {parameter["name"] for parameter in given if parameter["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))


def test_operations_have_a_summary_and_a_name_of_their_own() -> None:
    assert all(each["summary"].endswith(".") for each in operations())
    assert len({each["operationId"] for each in operations()}) == len(ROUTES)


def test_a_route_that_predicts_declares_every_refusal_and_when_to_come_back() -> None:
    responses = DOCUMENT["paths"]["/api/v1/models/{name}/predict"]["post"]["responses"]
    assert {"400", "403", "404", "413", "415", "422", "429", "500", "503", "504"} <= set(responses)
    assert "Retry-After" in responses["429"]["headers"]


def test_the_page_shows_the_version_and_escapes_what_it_shows() -> None:
    page = docs_page(descriptions(), "1.2.3 <b>")
    assert "1.2.3 &lt;b&gt;" in page
    assert "PredictRequest" in page


def test_a_route_of_a_role_says_that_it_needs_a_key_and_what_it_heeds() -> None:
    promote = DOCUMENT["paths"]["/api/v1/deployments/{name}/promote"]["post"]
    assert promote["security"] == [{"bearer": []}, {"header": []}]
    assert {"401", "403", "404", "409", "412", "422", "429", "503"} <= set(promote["responses"])
    assert [each["name"] for each in promote["parameters"]] == [
        "name", "If-Match", "Idempotency-Key",
    ]  # fmt: skip
    predict = DOCUMENT["paths"]["/api/v1/models/{name}/predict"]["post"]
    assert {} in predict["security"]
    assert "401" in predict["responses"]
    assert "security" not in DOCUMENT["paths"]["/health/live"]["get"]


def test_parameters_of_a_query_have_bounds() -> None:
    events = DOCUMENT["paths"]["/api/v1/events"]["get"]["parameters"]
    limit = next(each for each in events if each["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    assert {each["name"] for each in events} == {"model", "after", "before", "limit"}


def test_the_page_names_roles_and_headers() -> None:
    page = docs_page(descriptions(), "1.2.3")
    assert "Needs a key of the role approver." in page
    assert "If-Match" in page
