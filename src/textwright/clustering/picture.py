"""A map of clusters: every text a point, near texts near, as PNG or as one HTML file.

Shapes: N texts, D dimensions, K clusters.
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.clustering.partition import NONE
from textwright.clustering.space import Floats
from textwright.errors import MissingExtraError, UsageError
from textwright.text.visible import shorten
from textwright.vectors.map import can_write, find_fonts, lay_out, quiet_fonts
from textwright.vectors.packed import write_whole

SHOWN = 2000  # points at most: t-SNE takes its time, and more are a blot
FEW = 30  # texts with which t-SNE has too few neighbours to go by
LONGEST_TEXT = 300  # characters shown of a text, under the pointer
WIDTH, HEIGHT, MARGIN = 900, 640, 24
MANY = 12  # clusters, beyond which a single word stands at each
GREY = "#b8b8b8"
NOTE_WIDTH = 90  # characters of a line under a PNG

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 15px sans-serif; margin: 1em auto; max-width: 72em; padding: 0 1em; color: #222 }}
main {{ display: flex; flex-wrap: wrap; gap: 1em; align-items: flex-start }}
svg {{ flex: 3 1 34em; border: 1px solid #ccc; background: #fff }}
ul {{ flex: 1 1 16em; margin: 0; padding: 0; list-style: none; font-size: 14px; line-height: 1.5 }}
li i {{ display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .5em }}
circle {{ fill-opacity: .7 }}
circle:hover {{ fill-opacity: 1; stroke: #000; stroke-width: 1.5; r: 7px }}
text {{ font: bold 13px sans-serif; text-anchor: middle; pointer-events: none;
  paint-order: stroke; stroke: #fff; stroke-width: 4px; fill: #222 }}
{fade}
</style>
<h1>{title}</h1>
<main>
<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">
{points}
</svg>
<ul>
{legend}
</ul>
</main>
<p>{note}</p>
</html>
"""


@dataclass(frozen=True, eq=False)
class View:
    """What a map shows.

    points: [N, 2].
    labels: [N], -1 for a text in no cluster.
    names:  of each cluster, with how many texts it has.
    note:   what the two axes are.
    """

    points: NDArray[np.floating[Any]]
    labels: NDArray[np.int64]
    texts: Sequence[str]
    names: Sequence[str]
    sizes: Sequence[int]
    note: str


def choose_shown(count: int, seed: int) -> NDArray[np.int64]:
    """Draw which of so many texts a map shows, in their order."""
    if count <= SHOWN:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, SHOWN, replace=False))


