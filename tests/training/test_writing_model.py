"""Networks that write, put together, learning, and exported."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.phrases import FORMS, phrase_recipe
from textwright.errors import ExportError
from textwright.networks.components import ENCODERS
from textwright.recipe.file import READING
from textwright.text.batch import Encoding
from textwright.text.edges import NOTHING
from textwright.text.tokenizer import END
from textwright.training.objective import NextToken
from textwright.training.writing_export import export_writing
from textwright.training.writing_model import WritingModel, build_writing_model
from textwright.training.writing_rows import WritingBatch, WritingRows, pad_targets

VOCABULARY = 20
EVERY = pytest.mark.parametrize(
    ("encoder", "form", "copy"),
    [
        (encoder, form, copy)
        for encoder in READING["generate"]
        if encoder in ENCODERS
        for form in FORMS
        for copy in (False, True)
    ],
)


def rows() -> WritingRows:
    """Make sources of one to five tokens, and targets of none to four."""
    chance = np.random.default_rng(5)
    texts = [Encoding(chance.integers(3, VOCABULARY, each)) for each in (3, 1, 5, 2, 4)]
    written = [Encoding(chance.integers(3, VOCABULARY, each)) for each in (2, 0, 4, 1, 3)]
    return WritingRows(texts, pad_targets(written))


def batch_of(*places: int) -> WritingBatch:
    return rows().batch(np.array(places))


def model_of(encoder: str, form: str, *, copy: bool = False) -> WritingModel:
    return build_writing_model(phrase_recipe(form, encoder=encoder, copy=copy), VOCABULARY)


def tell(model: WritingModel, batch: WritingBatch) -> torch.Tensor:
    inputs = {name: torch.from_numpy(each) for name, each in batch.inputs.items()}
    logits: torch.Tensor = model(**inputs)[0]
    return logits


@EVERY
def test_all_weights_learn_and_the_loss_falls(encoder: str, form: str, copy: bool) -> None:
    model, targets = model_of(encoder, form, copy=copy), rows().targets
    batch = batch_of(0, 1, 2, 3, 4)
    objective = NextToken(phrase_recipe(form).training, targets, multi=True)  # type: ignore[arg-type]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(12):
        loss = objective(tell(model, batch), torch.from_numpy(targets)).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
        if len(losses) == 1:
            learned = dict(model.named_parameters()).items()
            still = [name for name, each in learned if each.grad is None or not each.grad.any()]
            assert still == []
        optimizer.step()

    assert losses[-1] < 0.7 * losses[0]


@EVERY
def test_an_exported_network_writes_as_torch_does(
    encoder: str, form: str, copy: bool, tmp_path: Path
) -> None:
    model = model_of(encoder, form, copy=copy)

    difference = export_writing(model, [batch_of(0, 1, 2, 3, 4), batch_of(1)], tmp_path)

    assert difference < 1e-5
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.onnx", "step.onnx"]


def test_equal_networks_give_equal_files(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        export_writing(model_of("bilstm", "lstm"), [batch_of(0)], tmp_path / name)
        contents.append(
            [(tmp_path / name / each).read_bytes() for each in ("model.onnx", "step.onnx")]
        )

    assert contents[0] == contents[1]


def test_a_network_that_differs_from_its_file_is_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of("bilstm", "lstm")
    drawn = model.draw_step()
    torch.nn.init.normal_(model.bias)
    monkeypatch.setattr(model, "draw_step", lambda: drawn)

    with pytest.raises(ExportError, match="differs from the trained one"):
        export_writing(model, [batch_of(0)], tmp_path)

    assert not (tmp_path / "step.onnx").exists()


@EVERY
def test_a_text_is_told_the_same_alone_as_in_a_batch(encoder: str, form: str, copy: bool) -> None:
    model = model_of(encoder, form, copy=copy).eval()
    with torch.no_grad():
        together = tell(model, batch_of(0, 1, 2, 3, 4))
        alone = [tell(model, batch_of(each)) for each in range(5)]

    torch.testing.assert_close(torch.cat(alone), together, atol=1e-5, rtol=0)


def test_targets_begin_after_the_end_and_close_with_it() -> None:
    cut = Encoding(np.array([5, 6]), truncated=True)
    targets = pad_targets([Encoding(np.array([7])), cut, Encoding(np.zeros(0, np.int64))])
    texts = [Encoding(np.array([9]))] * 3

    assert targets.tolist() == [[7, END], [5, 6], [END, NOTHING]]
    batch = WritingRows(texts, targets).batch(np.array([0, 1, 2]))
    assert batch.told.tolist() == [[END, 7], [END, 5], [END, NOTHING]]


def test_rows_of_like_lengths_stand_together() -> None:
    texts = [Encoding(np.ones(each, np.int64)) for each in (1, 9, 4, 9)]
    targets = pad_targets([Encoding(np.ones(each, np.int64)) for each in (2, 1, 2, 11)])

    longest = WritingRows(texts, targets).longest

    assert np.argsort(longest, kind="stable").tolist() == [0, 2, 1, 3]
    assert longest[0] == longest[2]


def test_the_loss_is_the_mean_over_the_tokens_of_a_batch() -> None:
    settings = phrase_recipe("lstm", training={"label_smoothing": 0.0}).training
    targets = torch.tensor([[3, 4, END], [END, NOTHING, NOTHING]])
    objective = NextToken(settings, targets.numpy(), multi=True)  # type: ignore[arg-type]
    logits = torch.randn(4, VOCABULARY, generator=torch.Generator().manual_seed(1))
    told = logits.log_softmax(dim=1)[torch.arange(4), torch.tensor([3, 4, END, END])]

    torch.testing.assert_close(objective(logits, targets), -told.mean().expand(2))
    kept = torch.cat(
        [objective.keep(logits[:3], targets[:1]), objective.keep(logits[3:], targets[1:])]
    )
    assert objective.score(kept, targets) == pytest.approx(float(told.mean()), abs=1e-6)
