"""The field's own clients, as they come, over a real socket and with their default arguments."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.serving.running import Running, Shelf, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("clients"))
    shelf.deploy("intents", 3)
    shelf.deploy_embedder("sentences", 1, width=8)
    with running(shelf) as found:
        yield found


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[Any]:
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as found:
        yield found


def texts(*given: str | bytes, **options: Any) -> list[Any]:
    """Build Triton's input, in bytes unless told otherwise."""
    tensor = triton.InferInput("text", [len(given)], "BYTES")
    tensor.set_data_from_numpy(np.array(given, dtype=np.object_), **options)
    return [tensor]


def test_triton_sees_health_and_readiness(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("intents")
    assert client.is_model_ready("intents", "3")
    assert not client.is_model_ready("intents", "4")
    assert not client.is_model_ready("other")


def test_triton_reads_what_server_and_model_are(client: Any) -> None:
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("intents")
    assert metadata["inputs"][0]["datatype"] == "BYTES"
    config = client.get_model_config("intents", "3")
    assert [each["name"] for each in config["output"]] == [
        each["name"] for each in metadata["outputs"]
    ]
    (entry, other) = client.get_model_repository_index()
    assert (entry["name"], entry["version"], entry["state"]) == ("intents", "3", "READY")
    assert other["name"] == "sentences"


def test_triton_infers_with_binary_tensors_both_ways(client: Any) -> None:
    found = client.infer("intents", texts(b"where is my card", "下雨 雨"), request_id="mine")
    assert found.as_numpy("label").tolist() == [b"card", b"weather"]
    assert found.as_numpy("score").dtype == np.float32
    assert (found.as_numpy("score") > 0.9).all()
    assert found.as_numpy("abstained").tolist() == [False, False]
    assert found.get_response()["id"] == "mine"
    assert found.get_output("label")["parameters"]["binary_data_size"] > 0


def test_triton_infers_what_it_asks_for_with_parameters(client: Any) -> None:
    found = client.infer(
        "intents",
        texts("rain"),
        model_version="3",
        outputs=[triton.InferRequestedOutput("label")],
        priority=1,
        timeout=10_000_000,
        parameters={"caller": "ann"},
    )
    assert found.as_numpy("label").tolist() == [b"weather"]
    assert found.as_numpy("score") is None


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_triton_compresses_its_request(client: Any, algorithm: str) -> None:
    found = client.infer(
        "intents",
        texts("rain"),
        request_compression_algorithm=algorithm,
        response_compression_algorithm=algorithm,
    )
    assert found.as_numpy("label").tolist() == [b"weather"]


def test_triton_infers_with_json_both_ways(client: Any) -> None:
    output = triton.InferRequestedOutput("label", binary_data=False)
    found = client.infer("intents", texts("rain", binary_data=False), outputs=[output])
    assert found.as_numpy("label").tolist() == ["weather"]


def test_triton_infers_without_waiting(client: Any) -> None:
    waiting = [client.async_infer("intents", texts(each)) for each in ("rain", "play", "card")]
    labels = [each.get_result().as_numpy("label")[0] for each in waiting]
    assert labels == [b"weather", b"music", b"card"]


def test_triton_reads_vectors_as_a_matrix(client: Any) -> None:
    found = client.infer("sentences", texts("rain", "play", ""))
    assert found.as_numpy("vector").shape == (3, 8)


def test_triton_reads_statistics_that_grow_by_what_it_asked(client: Any) -> None:
    def count() -> int:
        (told,) = client.get_inference_statistics("intents", "3")["model_stats"]
        return int(told["inference_count"])

    before = count()
    client.infer("intents", texts("rain", "play"))
    assert count() == before + 2
    assert len(client.get_inference_statistics()["model_stats"]) == 2


def test_triton_is_told_what_is_wrong(client: Any) -> None:
    with pytest.raises(InferenceServerException, match="Did you mean 'intents'") as unknown:
        client.infer("intent", texts("rain"))
    assert unknown.value.status() == "404"
    tensor = triton.InferInput("text", [1], "INT32")
    tensor.set_data_from_numpy(np.array([1], dtype=np.int32))
    with pytest.raises(InferenceServerException, match="Its type is BYTES") as wrong:
        client.infer("intents", [tensor])
    assert wrong.value.status() == "400"
    for change in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException, match="decided in the registry"):
            change("intents")
    for other in (client.get_trace_settings, client.get_system_shared_memory_status):
        with pytest.raises(InferenceServerException, match="No address"):
            other()


def test_openai_embeds_in_base64_by_itself(ai: openai.OpenAI, server: Running) -> None:
    found = ai.embeddings.create(model="sentences", input=["rain", "play the next song"])
    assert [len(each.embedding) for each in found.data] == [8, 8]
    assert found.usage.prompt_tokens == 5
    (native, _) = server.predict("rain", "play the next song", name="sentences").json["answers"]
    assert found.data[0].embedding == pytest.approx(native["vector"], abs=1e-5)


def test_openai_embeds_in_numbers_with_fewer_dimensions(ai: openai.OpenAI) -> None:
    found = ai.embeddings.create(
        model="sentences", input="rain", dimensions=4, encoding_format="float", user="ann"
    )
    (vector,) = [each.embedding for each in found.data]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert len(vector) == 4


def test_openai_lists_models(ai: openai.OpenAI) -> None:
    assert [each.id for each in ai.models.list()] == ["intents", "sentences"]
    assert ai.models.retrieve("sentences").id == "sentences"
    with pytest.raises(openai.NotFoundError, match="Did you mean 'sentences'"):
        ai.models.retrieve("sentence")


def test_openai_is_told_what_is_wrong(ai: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="does not generate text") as chat:
        ai.chat.completions.create(model="intents", messages=[{"role": "user", "content": "hi"}])
    assert chat.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError, match="does not generate text"):
        ai.completions.create(model="intents", prompt="hi")
    with pytest.raises(openai.BadRequestError, match="tokens are not read here") as tokens:
        ai.embeddings.create(model="sentences", input=[1, 2, 3])
    assert tokens.value.param == "input"
    with pytest.raises(openai.NotFoundError, match="its task is classify"):
        ai.embeddings.create(model="intents", input="rain")
