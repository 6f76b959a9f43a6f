"""OpenAI's API over a real socket."""

import base64
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving.running import Answer, Running, Shelf, running

PATH = "/v1/embeddings"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("openai"))
    shelf.deploy("intents", 3)
    shelf.deploy_embedder("sentences", 1, width=8)
    with running(shelf) as found:
        yield found


def embed(server: Running, given: Any, **more: Any) -> Answer:
    return server.ask("POST", PATH, {"model": "sentences", "input": given, **more})


def vectors(answer: Answer) -> list[list[float]]:
    return [each["embedding"] for each in answer.json["data"]]


def test_texts_are_embedded_in_their_order(server: Running) -> None:
    together = embed(server, ["rain", "play the next song"])
    told = together.json
    assert (told["object"], told["model"]) == ("list", "sentences")
    assert [(each["index"], each["object"]) for each in told["data"]] == [
        (0, "embedding"),
        (1, "embedding"),
    ]
    (rain,), (play,) = vectors(embed(server, "rain")), vectors(embed(server, "play the next song"))
    assert vectors(together)[0] == pytest.approx(rain, abs=1e-5)
    assert vectors(together)[1] == pytest.approx(play, abs=1e-5)


def test_tokens_that_were_read_are_counted(server: Running) -> None:
    usage = embed(server, ["rain", "play the next song", ""]).json["usage"]
    assert usage == {"prompt_tokens": 5, "total_tokens": 5}


def test_base64_holds_the_same_numbers(server: Running) -> None:
    (plain,) = vectors(embed(server, "rain", encoding_format="float"))
    (packed,) = vectors(embed(server, "rain", encoding_format="base64"))
    assert list(struct.unpack("<8f", base64.b64decode(str(packed)))) == plain


def test_fewer_dimensions_are_cut_and_brought_to_length_one(server: Running) -> None:
    (whole,) = vectors(embed(server, "rain"))
    (cut,) = vectors(embed(server, "rain", dimensions=3))
    length = sum(each**2 for each in whole[:3]) ** 0.5
    assert cut == pytest.approx([each / length for each in whole[:3]], abs=1e-6)


def test_the_native_protocol_gives_the_vector_too(server: Running) -> None:
    (answer,) = server.predict("rain", name="sentences").json["answers"]
    assert answer["vector"] == vectors(embed(server, "rain"))[0]
    assert set(answer) == {"id", "vector"}


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"dimensions": 9}, 400, "dimensions"),
        ({"dimensions": 2**80}, 400, "dimensions"),
        ({"dimensions": 0}, 400, "dimensions"),
        ({"input": [1, 2, 3]}, 400, "input"),
        ({"input": [[1, 2], [3]]}, 400, "input"),
        ({"input": ["rain", 1]}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": None}, 400, "input"),
        ({"input": ["rain"] * 2049}, 413, None),
        ({"encoding_format": "float16"}, 400, "encoding_format"),
        ({"user": 7}, 400, "user"),
        ({"model": "intents"}, 404, None),
        ({"model": "sentence"}, 404, None),
        ({"model": ""}, 404, None),
    ],
)
def test_what_cannot_be_embedded_is_refused_in_openais_form(
    server: Running, changes: dict[str, Any], status: int, param: str | None
) -> None:
    answer = server.ask("POST", PATH, {"model": "sentences", "input": "rain", **changes})
    assert answer.status == status
    problem = answer.json["error"]
    assert set(problem) == {"message", "type", "param", "code"}
    assert problem["type"] == "invalid_request_error"
    assert problem["param"] == param


def test_2048_texts_are_embedded_at_once(server: Running) -> None:
    assert len(vectors(embed(server, ["rain"] * 2048))) == 2048


def test_a_classifier_says_that_it_does_not_embed(server: Running) -> None:
    problem = server.ask("POST", PATH, {"model": "intents", "input": "rain"}).json["error"]
    assert "does not embed: its task is classify" in problem["message"]
    assert problem["code"] == "model_not_found"


def test_models_are_listed(server: Running) -> None:
    listed = server.ask("GET", "/v1/models").json
    assert [each["id"] for each in listed["data"]] == ["intents", "sentences"]
    one = server.ask("GET", "/v1/models/sentences").json
    assert one == listed["data"][1]
    missing = server.ask("GET", "/v1/models/sentence")
    assert missing.status == 404
    assert "Did you mean 'sentences'?" in missing.json["error"]["message"]


def test_an_unknown_address_and_method_are_told_in_openais_form(server: Running) -> None:
    for answer, status in (
        (server.ask("GET", "/v1/embedding"), 404),
        (server.ask("GET", PATH), 405),
        (server.ask("POST", PATH, b"x", headers={"Content-Type": "text/plain"}), 415),
    ):
        assert answer.status == status
        assert set(answer.json["error"]) == {"message", "type", "param", "code"}
