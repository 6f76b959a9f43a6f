"""An answer explained, as a person reads it in a terminal: with colours, and without."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from textwright.cli.attended import print_attended
from textwright.cli.output import say
from textwright.runtime.explain import Explanation, Word
from textwright.runtime.explain_written import Attended
from textwright.text.visible import make_visible

WIDTH = 20  # cells of the longest bar
SHOWN = 20  # words of the table, those with the largest effect
STRONG, WEAK = 0.5, 0.1  # of the largest effect: from where a word is coloured in full, and at all


def print_explanation(found: Explanation | Attended) -> None:
    """Print the answer, the texts with their words coloured, and the words by their effect.

    Of what was written, where the network looked.
    """
    if isinstance(found, Attended):
        print_attended(found)
        return
    console = Console(highlight=False)
    say(found.answer.line())
    if found.label:
        say(f"{found.label}: probability {found.value:.4f}")
    if not found.words:
        say("There is no word to explain.")
        say()
        return
    for place in range(len(found.texts)):
        console.print(colour_text(found, place), soft_wrap=True)
    for line in remarks(found):
        say(line)
    say()
    console.print(word_table(found))
    if len(found.words) > SHOWN:
        say(f"{len(found.words) - SHOWN:,} words with a smaller effect are not shown.")
    say()


def remarks(found: Explanation) -> list[str]:
    """Say what was not looked at word by word."""
    lines = []
    if found.answer.truncated:
        read = " and ".join(f"{each:,}" for each in found.read)
        lines.append(f"The model reads the first {read} characters; what follows counts not.")
    if found.together > 1:
        lines.append(f"The text is long: {found.together} words in a row are left out at a time.")
    return lines


def unit_of(found: Explanation) -> str:
    """Name the unit of the effects."""
    return "nats" if found.label else "score"


def colour_text(found: Explanation, place: int) -> Text:
    """Give a text: green words speak for what is explained, red ones against it."""
    most = largest(found)
    text, line, last = found.texts[place], Text(), 0
    for word in found.words:
        if word.place == place:
            line.append(make_visible(text[last : word.start]))
            line.append(make_visible(word.text), style=choose_style(word.effect / most))
            last = word.end
    line.append(make_visible(text[last : found.read[place]]))
    return line


def choose_style(share: float) -> str:
    """Choose a word's colours; share of the largest effect, -1 to 1."""
    if abs(share) < WEAK:
        return ""
    colour = "green" if share > 0 else "red"
    return f"bold white on {colour}" if abs(share) >= STRONG else colour


def word_table(found: Explanation) -> Table:
    """Give the words with the largest effect, those for what is explained and those against it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    attention = found.words[0].attention is not None
    table.add_column("word", overflow="fold")
    table.add_column("at", justify="right")
    table.add_column(f"effect ({unit_of(found)})", justify="right")
    table.add_column("for + or against -")
    if attention:
        table.add_column("attention", justify="right")
    most = largest(found)
    for word in sorted(found.words, key=lambda each: -abs(each.effect))[:SHOWN]:
        cells = [
            Text(make_visible(word.text)),
            Text(name_place(found, word)),
            Text(f"{word.effect:+.4f}"),
            Text(draw_bar(word.effect / most), style=choose_style(word.effect / most)),
        ]
        if word.attention is not None:
            cells.append(Text(f"{word.attention:.3f}"))
        table.add_row(*cells)
    return table


def name_place(found: Explanation, word: Word) -> str:
    """Name where a word starts: the code point, after the number of the text of a pair."""
    return f"{word.place + 1}:{word.start}" if found.texts[1:] else f"{word.start}"


def draw_bar(share: float) -> str:
    """Draw an effect as + or - signs; share of the largest effect, -1 to 1."""
    return ("+" if share > 0 else "-") * round(abs(share) * WIDTH)


def largest(found: Explanation) -> float:
    """Give the size of the largest effect; 1 where no word has any."""
    return max(abs(word.effect) for word in found.words) or 1.0
