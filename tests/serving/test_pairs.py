"""A model of pairs over a real socket: every protocol, and what does not fit it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving.running import Running, Shelf, running

SAME = {"text_a": "play the next song", "text_b": "play the next song"}
OTHER = {"text_a": "play the next song", "text_b": "will it rain"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("pairs"))
    shelf.deploy("intents", 1)
    shelf.deploy_matcher("pairs", 2)
    shelf.deploy_matcher("same", 3, labels="binary")
    with running(shelf) as found:
        yield found


def predict(server: Running, model: str, *inputs: Any) -> Any:
    return server.ask("POST", f"/api/v1/models/{model}/predict", {"inputs": list(inputs)})


def test_pairs_are_scored_in_their_order(server: Running) -> None:
    answer = predict(server, "pairs", SAME, OTHER)

    same, other = answer.json["answers"]
    assert set(same) == {"id", "score"}
    assert same["score"] == pytest.approx(5.0, abs=1e-4)
    assert other["score"] == pytest.approx(0.0, abs=1e-4)


def test_a_binary_model_gives_its_label_too(server: Running) -> None:
    same, other = predict(server, "same", SAME, OTHER).json["answers"]

    assert (same["label"], other["label"]) == ("yes", "no")
    assert 0 < other["score"] < 0.5 < same["score"] < 1


@pytest.mark.parametrize(
    ("model", "given", "hint"),
    [
        ("pairs", ["rain"], "Send text_a and text_b of each."),
        ("pairs", [SAME, "rain"], "Send text_a and text_b of each."),
        ("intents", [SAME], "Send each as one text."),
    ],
)
def test_what_the_model_does_not_take_is_refused_as_invalid(
    server: Running, model: str, given: list[Any], hint: str
) -> None:
    answer = predict(server, model, *given)

    assert answer.status == 422
    assert answer.json["error"]["hint"] == hint


@pytest.mark.parametrize("given", [{"text_a": "a"}, {**SAME, "text_c": "c"}, {"text_a": 1}, ["a"]])
def test_a_pair_that_is_none_is_refused_as_invalid(server: Running, given: Any) -> None:
    assert predict(server, "pairs", given).status == 422


def infer(server: Running, model: str, **columns: list[str]) -> Any:
    inputs = [
        {"name": name, "datatype": "BYTES", "shape": [len(texts)], "data": texts}
        for name, texts in columns.items()
    ]
    return server.ask("POST", f"/v2/models/{model}/infer", {"inputs": inputs})


def test_the_inference_protocol_takes_two_tensors_in_any_order(server: Running) -> None:
    first, second = ["play a song", "rain"], ["play a song", "card"]

    one = infer(server, "pairs", text_a=first, text_b=second).json["outputs"]
    other = infer(server, "pairs", text_b=second, text_a=first).json["outputs"]

    assert [each["name"] for each in one] == ["score", "id", "answer"]
    assert one[0]["data"] == other[0]["data"] == pytest.approx([5.0, 0.0], abs=1e-4)
    assert json.loads(one[2]["data"][0])["score"] == one[0]["data"][0]


def test_the_inference_protocol_says_what_a_model_of_pairs_takes(server: Running) -> None:
    told = server.ask("GET", "/v2/models/pairs").json

    assert [each["name"] for each in told["inputs"]] == ["text_a", "text_b"]
    assert [each["name"] for each in told["outputs"]] == ["score", "id", "answer"]
    config = server.ask("GET", "/v2/models/pairs/config").json
    assert config["input"] == [
        {"name": name, "data_type": "TYPE_STRING", "dims": [-1]} for name in ("text_a", "text_b")
    ]


@pytest.mark.parametrize(
    ("model", "columns", "said"),
    [
        ("pairs", {"text": ["a"]}, "pairs of texts"),
        ("intents", {"text_a": ["a"], "text_b": ["b"]}, "single texts"),
        ("pairs", {"text_a": ["a"]}, "'text_a' and 'text_b'"),
        ("pairs", {"text_a": ["a"], "text_b": ["b", "c"]}, "'text_a' has 1 texts, 'text_b' 2"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    server: Running, model: str, columns: dict[str, list[str]], said: str
) -> None:
    answer = infer(server, model, **columns)

    assert answer.status == 400
    assert said in answer.json["error"]


def test_binary_tensors_stand_one_after_the_other(server: Running) -> None:
    packed = [
        b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        for texts in ([b"play a song", b"rain"], [b"play a song", b"a card"])
    ]
    inputs = [
        {
            "name": name,
            "datatype": "BYTES",
            "shape": [2],
            "parameters": {"binary_data_size": len(each)},
        }
        for name, each in zip(("text_a", "text_b"), packed, strict=True)
    ]
    head = json.dumps({"inputs": inputs, "outputs": [{"name": "score"}]}).encode()

    answer = server.ask(
        "POST",
        "/v2/models/pairs/infer",
        head + b"".join(packed),
        headers={
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": str(len(head)),
        },
    )

    assert answer.status == 200, answer.body
    assert answer.json["outputs"][0]["data"] == pytest.approx([5.0, 0.0], abs=1e-4)


def test_openai_embeddings_of_a_model_of_pairs_are_refused(server: Running) -> None:
    answer = server.ask("POST", "/v1/embeddings", {"model": "pairs", "input": "rain"})

    assert answer.status == 404
    assert "its task is match" in answer.json["error"]["message"]
