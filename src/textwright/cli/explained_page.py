"""Answers explained, as a page for a browser."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from textwright.cli import attended
from textwright.cli.explained import largest, name_place, remarks, unit_of
from textwright.cli.html_page import Markup, table, tag, write_page
from textwright.runtime.explain import Explanation, Word
from textwright.runtime.explain_written import Attended

SHOWN = 40  # words of a table, those with the largest effect
STYLE = """
.passage { font-size: 1.15rem; line-height: 2.3; padding: 1rem 1.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; max-width: none; }
.word { border-radius: .25rem; padding: .15em .2em; }
.for { background: color-mix(in srgb, var(--good) calc(var(--share) * 70%), transparent); }
.against { background: color-mix(in srgb, var(--bad) calc(var(--share) * 70%), transparent); }
.attended { border-bottom: .2em solid
  color-mix(in srgb, var(--accent) calc(var(--seen) * 100%), transparent); }
.plus, .minus { display: inline-block; height: .7em; border-radius: .2em; }
.plus { background: var(--good); } .minus { background: var(--bad); }
.key { display: flex; flex-wrap: wrap; gap: 1.2rem; font-size: .9rem; color: var(--soft); }
"""
MEANING = (
    "Each word was left out in turn and the network asked again. The effect is what the label's "
    "log-probability loses without the word, in nats, or what the score loses: above 0 the word "
    "spoke for it, below 0 against it. Effects do not add up."
)


def write_explanations(reference: str, found: Sequence[Explanation | Attended], path: Path) -> None:
    """Write the page; raises UsageError where the file cannot be written."""
    written = any(isinstance(each, Attended) for each in found)
    write_page(
        path,
        f"Answers of {reference}, explained",
        tag("h1", "What the answers rest on"),
        tag("p", f"Answers of {reference}", css="soft"),
        tag("p", attended.MEANING if written else MEANING, css="soft"),
        *(part for each in found for part in any_part(each)),
        style=attended.STYLE if written else STYLE,
    )


def any_part(found: Explanation | Attended) -> Iterator[Markup]:
    """Give one text, with its words by their effect, or with where the network looked."""
    if isinstance(found, Attended):
        return attended.attended_part(found)
    return explanation_part(found)


def explanation_part(found: Explanation) -> Iterator[Markup]:
    """Give one text with its words coloured, and the words by their effect."""
    yield tag("h2", f"{found.label} · {found.value:.1%}" if found.label else f"{found.value:.3f}")
    yield tag("p", found.answer.line().replace("\t", " "), css="soft")
    if not found.words:
        yield tag("p", "There is no word to explain.")
        return
    for place in range(len(found.texts)):
        yield tag("p", *passage(found, place), css="passage text")
    yield tag("p", *key(found), css="key")
    for line in remarks(found):
        yield tag("p", line, css="soft")
    attention = found.words[0].attention is not None
    effect = f"effect ({unit_of(found)})"
    columns = ("word", "at", "", effect, *(("attention",) if attention else ()))
    ordered = sorted(found.words, key=lambda each: -abs(each.effect))
    yield table(columns, [word_row(found, word) for word in ordered[:SHOWN]])
    if len(ordered) > SHOWN:
        left = len(ordered) - SHOWN
        yield tag("p", f"{left:,} words with a smaller effect are not listed.", css="soft")


def passage(found: Explanation, place: int) -> Iterator[Markup | str]:
    """Give a text as far as the model reads it, each word coloured by its effect."""
    most, text = largest(found), found.texts[place]
    attended = max(word.attention or 0.0 for word in found.words) or 1.0
    last = 0
    for word in found.words:
        if word.place != place:
            continue
        yield text[last : word.start]
        share = abs(word.effect) / most
        seen = (word.attention or 0.0) / attended
        side = "for" if word.effect > 0 else "against"
        told = f"effect {word.effect:+.4f} ({unit_of(found)})"
        if word.attention is not None:
            told += f", attention {word.attention:.3f}"
        css = f"word {side}" + ("" if word.attention is None else " attended")
        style = f"--share: {share:.3f}; --seen: {seen:.3f}"
        yield tag("span", word.text, css=css, style=style, title=told)
        last = word.end
    yield text[last : found.read[place]]


def key(found: Explanation) -> Iterator[Markup]:
    """Say what the colours mean."""
    yield tag("span", tag("span", "for", css="word for", style="--share: 1"), " the answer")
    yield tag("span", tag("span", "against", css="word against", style="--share: 1"), " it")
    if found.words[0].attention is not None:
        line = tag("span", "underlined", css="word attended", style="--seen: 1")
        yield tag("span", line, " as much as the network attends to it")


def word_row(found: Explanation, word: Word) -> list[object]:
    """Give a word's row of the table."""
    side = "plus" if word.effect > 0 else "minus"
    width = f"width: {abs(word.effect) / largest(found) * 12:.2f}rem"
    cells: list[object] = [
        tag("span", word.text, css="text"),
        Markup(name_place(found, word)),
        tag("span", css=side, style=width),
        Markup(f"{word.effect:+.4f}"),
    ]
    if word.attention is not None:
        cells.append(Markup(f"{word.attention:.3f}"))
    return cells
