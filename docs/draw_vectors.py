"""Draw the pictures of docs/vectors.md as SVG: one-hot, CBOW, skip-gram, GloVe, ELMo.

Run by hand; a test holds the pictures against what this draws.
"""

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent / "pictures"
SENTENCE = ("the", "queen", "rules", "the", "land")
CENTRE = 2
INPUT, HIDDEN, OUTPUT, PLAIN = "#bcdff1", "#ffe3a8", "#c9e7c3", "#eeeeee"

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">\n'
    "<style>text{{font:14px sans-serif;fill:#222}}.small{{font-size:12px;fill:#555}}</style>\n"
    '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto">'
    '<path d="M0,0 L7,3 L0,6 z" fill="#555"/></marker></defs>\n'
    '<rect width="{width}" height="{height}" fill="#fff"/>\n'
)


def picture(width: int, height: int, shapes: Iterable[str]) -> str:
    """Put shapes together as one picture."""
    return HEAD.format(width=width, height=height) + "\n".join(shapes) + "\n</svg>\n"


def box(x: float, y: float, label: str, color: str, width: float = 90) -> str:
    """Draw a labelled box around a point, 30 high."""
    return (
        f'<rect x="{x - width / 2:g}" y="{y - 15:g}" width="{width:g}" height="30" rx="5" '
        f'fill="{color}" stroke="#555"/>' + write(x, y + 5, label)
    )


def write(x: float, y: float, text: str, kind: str = "") -> str:
    """Write text, centred."""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle"{style}>{escape(text)}</text>'


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """Draw an arrow."""
    return (
        f'<line x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}" stroke="#555" '
        'marker-end="url(#tip)"/>'
    )


def draw_one_hot() -> str:
    """Draw a one-hot vector that picks a row of a matrix."""
    words = ("dog", "king", "land", "queen", "rules")
    shapes = [write(150, 25, "one-hot"), write(390, 25, "matrix E"), write(600, 25, "vector")]
    for row, word in enumerate(words):
        y, chosen = 55 + 36 * row, word == "queen"
        shapes.append(write(70, y + 5, word))
        shapes.append(box(150, y, "1" if chosen else "0", INPUT if chosen else PLAIN, 40))
        shapes.append(box(390, y, f"row of {word}", HIDDEN if chosen else PLAIN, 200))
    shapes += [write(235, 132, "times"), box(600, 163, "row of queen", HIDDEN, 130)]
    shapes += [arrow(490, 163, 533, 163)]
    return picture(690, 235, shapes)


def around(centre: int) -> list[int]:
    """Give the places of the context of a word."""
    return [place for place in range(len(SENTENCE)) if place != centre]


def draw_cbow() -> str:
    """Draw how CBOW predicts the centre word from its context."""
    shapes = [write(350, 25, "CBOW: the context predicts the centre word")]
    for place, word in enumerate(SENTENCE):
        x = 90 + 130 * place
        shapes.append(
            box(x, 60, word if place != CENTRE else "?", INPUT if place != CENTRE else PLAIN)
        )
        if place != CENTRE:
            shapes.append(arrow(x, 76, 350 + (x - 350) / 8, 129))
    shapes += [box(350, 145, "mean of the context's vectors", HIDDEN, 240)]
    shapes += [arrow(350, 161, 350, 204), box(350, 220, SENTENCE[CENTRE], OUTPUT)]
    return picture(700, 250, shapes)


def draw_skip_gram() -> str:
    """Draw how skip-gram predicts each context word from the centre word."""
    shapes = [write(350, 25, "skip-gram: the centre word predicts each word of its context")]
    shapes += [box(350, 60, SENTENCE[CENTRE], INPUT), arrow(350, 76, 350, 119)]
    shapes += [box(350, 135, "vector of the centre word", HIDDEN, 220)]
    for place in around(CENTRE):
        x = 90 + 130 * place
        shapes.append(arrow(350 + (x - 350) / 4, 151, x, 204))
        shapes.append(box(x, 220, SENTENCE[place], OUTPUT))
    return picture(700, 250, shapes)


def draw_glove() -> str:
    """Draw how GloVe fits vectors to counts of words near each other."""
    shapes = [write(120, 25, "text"), write(345, 25, "counts, 1/distance each")]
    shapes += [write(610, 25, "vectors and biases")]
    shapes += [box(120, 120, " ".join(SENTENCE), PLAIN, 200), arrow(222, 120, 258, 120)]
    words = ("queen", "rules", "land")
    counts = (("-", "1", "1/3"), ("1", "-", "1/2"), ("1/3", "1/2", "-"))
    for row, word in enumerate(words):
        shapes.append(write(285, 95 + 36 * row, word, "small"))
        shapes.append(write(335 + 46 * row, 65, word, "small"))
        for column, count in enumerate(counts[row]):
            shapes.append(box(335 + 46 * column, 90 + 36 * row, count, INPUT, 42))
    shapes += [arrow(452, 120, 488, 120), box(610, 95, "w(queen) · u(land) + b + c", HIDDEN, 230)]
    shapes += [
        write(610, 132, "is to be near"),
        box(610, 160, "log X(queen, land) = log 1/3", OUTPUT, 230),
    ]
    return picture(740, 215, shapes)


def draw_elmo() -> str:
    """Draw two language models, one a direction, mixed by the task."""
    words = ("the", "queen", "rules")
    shapes = [write(350, 25, "ELMo: two language models, one for each direction")]
    for row, (name, label) in enumerate(
        (("forward", "reads from the left"), ("backward", "reads from the right"))
    ):
        y = 165 - 65 * row
        shapes.append(write(85, y, name))
        shapes.append(write(85, y + 17, label, "small"))
        for place in range(len(words)):
            shapes.append(
                box(230 + 160 * place, y, f"LSTM {'→' if row == 0 else '←'}", (HIDDEN, OUTPUT)[row])
            )
        for place in range(len(words) - 1):
            left, right = 276 + 160 * place, 344 + 160 * place
            shapes.append(arrow(left, y, right, y) if row == 0 else arrow(right, y, left, y))
    for place, word in enumerate(words):
        x = 230 + 160 * place
        shapes += [box(x, 280, word, INPUT), box(x, 227, "CNN over its bytes", PLAIN, 140)]
        shapes += [arrow(x, 264, x, 243), arrow(x - 20, 211, x - 20, 181)]
        shapes += [arrow(x + 62, 211, x + 62, 118), arrow(x + 62, 118, x + 47, 108)]
    shapes += [
        box(
            390,
            55,
            "task: g · (s0 word + s1 layer 1 + s2 layer 2), forward beside backward",
            PLAIN,
            560,
        )
    ]
    shapes += [arrow(390, 84, 390, 71)]
    return picture(700, 305, shapes)


PICTURES: dict[str, Callable[[], str]] = {
    "one-hot.svg": draw_one_hot,
    "cbow.svg": draw_cbow,
    "skip-gram.svg": draw_skip_gram,
    "glove.svg": draw_glove,
    "elmo.svg": draw_elmo,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")
