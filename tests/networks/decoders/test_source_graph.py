"""Checkpoints that write from a source as graphs: what transformers tells, step by step."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.networks.tiny_writers import FROM_SOURCE, LONGEST, VOCABULARY, write_writer
from textwright.networks.decoders import source_families
from textwright.networks.decoders.pretrained import SourceWriter
from textwright.recipe.parts import PretrainedSettings
from textwright.runtime.sessions import Session
from textwright.runtime.writing import Networks

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{kind: (kind, {}) for kind in FROM_SOURCE},
    "gated": ("t5", {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    "uneven": ("t5", {"num_layers": 1, "num_decoder_layers": 3}),
    "scaled": ("bart", {"scale_embedding": True, "activation_function": "gelu_new"}),
}
LENGTHS = (9, 20, 1)
Known = tuple[SourceWriter, Networks]


@pytest.fixture(scope="module", params=VARIANTS)
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Known:
    kind, changes = VARIANTS[request.param]
    folder = tmp_path_factory.mktemp("writer")
    write_writer(folder, kind, **changes)
    model = SourceWriter(PretrainedSettings(model=str(folder)), LONGEST).eval()
    if kind == "marian":
        model.inner.final_logits_bias.copy_(torch.randn(1, VOCABULARY))
    for name, graph in {"step": model.draw_step(), "reader": model.draw_reader()}.items():
        (folder / f"{name}.onnx").write_bytes(graph.model().SerializeToString())
    return model, Networks(*(Session(folder / f"{each}.onnx") for each in ("step", "reader")))


def sources() -> dict[str, np.ndarray]:
    """Give texts of different lengths, padded."""
    mask = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]
    ids = np.random.default_rng(4).integers(4, VOCABULARY, mask.shape)
    return {"ids": np.where(mask, ids, 0), "mask": mask}


def written(length: int) -> np.ndarray:
    return np.random.default_rng(5).integers(4, VOCABULARY, (len(LENGTHS), length))


def tell(model: SourceWriter, inputs: dict[str, np.ndarray], told: np.ndarray) -> np.ndarray:
    tensors = {name: torch.from_numpy(each) for name, each in {**inputs, "told": told}.items()}
    with torch.no_grad():
        logits: np.ndarray = model(**tensors)[0].numpy()
    return logits.reshape(*told.shape, -1)


def test_every_architecture_is_tried() -> None:
    assert set(FROM_SOURCE) == set(source_families.FROM_SOURCE)


def test_a_text_is_told_as_transformers_tells_it(known: Known) -> None:
    model, networks = known
    told = written(24)  # farther than the distances that are told apart

    logits, _ = networks.read(told[:, None], networks.begin(3, sources()))

    np.testing.assert_allclose(logits[:, 0], tell(model, sources(), told), atol=1e-4)


def test_step_by_step_is_told_the_same_as_at_once(known: Known) -> None:
    _, networks = known
    told = written(10)
    whole, _ = networks.read(told[:, None], networks.begin(3, sources()))
    state, steps = networks.begin(3, sources()), []
    for tokens in told.T:
        logits, state = networks.advance(tokens[:, None], state)
        steps.append(logits[:, 0])

    np.testing.assert_allclose(np.stack(steps, axis=1), whole[:, 0], atol=1e-4)


def test_a_source_is_read_alone_as_beside_others(known: Known) -> None:
    _, networks = known
    told = written(6)
    together, _ = networks.read(told[:, None], networks.begin(3, sources()))

    for place, length in enumerate(LENGTHS):
        own = {name: each[place : place + 1, :length] for name, each in sources().items()}
        alone, _ = networks.read(told[place : place + 1, None], networks.begin(1, own))
        np.testing.assert_allclose(together[place], alone[0], atol=1e-5)


def test_rows_of_a_source_look_at_it_each_by_itself(known: Known) -> None:
    _, networks = known
    told = written(3)
    _, state = networks.read(told[:, None], networks.begin(3, sources()))
    several = state.take(np.arange(3), np.zeros((3, 2), dtype=np.int64))
    tokens = np.array([[4, 9], [5, 8], [6, 7]])

    together, _ = networks.advance(tokens, several)

    for row in range(2):
        alone, _ = networks.advance(tokens[:, row : row + 1], state)
        np.testing.assert_allclose(together[:, row], alone[:, 0], atol=1e-5)
