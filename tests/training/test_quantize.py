"""Artifacts whose network is exchanged for a quantized one, if dev says it is as good."""

import json
from pathlib import Path
from typing import Any

import onnx
import pytest

from tests.conftest import write_rows
from tests.training.test_fit import SUBJECTS, answerer_of, fit_in
from textwright.errors import DataError, ExportError, RecipeError
from textwright.networks import int8
from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe
from textwright.text.splits import read_splits
from textwright.training.card import built_on_lines
from textwright.training.evaluate import evaluate
from textwright.training.fit import Workplace, fit
from textwright.training.progress import Quiet

ROWS = [
    (f"{text}{end}", label)
    for label, texts in SUBJECTS.items()
    for text in texts
    if text.isascii()
    for end in ("", " now", " please")
]


def recipe_in(folder: Path, checkpoint: Path, **changes: Any) -> Recipe:
    write_rows(folder / "train.jsonl", ROWS)
    data = {"train": "train.jsonl", "dev": "train.jsonl", "root": str(folder)}
    encoder = {"kind": "pretrained", "model": str(checkpoint), "export": "int8"}
    training = {"epochs": 30, "batch_size": 8, "learning_rate": 0.05, "threads": 1}
    table: dict[str, Any] = {"name": "subjects", "training": training, "decoder": {"dropout": 0.0}}
    sections = {**table, "data": data | changes.pop("data", {})}
    return check_recipe({**sections, "encoder": encoder | changes.pop("encoder", {}), **changes})


def operators(path: Path) -> set[str]:
    return {each.op_type for each in onnx.load(path).graph.node}


def test_the_report_tells_score_and_size_before_and_after(tmp_path: Path, checkpoint: Path) -> None:
    recipe = recipe_in(tmp_path, checkpoint, encoder={"export_loss": 0.3})  # tiny ones lose much
    fitted, splits = fit_in(tmp_path, recipe)

    cost = fitted.built_on["encoder"]["int8"]

    path = tmp_path / "artifact" / "model.onnx"
    served = evaluate(answerer_of(tmp_path / "artifact"), splits.dev.examples)
    assert "MatMulIntegerToFloat" in operators(path)
    assert cost["int8_bytes"] == path.stat().st_size < cost["fp32_bytes"]
    assert (cost["metric"], cost["int8"]) == ("accuracy", served.metrics["accuracy"])
    assert cost["fp32"] > 0.8
    assert cost["fp32"] - cost["int8"] <= 0.3
    assert f"accuracy on dev {cost['int8']:.4f}" in "\n".join(built_on_lines(fitted.built_on))


def test_a_loss_above_what_the_recipe_allows_is_refused(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "STATE_TOP", 1)  # states of -1, 0 and 1 tell little

    with pytest.raises(ExportError, match=r"loses 0\.\d+ of its accuracy on dev") as refused:
        fit_in(tmp_path, recipe_in(tmp_path, checkpoint))

    assert "export_loss" in refused.value.hint
    assert "MatMulIntegerToFloat" not in operators(tmp_path / "artifact" / "model.onnx")


def test_a_loss_that_the_recipe_allows_is_let_pass(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "STATE_TOP", 1)

    fitted, _ = fit_in(tmp_path, recipe_in(tmp_path, checkpoint, encoder={"export_loss": 1.0}))

    cost = fitted.built_on["encoder"]["int8"]
    assert cost["fp32"] - cost["int8"] > 0.01


def test_without_dev_rows_it_is_refused(tmp_path: Path, checkpoint: Path) -> None:
    recipe = recipe_in(tmp_path, checkpoint, data={"dev": {"share": 0.0}})

    with pytest.raises(DataError, match="no dev rows") as refused:
        fit_in(tmp_path, recipe)

    assert "fp32" in refused.value.hint


def test_vectors_need_dev_pairs_with_labels(tmp_path: Path, checkpoint: Path) -> None:
    pairs = [{"text_a": "my card", "text_b": text} for text in ("my card is lost", "pay the bill")]
    lines = "\n".join(json.dumps(each) for each in pairs)
    (tmp_path / "pairs.jsonl").write_text(lines, encoding="utf-8")
    encoder = {"kind": "pretrained", "model": str(checkpoint), "export": "int8"}
    data = {"dev": "pairs.jsonl", "root": str(tmp_path)}
    table: dict[str, Any] = {"name": "vectors", "task": "embed", "data": data, "encoder": encoder}

    recipe = check_recipe({**table, "training": {"threads": 1}})
    place = Workplace(tmp_path / "artifact", tmp_path / "checkpoints")

    with pytest.raises(DataError, match="no spearman"):
        fit(recipe, read_splits(recipe.data, recipe.form), place, Quiet())


def test_the_default_leaves_the_network_as_it_is(tmp_path: Path, checkpoint: Path) -> None:
    recipe = recipe_in(tmp_path, checkpoint, encoder={"export": "fp32"})

    fitted, _ = fit_in(tmp_path, recipe)

    assert "int8" not in fitted.built_on["encoder"]
    assert "MatMulIntegerToFloat" not in operators(tmp_path / "artifact" / "model.onnx")


def test_weights_that_stay_outside_cannot_be_quantized(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(RecipeError, match="makes weights of its own"):
        recipe_in(tmp_path, checkpoint, encoder={"weights": "reference"})
