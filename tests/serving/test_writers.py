"""Models that write, over a real socket: every protocol says the same."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.serving.running import Running, Shelf, running
from tests.training.phrases import FORMS
from textwright.serving.native_api import Written

TEXTS = ["play the next song", "will it rain", ""]
MODEL = pytest.mark.parametrize("model", FORMS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("writers"))
    for number, form in enumerate(FORMS, start=1):
        shelf.deploy_writer(form, number, form=form)
    with running(shelf) as found:
        yield found


def predict(server: Running, model: str, *inputs: Any) -> Any:
    return server.ask("POST", f"/api/v1/models/{model}/predict", {"inputs": list(inputs)})


def written(answer: Any) -> list[str]:
    return [each["text"] for each in answer.json["answers"]]


@MODEL
def test_texts_are_written_in_their_order_alone_as_together(server: Running, model: str) -> None:
    together = predict(server, model, *TEXTS)

    alone = [written(predict(server, model, each))[0] for each in TEXTS]
    assert written(together) == alone
    first, _, empty = together.json["answers"]
    assert [msgspec.convert(each, Written).text for each in (first, empty)] == [alone[0], alone[2]]
    assert set(first) == {"id", "text", "finish_reason", "score"}
    assert first["finish_reason"] in ("stop", "length")
    assert empty["warning"] == "The text holds nothing to read."


@MODEL
def test_the_inference_protocol_gives_text_and_reason(server: Running, model: str) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [3], "data": TEXTS}

    found = server.ask("POST", f"/v2/models/{model}/infer", {"inputs": [tensor]}).json
    declared = server.ask("GET", f"/v2/models/{model}").json["outputs"]

    outputs = {each["name"]: each["data"] for each in found["outputs"]}
    assert outputs["text"] == written(predict(server, model, *TEXTS))
    assert {each["name"] for each in declared} == set(outputs)
    assert [json.loads(each)["text"] for each in outputs["answer"]] == outputs["text"]


@pytest.mark.parametrize("given", [{"text_a": "a", "text_b": "b"}, 3, None, ["a"]])
def test_what_is_no_text_is_refused(server: Running, given: Any) -> None:
    assert predict(server, "lstm", given).status == 422
