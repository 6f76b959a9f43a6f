"""Exported networks that keep their past, held against torch going over everything each time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.phrases import FORMS, phrase_recipe
from textwright.networks.components import ENCODERS
from textwright.recipe.file import READING
from textwright.runtime.sessions import Session
from textwright.runtime.writing import Networks
from textwright.structures.joining import cut_unused, join_states
from textwright.structures.sampling import Sampling, sample
from textwright.structures.search import Beam, search_beams
from textwright.structures.writing import Bounds, Floats, Ints, State, Written
from textwright.text.batch import Batch, Encoding, make_batch
from textwright.text.tokenizer import END
from textwright.training.writing_export import export_writing
from textwright.training.writing_model import WritingModel, build_writing_model
from textwright.training.writing_rows import WritingRows, pad_targets

VOCABULARY, LONGEST = 23, 9
LENGTHS = (5, 1, 7, 3)
Search = Callable[[Any, State], list[list[Written]]]


class Uncached:
    """The trained network as a step: it is given all that was written, again and again."""

    def __init__(self, model: WritingModel) -> None:
        self.model = model

    def begin(self, batch: Batch) -> State:
        """Begin to write from a batch of sources."""
        nothing = np.zeros((len(batch.ids), 1, 0), dtype=np.int64)
        return State({"ids": batch.ids, "mask": batch.mask}, {"written": nothing})

    def __call__(self, tokens: Ints, state: State) -> tuple[Floats, State]:
        """Score the next token of each row."""
        written = np.concatenate([state.past["written"], tokens[..., None]], axis=2)
        sources, rows, length = written.shape
        repeated = {name: each.repeat(rows, axis=0) for name, each in state.source.items()}
        told = written.reshape(sources * rows, length)
        inputs = {name: torch.from_numpy(each) for name, each in {**repeated, "told": told}.items()}
        with torch.no_grad():
            logits = self.model(**inputs)[0].view(sources, rows, length, -1)
        return logits[:, :, -1].numpy().copy(), State(state.source, {"written": written})


def sources() -> Batch:
    """Make sources of different lengths."""
    chance = np.random.default_rng(3)
    batch = make_batch([Encoding(chance.integers(3, VOCABULARY, each)) for each in LENGTHS])
    assert isinstance(batch, Batch)
    return batch


def bounds() -> Bounds:
    first = np.full(len(LENGTHS), END)
    return Bounds(first, np.full(len(LENGTHS), LONGEST), (END,), banned=(0, 1))


def networks_of(model: WritingModel, folder: Path) -> Networks:
    """Export a network and open its files."""
    texts = [Encoding(np.array([3, 4, 5]))]
    batch = WritingRows(texts, pad_targets(texts)).batch(np.array([0]))
    export_writing(model, [batch], folder)
    return Networks(Session(folder / "step.onnx"), Session(folder / "model.onnx"))


def beams(width: int, best: int) -> Search:
    return lambda step, state: search_beams(step, state, bounds(), Beam(width, 1.0, best))


def draws(temperature: float) -> Search:
    samplings = [Sampling(temperature, top_k=9, top_p=0.95, seed=each) for each in range(4)]
    return lambda step, state: sample(step, state, bounds(), samplings, count=3)


@pytest.fixture(
    params=[
        (each, form, copy)
        for each in READING["generate"]
        for form in FORMS
        for copy in (False, True)
    ],
    ids=str,
)
def model(request: pytest.FixtureRequest) -> WritingModel:
    encoder, form, copy = request.param
    assert encoder in ENCODERS
    made = build_writing_model(phrase_recipe(form, encoder=encoder, copy=copy), VOCABULARY).eval()
    torch.manual_seed(8)
    with torch.no_grad():  # first weights hardly tell tokens apart
        made.embedding.table.weight.mul_(8.0)
        for each in made.decoder.parameters():
            each.add_(0.3 * torch.randn_like(each))
    return made


@pytest.mark.parametrize(
    "search", [beams(1, 1), beams(4, 4), draws(1.0)], ids=["greedy", "beam", "drawn"]
)
def test_the_same_texts_are_written_as_without_a_past_kept(
    model: WritingModel, search: Search, tmp_path: Path
) -> None:
    networks, whole = networks_of(model, tmp_path), Uncached(model)
    batch = sources()

    found = search(networks.advance, networks.begin(len(LENGTHS), batch.inputs))
    expected = search(whole, whole.begin(batch))

    assert len({text.tokens for texts in found for text in texts}) > 1
    for ours, theirs in zip(found, expected, strict=True):
        assert [each.tokens for each in ours] == [each.tokens for each in theirs]
        assert [each.finished for each in ours] == [each.finished for each in theirs]
        for one, other in zip(ours, theirs, strict=True):
            assert one.log_probability == pytest.approx(other.log_probability, abs=1e-3)


def test_sources_are_written_from_alone_as_together(model: WritingModel, tmp_path: Path) -> None:
    networks, batch, width = networks_of(model, tmp_path), sources(), Beam(3, 0.6, 3)
    together = search_beams(
        networks.advance, networks.begin(len(LENGTHS), batch.inputs), bounds(), width
    )

    for row, length in enumerate(LENGTHS):
        alone = {"ids": batch.ids[row, None, :length], "mask": batch.mask[row, None, :length]}
        one = Bounds(np.array([END]), np.array([LONGEST]), (END,), banned=(0, 1))
        (found,) = search_beams(networks.advance, networks.begin(1, alone), one, width)
        assert [each.tokens for each in found] == [each.tokens for each in together[row]]


def test_no_past_is_kept_of_a_row_that_was_dropped(model: WritingModel, tmp_path: Path) -> None:
    networks, batch = networks_of(model, tmp_path), sources()
    state = networks.begin(len(LENGTHS), batch.inputs)
    rows = np.zeros((len(LENGTHS), 2), dtype=np.int64)
    _, state = networks.advance(np.full((len(LENGTHS), 1), END), state)
    _, state = networks.advance(np.array([[5, 6]] * 4), state.take(np.arange(4), rows))

    kept = state.take(np.array([1, 3]), np.array([[1, 1], [0, 1]]))
    logits, _ = networks.advance(np.array([[7, 7], [7, 7]]), kept)
    fresh = Uncached(model)
    part = Batch(batch.ids[[1, 3]], batch.mask[[1, 3]])
    past = {"written": np.array([[[END, 6], [END, 6]], [[END, 5], [END, 6]]])}
    expected, _ = fresh(np.array([[7, 7], [7, 7]]), State(fresh.begin(part).source, past))

    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4)


def test_texts_of_different_lengths_go_on_together_as_alone(
    model: WritingModel, tmp_path: Path
) -> None:
    """Four sources, each already written on by another number of tokens."""
    networks, whole, batch = networks_of(model, tmp_path), Uncached(model), sources()
    chance = np.random.default_rng(6)
    told = [[END, *chance.integers(3, VOCABULARY, each).tolist()] for each in (4, 0, 2, 6)]
    states, expected = [], []
    for row, (length, tokens) in enumerate(zip(LENGTHS, told, strict=True)):
        alone = Batch(batch.ids[row, None, :length], batch.mask[row, None, :length])
        state = networks.begin(1, alone.inputs)
        if len(tokens) > 1:
            _, state = networks.read(np.array([[tokens[:-1]]]), state)
        states.append(state)
        past = {"written": np.array([[tokens[:-1]]], dtype=np.int64).reshape(1, 1, -1)}
        logits, _ = whole(np.array([[tokens[-1]]]), State(whole.begin(alone).source, past))
        expected.append(logits[0, 0])

    joined = join_states(states, networks.axes)
    found, after = networks.advance(np.array([[each[-1]] for each in told]), joined)

    np.testing.assert_allclose(found[:, 0], np.stack(expected), rtol=0, atol=1e-4)
    left = cut_unused(after.take(np.array([0, 2]), np.zeros((2, 1), np.int64)), networks.axes)
    assert networks.axes.length(left) in (0, 5)  # an LSTM's past does not grow
    again, _ = networks.advance(np.array([[5], [5]]), left)
    without, _ = networks.advance(np.array([[5]] * 4), after)
    np.testing.assert_allclose(again, without[[0, 2]], rtol=0, atol=1e-4)
    assert networks.ragged
