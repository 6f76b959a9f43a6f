"""Tokens of a source that are copied into what is written."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.networks.decoders.test_writers import session_of
from tests.networks.padded import padded_states
from tests.training.phrases import phrase_recipe
from textwright.networks.decoders.copying import KEYS, LEAST, Copying
from textwright.networks.graph import Graph
from textwright.text.batch import Encoding
from textwright.training.loop import TrainingData, train_network
from textwright.training.objective import NextToken
from textwright.training.writing_export import tell
from textwright.training.writing_model import WritingModel, build_writing_model
from textwright.training.writing_rows import WritingRows, pad_targets

SOURCE, EMBEDDING, WIDTH, WRITTEN, VOCABULARY = 10, 6, 4, 3, 9


@pytest.fixture
def copying() -> Copying:
    torch.manual_seed(3)
    return Copying(SOURCE, EMBEDDING, WIDTH).eval()


def known() -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Logits, outputs, which of them are real, and three sources that hold a token twice."""
    chance = torch.Generator().manual_seed(4)
    states, mask = padded_states(SOURCE)
    ids = torch.randint(3, VOCABULARY, mask.shape, generator=chance)
    ids[:, 1] = ids[:, 0]
    outputs = torch.randn(len(mask), WRITTEN, EMBEDDING, generator=chance)
    real = torch.tensor([[True] * WRITTEN, [True, False, False], [True, True, False]])
    logits = torch.randn(int(real.sum()), VOCABULARY, generator=chance)
    return logits, outputs, real, (ids * mask, states, mask)


def test_probabilities_are_those_of_the_equation(copying: Copying) -> None:
    logits, outputs, real, (ids, states, mask) = known()
    with torch.no_grad():
        found = copying(logits, outputs, real, (ids, states, mask)).exp()
        row = 0
        for text, token in np.argwhere(real.numpy()):
            asked = copying.query.weight @ outputs[text, token]
            energies = [
                float(asked @ (copying.key.weight @ each)) / math.sqrt(WIDTH)
                for each in states[text][mask[text]]
            ]
            made = float(copying.gate(outputs[text, token]).sigmoid())
            expected = made * logits[row].softmax(dim=0)
            for place, energy in enumerate(energies):
                share = math.exp(energy) / sum(map(math.exp, energies))
                expected[ids[text, place]] += (1 - made) * share
            torch.testing.assert_close(found[row], expected, atol=1e-6, rtol=1e-5)
            row += 1
    torch.testing.assert_close(found.sum(dim=1), torch.ones(row))


def test_half_precision_tells_nearly_the_same(copying: Copying) -> None:
    given = known()
    with torch.no_grad():
        expected = copying(*given)
        with torch.autocast("cpu", torch.bfloat16):
            found = copying(*given)

    torch.testing.assert_close(found, expected, atol=0.05, rtol=0)  # float32, too


@pytest.mark.parametrize("bias", [0.0, -12.0, 12.0])  # near one, one minus it has few digits
def test_a_graph_tells_what_torch_does(copying: Copying, bias: float) -> None:
    copying.gate.bias.data.fill_(bias)
    logits, outputs, _, (ids, states, mask) = known()
    real = torch.ones(outputs.shape[:2], dtype=torch.bool)
    logits = torch.randn(real.numel(), VOCABULARY, generator=torch.Generator().manual_seed(6))
    logits[:, ids[:, 0]] -= 30.0  # told by copying alone
    graph = Graph()
    graph.add_input("ids", "int64", ["N", "S"])
    graph.add_input("states", "float32", ["N", "S", SOURCE])
    graph.add_input("source.bias", "float32", ["N", "S"])
    graph.add_input("logits", "float32", ["N", "K", "T", VOCABULARY])
    graph.add_input("output", "float32", ["N", "K", "T", EMBEDDING])
    source = copying.add_source(graph, "ids", "states")
    assert source.keys() == copying.shapes.keys()
    found = copying.add_step(graph, "logits", "output", {**source, "source.bias": "source.bias"})
    graph.add_output(found, "told", ["N", "K", "T", VOCABULARY])
    graph.add_output(source[KEYS], "found_keys", copying.shapes[KEYS])
    shape = (len(ids), 1, WRITTEN)

    told, keys = session_of(graph).run(
        None,
        {
            "ids": ids.numpy(),
            "states": states.numpy(),
            "source.bias": np.where(mask.numpy(), 0.0, -np.inf).astype(np.float32),
            "logits": logits.reshape(*shape, VOCABULARY).numpy(),
            "output": outputs.reshape(*shape, EMBEDDING).numpy(),
        },
    )

    assert keys.shape == (len(ids), WIDTH, ids.shape[1])
    with torch.no_grad():
        expected = copying(logits, outputs, real, (ids, states, mask))
    np.testing.assert_allclose(told.reshape(expected.shape), expected, rtol=0, atol=1e-5)


def test_a_token_without_a_probability_has_a_number_and_a_gradient(copying: Copying) -> None:
    logits, outputs, real, source = known()
    logits[:, 3:] = -1e4
    logits.requires_grad_()

    told = copying(logits, outputs, real, source)
    told.sum().backward()

    assert float(told.detach().min()) == pytest.approx(math.log(LEAST))
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def first_words(tokens: range, count: int) -> WritingRows:
    """Make texts of three tokens of which the first is to be written."""
    chance = np.random.default_rng(5)
    texts = [Encoding(chance.choice(tokens, 3, replace=False)) for _ in range(count)]
    return WritingRows(texts, pad_targets([Encoding(each.ids[:1]) for each in texts]))


@pytest.mark.parametrize("form", ["lstm", "transformer"])
def test_tokens_that_no_training_row_holds_are_copied(form: str) -> None:
    def score(*, copy: bool) -> float:
        recipe = phrase_recipe(form, copy=copy)
        model = build_writing_model(recipe, 40)
        assert isinstance(model, WritingModel)
        learned, unseen = first_words(range(3, 20), 300), first_words(range(20, 40), 50)
        data = TrainingData(learned, learned, multi=True, objective=NextToken)
        train_network(model, data, recipe.training)  # type: ignore[arg-type]
        told = tell(model, unseen.batch(np.arange(50))).reshape(50, 2, 40)[:, 0]
        return float((told.argmax(axis=1) == unseen.targets[:, 0]).mean())

    assert score(copy=False) < 0.2
    assert score(copy=True) > 0.9
