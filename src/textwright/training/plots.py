"""Pictures of a run, and of a search."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright import metrics

MOST_LABELS = 40  # a larger confusion matrix shows only the labels most often confused
SIZE_INCHES = (6.4, 4.8)


def plot_curves(epochs: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw loss and dev score over the epochs; nothing is drawn without epochs.

    epochs: of each, ``train_loss``, ``dev_loss``, ``dev_score`` and ``metric``, that score's name.
    """
    if not epochs:
        return
    figure, losses = new_figure("Learning curves", "epoch", "loss (nats)")
    numbers = range(1, len(epochs) + 1)
    losses.plot(numbers, [each["train_loss"] for each in epochs], "o-", label="train loss")
    losses.plot(numbers, [each["dev_loss"] for each in epochs], "o-", label="dev loss")
    losses.xaxis.get_major_locator().set_params(integer=True)
    metric = f"dev {epochs[0]['metric']}"
    scores = losses.twinx()
    scores.set_ylabel(metric)
    scores.plot(numbers, [each["dev_score"] for each in epochs], "ks--", label=metric)
    losses.legend(loc="center left")
    scores.legend(loc="center right")
    save(figure, path)


def plot_confusion(table: NDArray[np.int64], names: Sequence[str], path: Path) -> None:
    """Draw how often each true label (row) was answered as each other (column).

    table: [L, L] int. With more than 40 labels, the 40 with the most mistakes are shown. Without
    a Chinese font, labels in Chinese are numbered in their order.
    """
    mistakes = table.sum(axis=0) + table.sum(axis=1) - 2 * np.diag(table)
    chosen = np.sort(np.argsort(-mistakes, kind="stable")[:MOST_LABELS])
    shown = table[np.ix_(chosen, chosen)]
    shares = shown / np.maximum(table.sum(axis=1)[chosen][:, None], 1)
    title = "Confusion matrix (share of the true label)"
    if len(chosen) < len(names):
        title = f"The {len(chosen)} labels most often confused, of {len(names)}"
    figure, axes = new_figure(title, "answered", "true")
    side = max(5.0, 0.28 * len(chosen) + 2)
    figure.set_size_inches(side + 1, side)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, shrink=0.8)
    labels = drawable(names)
    labels = [labels[each] for each in chosen]
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    save(figure, path)


def plot_reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_], path: Path) -> None:
    """Draw accuracy against confidence: on the diagonal, a score means what it says.

    confidence: [N] float, 0 to 1. right: [N] bool.
    """
    bins = metrics.reliability(confidence, right)
    error = metrics.calibration_error(confidence, right)
    figure, axes = new_figure(f"Reliability (error {error:.3f})", "confidence", "accuracy")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    most = max((each.rows for each in bins), default=1)
    sure, often = [each.confidence for each in bins], [each.accuracy for each in bins]
    axes.vlines(sure, sure, often, color="tab:red", linewidth=2, label="gap")
    sizes = [25 + 300 * each.rows / most for each in bins]
    axes.scatter(sure, often, s=sizes, zorder=2, label="rows of a bin (size: how many)")
    axes.set_xlim(-0.02, 1.05)
    axes.set_ylim(-0.02, 1.05)
    axes.legend(loc="upper left", markerscale=0.6)
    save(figure, path)


def plot_attention(
    attention: NDArray[np.float64], source: Sequence[str], written: Sequence[str], path: Path
) -> None:
    """Draw where the attention lay, [T, S], for each word written (row) on each word read."""
    figure, axes = new_figure("Attention", "read", "written")
    rows, columns = attention.shape
    figure.set_size_inches(max(4.0, 0.35 * columns + 2), max(3.0, 0.3 * rows + 1.5))
    image = axes.imshow(attention, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    figure.colorbar(image)
    axes.set_xticks(range(columns), drawable(source, "word"), rotation=90)
    axes.set_yticks(range(rows), drawable(written, "word"))
    save(figure, path)


def plot_search(scores: Sequence[float | None], metric: str, path: Path, *, smaller: bool) -> None:
    """Draw the score of each trial of a search, and the best so far.

    scores: in the order of the trials, the recipe as written first; None where there is none.
    smaller: whether less is better.
    """
    figure, axes = new_figure(f"{len(scores)} trials", "trial", f"dev {metric}")
    known = np.array([np.nan if each is None else each for each in scores])
    best = np.fmin.accumulate(known) if smaller else np.fmax.accumulate(known)
    numbers = np.arange(1, len(known) + 1)
    axes.plot(numbers, known, "o", label="a trial")
    axes.step(numbers, best, where="post", label="best so far")
    axes.axhline(known[0], color="grey", linestyle="--", label="the recipe as written")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()
    save(figure, path)


def plot_importance(importance: Mapping[str, float], path: Path) -> None:
    """Draw how much each setting mattered, the most important at the top."""
    figure, axes = new_figure("What mattered", "share of the explained variance", "")
    names = list(importance)[::-1]
    axes.barh(names, [importance[name] for name in names])
    save(figure, path)


def new_figure(title: str, across: str, up: str) -> tuple[Any, Any]:
    """Start a picture without a screen; matplotlib is imported here, for it takes a second."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def save(figure: Any, path: Path) -> None:
    """Write a picture as PNG."""
    import warnings

    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_fontfamily(["DejaVu Sans", *chinese_fonts()])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # shown as an empty box
        figure.savefig(path, dpi=120, metadata={"Software": None})


def chinese_fonts() -> list[str]:
    """Name the fonts of this machine that have Chinese characters."""
    from matplotlib import font_manager

    known = {each.name for each in font_manager.fontManager.ttflist}
    return [name for name in CHINESE_FONTS if name in known]


def drawable(names: Sequence[str], kind: str = "label") -> list[str]:
    """Give names as they can be drawn: numbers where this machine has no font for them."""
    chinese = any(each >= CHINESE for name in names for each in name)
    if chinese and not chinese_fonts():
        return [f"{kind} {place}" for place in range(1, len(names) + 1)]
    return list(names)


CHINESE = "\u2e80"  # from here on, characters that the usual fonts lack
CHINESE_FONTS = ("Noto Sans CJK SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "SimHei")
