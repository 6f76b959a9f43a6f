"""The Open Inference Protocol over a real socket, as JSON."""

import json
from typing import Any

import pytest

from tests.serving.running import Running, Shelf, running
from textwright.errors import DatabaseError

MODEL = "/v2/models/intents"


def tensor(*texts: Any, **changes: Any) -> dict[str, Any]:
    """Build a request with one input."""
    given = {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": list(texts)}
    return {"inputs": [{**given, **changes}]}


def test_the_server_says_what_it_is(server: Running) -> None:
    told = server.ask("GET", "/v2").json
    assert told["name"] == "textwright"
    assert told["extensions"] == []


def test_health_is_told(server: Running) -> None:
    assert server.ask("GET", "/v2/health/live").json == {"live": True}
    assert server.ask("GET", "/v2/health/ready").json == {"ready": True}


@pytest.mark.parametrize("path", [MODEL, f"{MODEL}/versions/3"])
def test_a_model_says_what_it_takes_and_gives(server: Running, path: str) -> None:
    told = server.ask("GET", path).json
    assert (told["name"], told["versions"]) == ("intents", ["3"])
    assert told["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    kinds = {each["name"]: each["datatype"] for each in told["outputs"]}
    assert kinds["label"] == "BYTES"
    assert kinds["score"] == "FP32"
    assert server.ask("GET", f"{path}/ready").json == {"ready": True}


@pytest.mark.parametrize("path", [f"{MODEL}/infer", f"{MODEL}/versions/3/infer"])
def test_texts_are_answered_as_tensors(server: Running, path: str) -> None:
    answer = server.ask("POST", path, {"id": "mine", **tensor("a new card", "play")})
    assert answer.status == 200
    told = answer.json
    assert (told["id"], told["model_name"], told["model_version"]) == ("mine", "intents", "3")
    outputs = {each["name"]: each for each in told["outputs"]}
    assert outputs["label"]["data"] == ["card", "music"]
    assert all(each["shape"] == [2] for each in told["outputs"])
    whole = json.loads(outputs["answer"]["data"][0])
    assert whole["label"] == "card"
    assert whole["id"] == outputs["id"]["data"][0]
    assert whole["score"] == outputs["score"]["data"][0]


def test_only_the_outputs_asked_for_are_given(server: Running) -> None:
    asked = {**tensor("rain"), "outputs": [{"name": "score"}, {"name": "label"}]}
    outputs = server.ask("POST", f"{MODEL}/infer", asked).json["outputs"]
    assert [each["name"] for each in outputs] == ["score", "label"]


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [2, 1]},
        {"shape": [2, 1], "data": [["rain"], ["snow"]]},
        {"parameters": {"binary_data": False}},
    ],
)
def test_a_column_of_texts_is_read_flat_or_nested(server: Running, changes: dict[str, Any]) -> None:
    answer = server.ask("POST", f"{MODEL}/infer", tensor("rain", "snow", **changes))
    assert answer.json["outputs"][0]["data"] == ["weather", "weather"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (tensor("rain", name="texts"), 422),
        (tensor("rain", datatype="FP32"), 422),
        (tensor("rain", shape=[2]), 422),
        (tensor("rain", shape=[-1]), 422),
        (tensor("rain", shape=[]), 422),
        (tensor("rain", shape=[1, 1, 1]), 422),
        (tensor("rain", shape=[1.5]), 422),
        (tensor("rain", shape=[2**80]), 422),
        (tensor(1), 422),
        (tensor(["rain", "snow"], ["rain"], shape=[2, 1]), 422),
        (tensor(["rain"], "rain"), 422),
        (tensor([["rain"]], shape=[1, 1]), 422),
        (tensor(shape=[0]), 422),
        ({"inputs": []}, 422),
        ({}, 422),
        ({"inputs": [{"name": "text"}]}, 422),
        ({**tensor("rain"), "outputs": [{"name": "lable"}]}, 404),
        (tensor(*["rain"] * 2049), 413),
        (b"{", 400),
        (b'{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":' + b"[" * 9**5, 400),
    ],
)
def test_a_bad_request_is_refused_in_the_form_of_the_protocol(
    server: Running, asked: Any, status: int
) -> None:
    answer = server.ask("POST", f"{MODEL}/infer", asked)
    assert answer.status == status
    assert set(answer.json) == {"error"}
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize(
    "path", ["/v2/models/intent", "/v2/models/intents/versions/9", "/v2/models/intents/versions/x"]
)
def test_an_unknown_model_or_version_is_answered_with_the_nearest(
    server: Running, path: str
) -> None:
    for answer in (
        server.ask("GET", path),
        server.ask("GET", f"{path}/ready"),
        server.ask("POST", f"{path}/infer", tensor("rain")),
    ):
        assert answer.status == 404
        assert "Did you mean 'intents" in answer.json["error"]


def test_one_text_that_breaks_the_network_fails_the_request(shelf: Shelf) -> None:
    shelf.deploy("intents", 1, breaks_on_rain=True)
    with running(shelf) as server:
        answer = server.ask("POST", f"{MODEL}/infer", tensor("card", "雨"))
        assert answer.status == 500
        assert isinstance(answer.json["error"], str)


def test_before_the_models_are_loaded_the_server_is_not_ready(shelf: Shelf) -> None:
    shelf.failure = DatabaseError("It is away.", "Wait.")
    with running(shelf, wait=False) as server:
        assert server.ask("GET", "/v2/health/live").status == 200
        assert server.ask("GET", "/v2/health/ready").status == 503
        assert server.ask("GET", f"{MODEL}/ready").status == 503
