"""A picture of chosen words: their vectors laid out in two dimensions, as PNG or as one HTML file.

Shapes: N words, D dimensions.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError, MissingExtraError, UsageError
from textwright.vectors.packed import write_whole

Floats = NDArray[np.floating[Any]]

FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "SimHei")
SIDE_INCHES = 8.0
WIDTH, HEIGHT, MARGIN = 900, 700, 60  # of the HTML picture, in its own units

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 15px sans-serif; margin: 1em auto; max-width: 60em; color: #222 }}
svg {{ width: 100%; height: auto; border: 1px solid #ccc; background: #fff }}
circle {{ fill: #2a6f97 }}
text {{ font: 13px sans-serif; fill: #333 }}
g:hover circle {{ fill: #d1495b; r: 8px }}
g:hover text {{ font-size: 22px; font-weight: bold; fill: #d1495b }}
</style>
<h1>{title}</h1>
<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">
{words}
</svg>
<p>{note}</p>
</html>
"""


class Layout(NamedTuple):
    """Where each word lies, [N, 2], and the share of the words' variance the two axes keep."""

    points: Floats
    share: float


def lay_out(vectors: Floats) -> Layout:
    """Project vectors onto the two directions in which they differ most.

    Source: Pearson 1901 (principal components), by the singular values of the centred rows. Each
    row is scaled to length 1 first, as search does it; of a direction's two signs the one is taken
    whose largest weight is positive, so that equal vectors give equal pictures.

    vectors: [N, D], N of 2 or more. Raises UsageError for fewer.
    """
    if len(vectors) < 2:
        raise UsageError(f"{len(vectors)} words make no picture.", "Give two or more.")
    rows = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(lengths > 0, lengths, 1)
    rows = rows - rows.mean(axis=0)
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)  # [N or D], [N or D, D]
    axes = np.zeros((2, rows.shape[1]))
    axes[: len(directions[:2])] = directions[:2]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    points = rows @ (axes * np.where(largest < 0, -1, 1)).T
    total = float((sizes**2).sum())
    return Layout(points, float((sizes[:2] ** 2).sum()) / total if total else 0.0)


def draw_map(words: Sequence[str], vectors: Floats, path: Path) -> list[str]:
    """Draw words as a picture; gives those that no font here can write, which stand as numbers.

    path: ends in .png or .html; the file appears whole or not at all. HTML leaves writing to the
          browser, so every word can be written there.
    Raises UsageError for another ending or fewer than two words, SettingsError for a full disk,
    MissingExtraError where matplotlib is not installed (PNG).
    """
    layout = lay_out(vectors)
    title = f"{len(words)} words"
    if path.suffix == ".html":
        draw_html(words, layout, title, path)
        return []
    if path.suffix == ".png":
        return draw_png(words, layout, title, path)
    raise UsageError(f"{path} is no picture's name.", "End it in .png or .html.")


def note_of(layout: Layout) -> str:
    """Say what of the vectors a flat picture shows."""
    return f"Two principal components; they keep {layout.share:.0%} of the variance."


def draw_html(words: Sequence[str], layout: Layout, title: str, path: Path) -> None:
    """Write a page with the picture inside: no font, script or file of elsewhere."""
    low = layout.points.min(axis=0)
    span = np.maximum(layout.points.max(axis=0) - low, 1e-12)
    places = (layout.points - low) / span * [WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN] + MARGIN
    marks = [
        f'<g><title>{escape(word)}</title><circle cx="{x:.1f}" cy="{HEIGHT - y:.1f}" r="4"/>'
        f'<text x="{x + 7:.1f}" y="{HEIGHT - y + 4:.1f}">{escape(word)}</text></g>'
        for word, (x, y) in zip(words, places.tolist(), strict=True)
    ]
    page = PAGE.format(
        title=escape(title),
        width=WIDTH,
        height=HEIGHT,
        words="\n".join(marks),
        note=escape(note_of(layout)),
    )
    with write_whole(path) as file:
        file.write(page.encode())


def draw_png(words: Sequence[str], layout: Layout, title: str, path: Path) -> list[str]:
    """Draw with matplotlib; gives the words that no known font of this machine can write."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        hint = (
            "Install it: pip install 'textwright[train]'; or name a .html file, which needs none."
        )
        raise MissingExtraError("A PNG needs matplotlib.", hint) from error
    fonts = find_fonts()
    unwritable = [word for word in words if not can_write(word, fonts)]
    numbers = {word: str(place) for place, word in enumerate(unwritable, start=1)}
    figure = Figure(figsize=(SIDE_INCHES, SIDE_INCHES), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    axes.set_xlabel(note_of(layout))
    axes.margins(0.12)  # room for the words at the edge
    axes.scatter(layout.points[:, 0], layout.points[:, 1], s=18, color="#2a6f97")
    for word, point in zip(words, layout.points.tolist(), strict=True):
        axes.annotate(
            numbers.get(word, word),
            point,
            xytext=(4, 3),
            textcoords="offset points",
            parse_math=False,
            fontfamily=list(fonts),
        )
    with write_whole(path) as file, quiet_fonts():
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})
    return unwritable


@contextmanager
def quiet_fonts() -> Iterator[None]:
    """Keep matplotlib from logging that a Chinese font comes in another weight than asked for."""
    logger = logging.getLogger("matplotlib.font_manager")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def find_fonts() -> dict[str, Any]:
    """Give the fonts of this machine out of ``FONTS``, opened, by name; one there always is."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    known = {each.name: each.fname for each in font_manager.fontManager.ttflist}
    found = {name: FT2Font(known[name]) for name in FONTS if name in known}
    if not found:
        raise DataError("matplotlib finds no font at all.", "Install it again, or draw .html.")
    return found


def can_write(word: str, fonts: dict[str, Any]) -> bool:
    """Tell whether each character of a word is in one of the fonts."""
    return all(any(font.get_char_index(ord(each)) for font in fonts.values()) for each in word)
