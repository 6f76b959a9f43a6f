"""Where a network looked while it wrote, as a person sees it: in a terminal, a page, a picture."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from textwright.cli.html_page import Markup, tag
from textwright.cli.output import say
from textwright.errors import MissingExtraError, UsageError
from textwright.runtime.explain_written import Attended
from textwright.text.visible import make_visible

SHADES = " ░▒▓█"  # from no attention to all of it
CELL = 3  # columns of the terminal for a word that was read
NAME = 16  # at most, for a word that was written
STYLE = """
.heat td, .heat th { padding: .15rem .35rem; border: 0; white-space: nowrap; }
.heat td.seen { min-width: 1.6rem; border-radius: .2rem;
  background: color-mix(in srgb, var(--accent) calc(var(--share) * 100%), transparent); }
"""
MEANING = (
    "A row is a word that was written, a column one that was read: the darker, the more of the "
    "network's attention lay on it. It says what was looked at, not what the word was chosen for."
)


def print_attended(found: Attended) -> None:
    """Print the answer, and a row of shades for each word of it, over the words read."""
    say(found.answer.line())
    if not found.written or not found.source:
        say("There is no word to explain.")
        say()
        return
    for line in remarks(found):
        say(line)
    console = Console(highlight=False)
    name = min(NAME, max(map(cell_len, found.written)))
    fitting = max(1, (console.width - name - 1) // CELL)
    for first in range(0, len(found.source), fitting):
        for line in draw_rows(found, range(first, min(first + fitting, len(found.source))), name):
            console.print(Text(line), soft_wrap=True)
        say()


def remarks(found: Attended) -> list[str]:
    """Say what was not looked at."""
    told = f"The model reads the first {len(found.source):,} words; what follows counts not."
    return [told] if found.answer.truncated else []


def draw_rows(found: Attended, columns: range, name: int) -> Iterator[str]:
    """Give the lines of some columns: their numbers, the shades, and what the numbers mean.

    name: columns of the terminal that each word written has.
    """
    numbers = "".join(f"{each + 1:>{CELL}}" for each in columns)
    yield " " * name + numbers
    for word, shares in zip(found.written, found.attention, strict=True):
        shades = "".join(f" {choose_shade(shares[each]) * (CELL - 1)}" for each in columns)
        yield (set_cell_size(make_visible(word), name) + shades).rstrip()
    yield "  ".join(f"{each + 1} {make_visible(found.source[each])}" for each in columns)


def choose_shade(share: float) -> str:
    """Choose how dark a share of the attention is, 0 to 1."""
    return SHADES[min(len(SHADES) - 1, round(share * (len(SHADES) - 1)))]


def attended_part(found: Attended) -> Iterator[Markup]:
    """Give one text as a table of shades, for a page."""
    yield tag("h2", found.answer.line().replace("\t", " "))
    yield tag("p", found.text, css="soft text")
    head = tag("tr", tag("th"), *(tag("th", each, css="text") for each in found.source))
    rows = [
        tag("tr", tag("th", word, css="text"), *map(shade_cell, shares.tolist()))
        for word, shares in zip(found.written, found.attention, strict=True)
    ]
    yield tag("div", tag("table", head, *rows), css="scroll heat")
    yield from (tag("p", line, css="soft") for line in remarks(found))


def shade_cell(share: float) -> Markup:
    """Give a cell as dark as the share, 0 to 1, that it names when it is pointed at."""
    return tag("td", css="seen", style=f"--share: {share:.3f}", title=f"{share:.3f}")


def draw_attention(found: object, path: Path) -> None:
    """Draw where the network looked; raises UsageError for another explanation, and no such path.

    MissingExtraError where matplotlib is not installed.
    """
    if not isinstance(found, Attended) or not found.attention.size:
        raise UsageError("There is no attention to draw.", "Ask a model that writes for a text.")
    from textwright.training.plots import plot_attention

    try:
        plot_attention(found.attention, found.source, found.written, path)
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train]'"
        raise MissingExtraError("Drawing needs matplotlib.", hint) from error
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}."
        raise UsageError(what, "Name a file in a folder that is there.") from error


def check_picture(path: Path, texts: Iterable[str]) -> list[str]:
    """Refuse a picture of another kind, or of several texts, before the work is done."""
    given = list(texts)
    if path.suffix != ".png":
        raise UsageError(f"A picture cannot be called {path}.", "Name it FILE.png.")
    if len(given) != 1:
        what = f"A picture shows one text, {len(given)} are given."
        raise UsageError(what, "Leave one, or write a page of all: --html FILE.html.")
    return given
