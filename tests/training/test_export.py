"""Exported networks, run by ONNX Runtime."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from tests.training.small import LABELS, VOCABULARY, small_recipe, small_rows
from tests.training.test_model import RECIPES
from textwright.errors import ExportError
from textwright.recipe.recipe import Recipe
from textwright.text.batch import Batch, Encoding, make_batch
from textwright.training.export import export_network
from textwright.training.model import TextModel, build_model

BATCH = small_rows(20, seed=3).batch(np.arange(20))


def new_model(recipe: Recipe) -> TextModel:
    return build_model(recipe, VOCABULARY, LABELS)


def answer(path: Path, batch: Batch) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(None, batch.inputs), strict=True))


@RECIPES
def test_every_network_answers_as_in_torch(recipe: Recipe, tmp_path: Path) -> None:
    difference = export_network(new_model(recipe), [BATCH], tmp_path / "model.onnx")

    assert difference < 1e-5


@RECIPES
def test_a_text_gets_the_same_answer_alone_and_beside_a_very_long_one(
    recipe: Recipe, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    export_network(new_model(recipe), [BATCH], path)
    texts = small_rows(3, seed=4).encodings
    outlier = Encoding(np.full(400, 7, dtype=np.int64))
    alone, beside = make_batch(texts[:1]), make_batch([*texts, outlier])
    assert isinstance(alone, Batch)
    assert isinstance(beside, Batch)

    first, second = answer(path, alone)["logits"][0], answer(path, beside)["logits"][0]

    np.testing.assert_allclose(first, second, atol=1e-5)


def test_attention_is_an_output_that_sums_to_one_over_real_tokens(tmp_path: Path) -> None:
    export_network(new_model(small_recipe()), [BATCH], tmp_path / "model.onnx")

    weights = answer(tmp_path / "model.onnx", BATCH)["attention"]

    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)
    assert (weights[~BATCH.mask] == 0).all()


def test_a_pooling_without_weights_has_logits_alone(tmp_path: Path) -> None:
    recipe = small_recipe(decoder={"pooling": "last"})
    export_network(new_model(recipe), [BATCH], tmp_path / "model.onnx")

    assert list(answer(tmp_path / "model.onnx", BATCH)) == ["logits"]


def test_equal_networks_give_equal_bytes_and_no_trace_of_their_maker(tmp_path: Path) -> None:
    paths = [tmp_path / "one.onnx", tmp_path / "two.onnx"]
    for path in paths:
        export_network(new_model(small_recipe()), [BATCH], path)
    content = paths[0].read_bytes()
    model = onnx.load(paths[0])

    assert content == paths[1].read_bytes()
    assert b"torch" not in content
    assert str(tmp_path).encode() not in content
    assert model.producer_name == model.producer_version == model.doc_string == ""


def test_a_network_that_does_not_answer_alike_is_refused_and_not_kept(tmp_path: Path) -> None:
    model = new_model(small_recipe())
    with torch.no_grad():
        model.decoder.output.bias[0] = float("nan")

    with pytest.raises(ExportError, match="differs from the trained one by inf"):
        export_network(model, [BATCH], tmp_path / "model.onnx")

    assert list(tmp_path.iterdir()) == []


def test_the_last_good_file_stays_when_the_next_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = new_model(small_recipe())
    export_network(model, [BATCH], path)
    before = path.read_bytes()

    with pytest.raises(ExportError, match="no batch"):
        export_network(model, [], path)

    assert path.read_bytes() == before


def test_the_model_stays_in_the_mode_it_was_in(tmp_path: Path) -> None:
    model = new_model(small_recipe()).train()

    export_network(model, [BATCH], tmp_path / "model.onnx")

    assert model.training


@RECIPES
def test_no_warning_leaks(
    recipe: Recipe, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = new_model(recipe)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        export_network(model, [BATCH], tmp_path / "model.onnx")

    assert caught == []
    assert capfd.readouterr() == ("", "")
