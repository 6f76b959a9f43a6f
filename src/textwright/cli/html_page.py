"""A page of HTML that needs nothing else: no script, no font, no picture from anywhere.

Whatever is no ``Markup`` is a text and is escaped, so no text of a user becomes part of the page.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from textwright.errors import UsageError
from textwright.text.visible import make_visible

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5f6b7a; --line: #dfe4ea;
  --paper: #ffffff; --card: #f6f8fa; --accent: #2563a8; --good: #1a7f5a; --bad: #b3402e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #97a3b2; --line: #313a46;
  --paper: #12161c; --card: #1a2028; --accent: #7db2ee; --good: #5cc39a; --bad: #ee8b7a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 72rem; background: var(--paper);
  color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .5rem; }
p { margin: .25rem 0 .75rem; max-width: 52rem; }
.soft { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem;
  margin: 1.5rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .8rem 1rem; }
.card b { display: block; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); font-size: .85rem; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.text { unicode-bidi: isolate; overflow-wrap: anywhere; }
.name { white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .7em; border-radius: .2em; background: var(--accent);
  min-width: 1px; }
"""
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
{body}
</html>
"""


class Markup(str):
    """A piece of HTML, made here."""

    __slots__ = ()


def tag(name: str, *inside: object, css: str = "", style: str = "", title: str = "") -> Markup:
    """Give an element; what stands inside is escaped unless it is ``Markup``."""
    given = {"class": css, "style": style, "title": title}
    attributes = "".join(f' {key}="{write(value)}"' for key, value in given.items() if value)
    return Markup(f"<{name}{attributes}>{''.join(map(write, inside))}</{name}>")


def write(value: object) -> Markup:
    """Give a value as HTML: numbers with their thousands apart, texts escaped."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Markup(f"{value:,}")
    return Markup(escape(make_visible(str(value))))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Give a table; a column of numbers stands to the right."""
    listed = [list(row) for row in rows]
    numbers = [
        bool(listed) and all(isinstance(row[place], int | float) for row in listed)
        for place in range(len(columns))
    ]
    css = ["number" if each else "" for each in numbers]
    head = [tag("th", name, css=each) for name, each in zip(columns, css, strict=True)]
    lines = [
        tag("tr", *(tag("td", cell, css=each) for cell, each in zip(row, css, strict=True)))
        for row in listed
    ]
    inner = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *lines))
    return tag("div", inner, css="scroll")


def card(number: object, meaning: str) -> Markup:
    """Give a number that stands out, and what it counts."""
    return tag("div", tag("b", number), meaning, css="card")


def bar(share: float, *, width: float = 10.0) -> Markup:
    """Give a bar; ``share`` runs from 0 to 1, ``width`` is that of a full one, in rem."""
    return tag("span", css="bar", style=f"width: {share * width:.2f}rem")


def check_name(path: Path) -> None:
    """Refuse a name that does not end in .html: no file of another kind is written over."""
    if path.suffix != ".html":
        raise UsageError(f"A page cannot be called {path}.", "Name it FILE.html.")


def write_page(path: Path, title: str, *body: Markup, style: str = "") -> None:
    """Write a page, over an older one; raises UsageError where the file cannot be written."""
    check_name(path)
    content = PAGE.format(title=write(title), style=STYLE + style, body="\n".join(body))
    try:
        path.write_bytes(content.encode("utf-8", "replace"))
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}."
        raise UsageError(what, "Name a file in a folder that is there.") from error
