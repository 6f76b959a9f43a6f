"""Pictures: drawn without a screen, whatever the labels are written in."""

from pathlib import Path

import numpy as np
import pytest

from textwright.training.plots import (
    chinese_fonts,
    drawable,
    plot_confusion,
    plot_curves,
    plot_importance,
    plot_reliability,
    plot_search,
)

PNG = b"\x89PNG"


@pytest.mark.parametrize("epochs", [1, 4])
def test_curves_are_drawn_for_one_epoch_and_for_many(tmp_path: Path, epochs: int) -> None:
    record = {"train_loss": 1.0, "dev_loss": 1.1, "dev_score": 0.5, "metric": "accuracy"}

    plot_curves([record] * epochs, tmp_path / "curves.png")

    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


def test_without_epochs_there_are_no_curves(tmp_path: Path) -> None:
    plot_curves([], tmp_path / "curves.png")

    assert not (tmp_path / "curves.png").exists()


@pytest.mark.parametrize("names", [["a", "b"], ["退款", "发票"], ["ألف", "𒀀"]])
def test_labels_of_any_script_are_drawn_without_a_warning(tmp_path: Path, names: list[str]) -> None:
    plot_confusion(np.array([[3, 1], [0, 2]]), names, tmp_path / "confusion.png")

    assert (tmp_path / "confusion.png").read_bytes().startswith(PNG)


def test_chinese_labels_are_named_or_numbered() -> None:
    expected = ["退款", "发票"] if chinese_fonts() else ["label 1", "label 2"]

    assert drawable(["退款", "发票"]) == expected
    assert drawable(["refund", "café"]) == ["refund", "café"]


def test_a_reliability_diagram_is_drawn_for_rows_and_for_none(tmp_path: Path) -> None:
    confidence = np.linspace(0, 1, 50)

    plot_reliability(confidence, confidence > 0.4, tmp_path / "some.png")
    plot_reliability(np.zeros(0), np.zeros(0, dtype=np.bool_), tmp_path / "none.png")

    assert (tmp_path / "some.png").read_bytes().startswith(PNG)
    assert (tmp_path / "none.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("scores", [[0.5], [0.5, None, 0.7, 0.6], [0.5, None]])
@pytest.mark.parametrize("smaller", [True, False])
def test_a_search_is_drawn_with_the_trials_that_have_no_score(
    tmp_path: Path, scores: list[float | None], smaller: bool
) -> None:
    plot_search(scores, "accuracy", tmp_path / "history.png", smaller=smaller)
    plot_importance({"training.l2": 0.75, "encoder.word_ngrams": 0.25}, tmp_path / "importance.png")

    assert (tmp_path / "history.png").read_bytes().startswith(PNG)
    assert (tmp_path / "importance.png").read_bytes().startswith(PNG)


def test_the_same_numbers_give_the_same_picture(tmp_path: Path) -> None:
    for name in ("first.png", "again.png"):
        plot_confusion(np.array([[3, 1], [0, 2]]), ["a", "b"], tmp_path / name)

    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "again.png").read_bytes()
