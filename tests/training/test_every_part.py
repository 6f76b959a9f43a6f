"""Every combination of parts, from first weights to the exported file: nothing leaks from padding.

The combinations come from the tables of parts, so that a new part is tested by being there.
"""

from itertools import product
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.small import LABELS, VOCABULARY, poolings_of, small_rows, tables_of
from tests.training.test_model import SILENT
from textwright.networks.components import ENCODERS
from textwright.recipe.recipe import Recipe
from textwright.text.batch import Batch, Encoding, make_batch
from textwright.training.export import export_network
from textwright.training.model import TextModel, build_model

EVERY_TABLE = [
    {**table, "decoder": {"pooling": pooling}}
    for encoder in ENCODERS
    for bidirectional, layers in product((True, False), (1, 2))
    for table in tables_of(encoder, hidden=6, bidirectional=bidirectional, layers=layers)
    for pooling in poolings_of(encoder)
]
EACH_ONCE = [each for place, each in enumerate(EVERY_TABLE) if each not in EVERY_TABLE[:place]]
COMBINATIONS = pytest.mark.parametrize("recipe", EACH_ONCE, indirect=True, ids=str)
OUTLIER = Encoding(np.tile(np.arange(1, VOCABULARY, dtype=np.int64), 12))
TEXTS = [*small_rows(5, seed=6).encodings, Encoding(np.zeros(0, dtype=np.int64)), OUTLIER]


def batch_of(encodings: list[Encoding]) -> Batch:
    batch = make_batch(encodings)
    assert isinstance(batch, Batch)
    return batch


def trained_a_step(recipe: Recipe) -> TextModel:
    """Train one step on the texts, none of which is a bystander."""
    model = build_model(recipe, VOCABULARY, LABELS).train()
    batch = batch_of(TEXTS)
    logits, _ = model(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask))
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(len(TEXTS)) % LABELS)
    loss.backward()  # type: ignore[no-untyped-call]
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    stuck = [name for name, each in model.named_parameters() if torch.equal(each, before[name])]
    assert [name for name in stuck if not name.endswith(SILENT)] == []
    return model.eval()


def loaded_again(recipe: Recipe, model: TextModel, path: Path) -> TextModel:
    """Save the weights, and give a network of other first weights that loaded them."""
    save_file(model.state_dict(), path)
    other = build_model(recipe, VOCABULARY, LABELS)
    with torch.no_grad():
        for each in other.parameters():
            each.fill_(0.5)
    other.load_state_dict(load_file(path))
    return other.eval()


@COMBINATIONS
def test_it_trains_saves_loads_and_answers_alone_as_beside_an_outlier(
    recipe: Recipe, tmp_path: Path
) -> None:
    model = trained_a_step(recipe)
    again = loaded_again(recipe, model, tmp_path / "weights.safetensors")
    export_network(again, [batch_of(TEXTS)], tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(
        tmp_path / "model.onnx", providers=["CPUExecutionProvider"]
    )
    together = session.run(None, batch_of(TEXTS).inputs)

    for row, text in enumerate(TEXTS):
        ids, mask = batch_of([text]).ids, batch_of([text]).mask
        alone = session.run(None, {"ids": ids, "mask": mask})
        with torch.no_grad():
            expected = model(torch.from_numpy(ids), torch.from_numpy(mask))
        np.testing.assert_allclose(alone[0][0], together[0][row], rtol=0, atol=1e-5)
        np.testing.assert_allclose(alone[0][0], expected[0][0].numpy(), rtol=0, atol=1e-5)
        for one, crowd in zip(alone[1:], together[1:], strict=True):  # attention, where there is
            np.testing.assert_allclose(one[0], crowd[row, : ids.shape[1]], rtol=0, atol=1e-5)
            assert not crowd[row, ids.shape[1] :].any()


@COMBINATIONS
def test_more_padding_on_the_right_changes_neither_answer_nor_gradient(recipe: Recipe) -> None:
    model = build_model(recipe, VOCABULARY, LABELS).eval()
    batch = batch_of(TEXTS[:5])
    results = []
    for extra in (0, 7):
        ids = np.pad(batch.ids, ((0, 0), (0, extra)))
        mask = np.pad(batch.mask, ((0, 0), (0, extra)))
        model.zero_grad()
        logits, _ = model(torch.from_numpy(ids), torch.from_numpy(mask))
        logits.square().sum().backward()
        results.append((logits.detach(), [each.grad for each in model.parameters()]))
    (few, few_gradients), (many, many_gradients) = results

    torch.testing.assert_close(few, many, atol=1e-5, rtol=0)
    for one, other in zip(few_gradients, many_gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
