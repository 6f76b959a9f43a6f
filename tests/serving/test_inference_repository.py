"""What there is to ask, over a real socket."""

import pytest

from tests.serving.running import Running, Shelf, running, wait_until
from textwright.serving.deployments import Target


def test_the_index_lists_what_answers(server: Running) -> None:
    for body in (None, b"", {}, {"ready": True}):
        answer = server.ask("POST", "/v2/repository/index", body)
        assert answer.status == 200
        assert answer.json == [{"name": "intents", "state": "READY", "version": "3"}]


def test_a_model_that_cannot_be_loaded_is_listed_as_such(shelf: Shelf) -> None:
    shelf.deploy("intents", 3)
    shelf.targets["broken"] = Target(1, "0" * 64)
    with running(shelf) as server:
        wait_until(lambda: "broken" in server.server.loader.named)
        listed = server.ask("POST", "/v2/repository/index").json
        assert [each["state"] for each in listed] == ["READY", "UNAVAILABLE"]
        assert listed[1]["name"] == "broken"
        assert "log" in listed[1]["reason"]
        ready = server.ask("POST", "/v2/repository/index", {"ready": True}).json
        assert [each["name"] for each in ready] == ["intents"]


@pytest.mark.parametrize(("body", "status"), [(b"[", 400), ({"ready": "yes"}, 400), ([], 400)])
def test_a_malformed_question_is_refused(server: Running, body: object, status: int) -> None:
    assert server.ask("POST", "/v2/repository/index", body).status == status


@pytest.mark.parametrize("change", ["load", "unload"])
def test_loading_is_the_registrys_business(server: Running, change: str) -> None:
    answer = server.ask("POST", f"/v2/repository/models/intents/{change}", {})
    assert answer.status == 400
    assert "textwright promote" in answer.json["error"]
    assert server.ask("POST", f"/v2/repository/models/other/{change}", {}).status == 404
    assert server.ask("GET", f"/v2/repository/models/intents/{change}").status == 405


def test_a_models_set_up_is_told_in_tritons_words(shelf: Shelf) -> None:
    shelf.deploy("intents", 3)
    shelf.deploy_embedder("sentences", 1, width=4)
    with running(shelf) as server:
        config = server.ask("GET", "/v2/models/intents/versions/3/config").json
        assert config["name"] == "intents"
        assert config["max_batch_size"] == 0
        assert config["input"] == [{"name": "text", "data_type": "TYPE_STRING", "dims": [-1]}]
        assert {"name": "score", "data_type": "TYPE_FP32", "dims": [-1]} in config["output"]
        outputs = server.ask("GET", "/v2/models/sentences/config").json["output"]
        assert {"name": "vector", "data_type": "TYPE_FP32", "dims": [-1, 4]} in outputs
        assert server.ask("GET", "/v2/models/sentences/versions/2/config").status == 404
