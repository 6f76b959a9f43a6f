"""Statistics in Triton's form, held against what was asked."""

from time import time

from tests.serving.running import Running, Shelf, running


def ask(server: Running, *texts: str) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}
    server.ask("POST", "/v2/models/intents/infer", {"inputs": [tensor]})


def test_statistics_tell_what_was_asked_of_a_version(shelf: Shelf) -> None:
    shelf.deploy("intents", 3)
    shelf.deploy("other", 1)
    with running(shelf) as server:
        before = time()
        ask(server, "rain")
        ask(server, "rain", "play", "card")
        (told,) = server.ask("GET", "/v2/models/intents/stats").json["model_stats"]
        assert (told["name"], told["version"]) == ("intents", "3")
        assert told["inference_count"] == 4
        assert 1 <= told["execution_count"] <= 4
        assert before - 1 <= told["last_inference"] / 1000 <= time() + 1
        stats = told["inference_stats"]
        assert stats["success"]["count"] == 2
        assert stats["success"]["ns"] >= stats["compute_infer"]["ns"] > 0
        assert stats["fail"] == {"count": 0, "ns": 0}
        runs = told["batch_stats"]
        assert sum(each["batch_size"] * each["compute_infer"]["count"] for each in runs) == 4
        assert sum(each["compute_infer"]["count"] for each in runs) == told["execution_count"]


def test_statistics_are_told_of_all_models_of_one_and_of_a_version(shelf: Shelf) -> None:
    shelf.deploy("intents", 3)
    shelf.deploy("other", 1)
    with running(shelf) as server:
        every = server.ask("GET", "/v2/models/stats").json["model_stats"]
        assert [each["name"] for each in every] == ["intents", "other"]
        assert [each["last_inference"] for each in every] == [0, 0]
        one = server.ask("GET", "/v2/models/other/versions/1/stats").json["model_stats"]
        assert [each["name"] for each in one] == ["other"]
        assert server.ask("GET", "/v2/models/another/stats").status == 404
        assert server.ask("GET", "/v2/models/other/versions/2/stats").status == 404


def test_a_request_with_a_text_that_failed_is_counted_as_failed(shelf: Shelf) -> None:
    shelf.deploy("intents", 1, breaks_on_rain=True)
    with running(shelf) as server:
        ask(server, "card", "雨")
        (told,) = server.ask("GET", "/v2/models/intents/stats").json["model_stats"]
        assert told["inference_stats"]["fail"]["count"] == 1
        assert told["inference_count"] == 1
