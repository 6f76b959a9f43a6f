"""Causal checkpoints as graphs: what transformers tells of a text, step by step, beside others."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.networks.tiny_writers import LONGEST, SIZES, VOCABULARY, write_writer
from textwright.networks.decoders.checkpoint_families import CAUSAL
from textwright.networks.decoders.pretrained import CausalWriter
from textwright.recipe.parts import PretrainedSettings
from textwright.runtime.sessions import Session
from textwright.runtime.writing import Networks
from textwright.structures.writing import State

LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 100.0, "factor": 4.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
}  # fmt: skip
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{kind: (kind, {}) for kind in SIZES},
    "tied": ("llama", {"tie_word_embeddings": True}),
    "biased": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "stretched": ("llama", {"rope_parameters": LLAMA3}),
    "wide heads": ("llama", {"head_dim": 6}),
    "relu": ("gpt2", {"activation_function": "relu"}),
    "by layer": ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
}
Known = tuple[CausalWriter, Networks]


@pytest.fixture(scope="module", params=VARIANTS)
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Known:
    kind, changes = VARIANTS[request.param]
    folder = tmp_path_factory.mktemp("writer")
    write_writer(folder, kind, **changes)
    model = CausalWriter(PretrainedSettings(model=str(folder)), LONGEST).eval()
    (folder / "step.onnx").write_bytes(model.draw_step().model().SerializeToString())
    return model, Networks(Session(folder / "step.onnx"))


def texts(rows: int, length: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, VOCABULARY, (rows, length))


def tell(model: CausalWriter, ids: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        logits: np.ndarray = model.inner(input_ids=torch.from_numpy(ids)).logits.numpy()
    return logits


def test_every_architecture_is_tried() -> None:
    assert set(SIZES) == set(CAUSAL)


def test_a_text_is_told_as_transformers_tells_it(known: Known) -> None:
    model, networks = known
    ids = texts(3, 40)

    whole, state = networks.read(ids[:, None], networks.begin(3))

    np.testing.assert_allclose(whole[:, 0], tell(model, ids), atol=1e-4)
    assert state.past["keys1"].shape[3] == 40


def test_step_by_step_is_told_the_same_as_at_once(known: Known) -> None:
    _, networks = known
    ids = texts(2, 30)
    whole, _ = networks.read(ids[:, None], networks.begin(2))
    state, steps = networks.begin(2), []
    for part in (ids[:, :7], ids[:, 7:8], ids[:, 8:9], ids[:, 9:]):
        logits, state = networks.read(part[:, None], state)
        steps.append(logits[:, 0])

    np.testing.assert_allclose(np.concatenate(steps, axis=1), whole[:, 0], atol=1e-4)


def test_only_the_logits_that_are_wanted_are_given(known: Known) -> None:
    _, networks = known
    ids = texts(2, 12)
    whole, before = networks.read(ids[:, None], networks.begin(2))

    last, after = networks.read(ids[:, None], networks.begin(2), wanted=2)

    np.testing.assert_array_equal(last, whole[:, :, -2:])
    np.testing.assert_array_equal(after.past["values0"], before.past["values0"])


def test_rows_of_a_source_go_on_each_by_itself(known: Known) -> None:
    _, networks = known
    ids = texts(2, 10)
    _, state = networks.read(ids[:1, None, :9], networks.begin(1))
    several = state.take(np.arange(1), np.zeros((1, 3), dtype=np.int64))

    together, _ = networks.advance(np.array([[4, 5, 6]]), several)

    for place, token in enumerate((4, 5, 6)):
        alone, _ = networks.advance(np.array([[token]]), state)
        np.testing.assert_allclose(together[0, place], alone[0, 0], atol=1e-5)


def test_texts_of_different_lengths_go_on_together(known: Known) -> None:
    _, networks = known
    short, long = texts(2, 6)[:1], texts(2, 11)[1:]
    states = [networks.read(each[:, None, :-1], networks.begin(1))[1] for each in (short, long)]
    past = {
        name: np.concatenate([pad(states[0].past[name], 5), each])
        for name, each in states[1].past.items()
    }
    tokens = np.concatenate([short[:, -1:], long[:, -1:]])

    together, _ = networks.advance(tokens, State({"pads": np.array([5, 0])}, past))

    for place, (each, state) in enumerate(zip((short, long), states, strict=True)):
        alone, _ = networks.advance(each[:, -1:], state)
        np.testing.assert_allclose(together[place], alone[0], atol=1e-5)


def pad(past: np.ndarray, places: int) -> np.ndarray:
    """Put places that hold nothing, but for numbers that must not matter, before a past."""
    return np.concatenate([np.full_like(past[:, :, :, :places], 7.0), past], axis=3)
