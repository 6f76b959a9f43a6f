"""A page of HTML: texts stay texts, and nothing is fetched."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from textwright.cli.html_page import Markup, bar, table, tag, write, write_page
from textwright.errors import UsageError

HOSTILE = (
    "</td></table><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"
    "\" onmouseover='alert(3)' &lt;b&gt; \x00 \x1b[31m \u202e {style} javascript:alert(4)"
)
QUIET = {"html", "meta", "title", "style", "h1", "h2", "p", "div", "span", "b"} | {
    *("table", "thead", "tbody", "tr", "th", "td"),
}
HARMLESS = {"class", "style", "title", "lang", "charset", "name", "content", "http-equiv"}


class Page(HTMLParser):
    """The tags, attributes and texts of a page, as a browser would take them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


def read_page(path: Path) -> Page:
    """Read a page, and hold it to tags and attributes that fetch and run nothing."""
    content = path.read_text("utf-8")
    page = Page()
    page.feed(content)
    assert page.tags <= QUIET
    assert page.attributes <= HARMLESS
    assert "default-src 'none'" in content
    assert "url(" not in content
    assert "@import" not in content
    assert not {"\x00", "\x1b", "\u202e"} & set(content)
    return page


def test_a_hostile_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    body = table(["text", HOSTILE], [(HOSTILE, 1), (tag("b", HOSTILE, title=HOSTILE), 2)])

    write_page(tmp_path / "page.html", HOSTILE, tag("p", HOSTILE), body)

    page = read_page(tmp_path / "page.html")
    assert page.text.count("<script>alert(1)</script>") == 5
    assert "&lt;b&gt;" in page.text
    assert "\\x1b[31m \\u202e {style}" in page.text


def test_what_is_made_here_is_not_escaped_again() -> None:
    assert tag("p", "a < b ", tag("b", 12_345)) == "<p>a &lt; b <b>12,345</b></p>"
    assert write(Markup("<i>")) == "<i>"
    assert bar(0.5) == '<span class="bar" style="width: 5.00rem"></span>'


def test_columns_of_numbers_stand_to_the_right() -> None:
    made = table(["name", "rows"], [("a", 1), ("b", 2_000)])

    assert '<td class="number">2,000</td>' in made
    assert '<th class="number">rows</th>' in made
    assert "<td>a</td>" in made


def test_a_page_is_written_over_an_older_one_and_over_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text("{}", encoding="utf-8")

    write_page(tmp_path / "page.html", "one")
    write_page(tmp_path / "page.html", "two")

    assert "two" in read_page(tmp_path / "page.html").text
    with pytest.raises(UsageError, match="Name it FILE"):
        write_page(data, "three")
    with pytest.raises(UsageError, match="cannot be written"):
        write_page(tmp_path / "nowhere" / "page.html", "four")
    assert data.read_text(encoding="utf-8") == "{}"
