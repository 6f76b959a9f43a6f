"""The Open Inference Protocol over a real socket: health, metadata, and texts as JSON."""

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
    assert "binary_tensor_data" in told["extensions"]


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
        (tensor("rain", name="texts"), 400),
        (tensor("rain", datatype="FP32"), 400),
        (tensor("rain", shape=[2]), 400),
        (tensor("rain", shape=[-1]), 400),
        (tensor("rain", shape=[]), 400),
        (tensor("rain", shape=[1, 1, 1]), 400),
        (tensor("rain", shape=[1.5]), 400),
        (tensor("rain", shape=[2**80]), 413),
        (tensor(1), 400),
        (tensor(["rain", "snow"], ["rain"], shape=[2, 1]), 400),
        (tensor(["rain"], "rain"), 400),
        (tensor([["rain"]], shape=[1, 1]), 400),
        (tensor(shape=[0]), 400),
        ({"inputs": []}, 400),
        ({}, 400),
        ({"inputs": [{"name": "text"}]}, 400),
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


@pytest.mark.parametrize("path", ["/v2/models/intent", "/v2/models/intents/versions/x"])
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


@pytest.mark.parametrize("path", ["/v2/models/sentences", "/v2/models/sentences/versions/1"])
def test_a_model_that_embeds_gives_its_vectors_as_one_tensor(shelf: Shelf, path: str) -> None:
    shelf.deploy_embedder("sentences", 1, width=4)
    with running(shelf) as server:
        outputs = {each["name"]: each for each in server.ask("GET", path).json["outputs"]}
        assert outputs["vector"] == {"name": "vector", "datatype": "FP32", "shape": [-1, 4]}
        answer = server.ask("POST", f"{path}/infer", tensor("rain", "snow"))
        given = {each["name"]: each for each in answer.json["outputs"]}
        assert given["vector"]["shape"] == [2, 4]
        assert len(given["vector"]["data"]) == 8
        wrong = {**tensor("rain"), "outputs": [{"name": "label"}]}
        assert server.ask("POST", f"{path}/infer", wrong).status == 404


@pytest.mark.parametrize(
    "parameters",
    [
        {"timeout": -1},
        {"timeout": 1.5},
        {"timeout": True},
        {"priority": -1},
        {"priority": "high"},
        {"caller": 7},
        {"caller": "x" * 257},
        {"binary_data_output": "yes"},
    ],
)
def test_a_parameter_of_another_type_or_range_is_refused(
    server: Running, parameters: dict[str, Any]
) -> None:
    asked = {**tensor("rain"), "parameters": parameters}
    assert server.ask("POST", f"{MODEL}/infer", asked).status == 400


@pytest.mark.parametrize(
    "parameters",
    [
        {"timeout": 10_000_000, "priority": 1, "caller": "ann"},
        {"timeout": 2**62, "priority": 9},
        {"timeout": 0, "priority": 0, "sequence_id": 7},
    ],
)
def test_parameters_are_heeded_or_not_looked_at(
    server: Running, parameters: dict[str, Any]
) -> None:
    asked = {**tensor("rain"), "parameters": parameters}
    assert server.ask("POST", f"{MODEL}/infer", asked).status == 200


def test_an_answer_that_comes_after_its_timeout_is_none(server: Running) -> None:
    live = server.server.loader.live["intents"]
    with live.batcher.session_free:
        asked = {**tensor("rain"), "parameters": {"timeout": 50_000}}
        answer = server.ask("POST", f"{MODEL}/infer", asked)
    assert answer.status == 504
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "application/octet-stream"}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 200),
        ({"Content-Type": "", "Origin": "https://elsewhere.example"}, 415),
    ],
)
def test_a_body_is_read_unless_a_foreign_page_could_send_it(
    server: Running, headers: dict[str, str], status: int
) -> None:
    answer = server.ask("POST", f"{MODEL}/infer", tensor("rain"), headers=headers)
    assert answer.status == status


def test_outputs_in_other_forms_are_refused(server: Running) -> None:
    for parameters in ({"classification": 2}, {"shared_memory_region": "here"}):
        asked = {**tensor("rain"), "outputs": [{"name": "label", "parameters": parameters}]}
        answer = server.ask("POST", f"{MODEL}/infer", asked)
        assert answer.status == 400
        assert "Ask for it plain" in answer.json["error"]


def test_a_version_that_does_not_answer_is_for_operators_alone(server: Running) -> None:
    path = f"{MODEL}/versions/9"
    assert server.ask("GET", path).status == 404
    answer = server.ask("POST", f"{path}/infer", tensor("rain"))
    assert answer.status == 401
    assert isinstance(answer.json["error"], str)