def place_points(vectors: Floats, seed: int) -> tuple[NDArray[np.floating[Any]], str]:
    """Lay vectors out in two dimensions, [N, 2]; says how.

    By t-SNE (van der Maaten, Hinton 2008), started from the principal components; by these alone
    when there are few. On one thread: the same vectors give the same picture.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if len(vectors) < FEW:
        layout = lay_out(vectors)
        return layout.points, f"Two principal components ({layout.share:.0%} of the variance)."
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    start = lay_out(vectors).points
    start = 1e-4 * start / max(float(start[:, 0].std()), 1e-12)
    with threadpool_limits(limits=1):
        placed = TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(vectors)
    return placed, "t-SNE: near texts lie near; distances between clusters mean little."


def draw_clusters(view: View, title: str, path: Path) -> list[str]:
    """Draw a map; gives the names that no font of this machine can write, which are left out.

    path: ends in .png or .html; the file appears whole or not at all. In HTML the text of a point
          is shown under the pointer; no font, script or file comes from elsewhere.
    Raises UsageError for another ending, SettingsError for a full disk.
    """
    if path.suffix == ".html":
        draw_html(view, title, path)
        return []
    if path.suffix == ".png":
        return draw_png(view, title, path)
    raise UsageError(f"{path} is no picture's name.", "End it in .png or .html.")


def draw_html(view: View, title: str, path: Path) -> None:
    """Write a page with the picture inside."""
    low = view.points.min(axis=0)
    span = np.maximum(view.points.max(axis=0) - low, 1e-12)
    room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    places = (view.points - low) / span * room + MARGIN
    places[:, 1] = HEIGHT - places[:, 1]
    colours = pick_colours(len(view.names))
    points = [
        f'<circle class="c{label}" cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colours[label]}">'
        f"<title>{escape(shorten(text, LONGEST_TEXT))}</title></circle>"
        for text, label, (x, y) in zip(view.texts, view.labels, places.tolist(), strict=True)
    ]
    words = 2 if len(view.names) <= MANY else 1
    points += [
        f'<text x="{x:.1f}" y="{y:.1f}">{escape(first_words(view.names[label], words))}</text>'
        for label, (x, y) in find_middles(places, view.labels)
    ]
    page = PAGE.format(
        title=escape(title),
        fade="\n".join(
            f"main:has(.k{each}:hover) circle:not(.c{each}) {{ fill-opacity: .06 }}"
            for each in range(len(view.names))
        ),
        width=WIDTH,
        height=HEIGHT,
        points="\n".join(points),
        legend="\n".join(
            f'<li class="k{each}"><i style="background:{colours[each]}"></i>'
            f"{each} {escape(name)} ({size:,})</li>"
            for each, (name, size) in enumerate(zip(view.names, view.sizes, strict=True))
        ),
        note=escape(view.note),
    )
    with write_whole(path) as file:
        file.write(page.encode())


def draw_png(view: View, title: str, path: Path) -> list[str]:
    """Draw with matplotlib; gives the names that no known font of this machine can write."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train]'; or name a .html file."
        raise MissingExtraError("A PNG needs matplotlib.", hint) from error
    fonts = find_fonts()
    unwritable = [name for name in view.names if not can_write(name, fonts)]
    shown = ["" if name in unwritable else name for name in view.names]
    figure = Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, parse_math=False)
    axes.set_xlabel(fill(view.note, NOTE_WIDTH))
    axes.set_xticks([])
    axes.set_yticks([])
    colours = pick_colours(len(view.names))
    size = min(max(20_000 / len(view.points), 9), 40)
    for label in [*range(len(view.names)), NONE]:
        chosen = view.points[view.labels == label]
        name = f"{label} {shown[label]} ({view.sizes[label]:,})" if label != NONE else None
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=size,
            color=colours[label],
            alpha=0.7,
            linewidths=0,
            label=name,
        )
    for label, point in find_middles(view.points, view.labels):
        axes.text(point[0], point[1], str(label), weight="bold", ha="center", va="center", bbox=BOX)
    legend = figure.legend(loc="outside right upper", markerscale=3, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_fontfamily(list(fonts))
    with write_whole(path) as file, quiet_fonts():
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})
    return unwritable


BOX = {"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "linewidth": 0}


def find_middles(
    points: NDArray[np.floating[Any]], labels: NDArray[np.int64]
) -> list[tuple[int, list[float]]]:
    """Give the point of each cluster shown that is nearest to the median of its points."""
    found = []
    for label in np.unique(labels[labels != NONE]).tolist():
        own = points[labels == label]
        apart = np.linalg.norm(own - np.median(own, axis=0), axis=1)
        found.append((label, own[apart.argmin()].tolist()))
    return found


def pick_colours(count: int) -> list[str]:
    """Give colours as far apart as can be, and grey as the last, for texts in no cluster."""
    found = []
    for each in range(count):
        light = (0.42, 0.58, 0.34)[each % 3]
        red, green, blue = colorsys.hls_to_rgb((each * 0.618034 + 0.57) % 1, light, 0.62)
        found.append(f"#{int(red * 255):02x}{int(green * 255):02x}{int(blue * 255):02x}")
    return [*found, GREY]


def first_words(name: str, count: int) -> str:
    """Give the first words of a cluster's name."""
    return ", ".join(name.split(", ")[:count])
