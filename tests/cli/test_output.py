"""What commands print: JSON that any reader takes, and tables that lose nothing."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.cli.output import is_number, note, plain, print_json, print_table, say, show

Captured = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Inner:
    """A result inside another."""

    at: datetime
    where: Path


@dataclass(frozen=True)
class Outer:
    """A result as commands give it."""

    name: str
    score: float
    parts: tuple[Inner, ...]


def test_dataclasses_paths_times_and_tuples_become_json(capsys: Captured) -> None:
    when = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)

    print_json({"found": Outer("卡", 0.5, (Inner(when, Path("a/b")),))})

    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "found": {
            "name": "卡",
            "score": 0.5,
            "parts": [{"at": "2026-03-01T12:30:00+00:00", "where": "a/b"}],
        }
    }
    assert "卡" in printed.out
    assert printed.out.count("\n") == 1
    assert printed.err == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_any_value_becomes_json_without_numbers_that_are_none(value: Any) -> None:
    text = json.dumps(plain(value), allow_nan=False)

    assert plain(json.loads(text)) == json.loads(text)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_becomes_null(value: float) -> None:
    assert plain({"a": [value, 0.0]}) == {"a": [None, 0.0]}


def test_a_class_is_no_result() -> None:
    assert plain([Inner, 3]) == [Inner, 3]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "-"),
        (True, "yes"),
        (False, "no"),
        (0.93684, "0.9368"),
        (0.99995, "1.0000"),
        (1234567, "1,234,567"),
        (0, "0"),
        (math.nan, "nan"),
        (datetime(2026, 3, 1, 9, 5, 59, tzinfo=UTC), "2026-03-01 09:05"),
        ("text", "text"),
        (Path("a"), "a"),
    ],
)
def test_a_cell_is_written_for_a_reader(value: Any, cell: str) -> None:
    assert show(value) == cell


@pytest.mark.parametrize("cell", ["-", "1", "-1", "1,234", "0.9368", "-0.5000"])
def test_what_stands_to_the_right(cell: str) -> None:
    assert is_number(cell)


@pytest.mark.parametrize("cell", ["", "nan", "intents@1", "0.91 to 0.95", "yes", "1e5"])
def test_what_stands_to_the_left(cell: str) -> None:
    assert not is_number(cell)


def test_numbers_are_aligned_by_their_end_and_words_by_their_start(capsys: Captured) -> None:
    print_table(("name", "rows"), [("a", 5), ("bbb", 1234)])

    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["name", "rows"], ["a", "5"], ["bbb", "1,234"]]
    assert lines[1].rstrip().endswith("    5")
    assert len(lines[1].rstrip()) == len(lines[2].rstrip())
    assert lines[1].startswith("a ")


def test_one_word_among_numbers_sets_the_whole_column_to_the_left(capsys: Captured) -> None:
    print_table(("n", "value"), [("a", 5), ("b", "five hundred")])

    assert capsys.readouterr().out.splitlines()[1].rstrip() == "a  5"


@pytest.mark.parametrize("text", ["[red]a[/red]", "[/x]", "[bold", "a[b]c", ":smile:", "\\[a]"])
def test_markup_in_names_and_cells_is_text(capsys: Captured, text: str) -> None:
    print_table((text, f"by {text}"), [(text, f"<{text}>")])

    printed = capsys.readouterr().out
    assert printed.count(text) == 4


@pytest.mark.parametrize(("sign", "shown"), [("\x1b[31m", r"\x1b[31m"), ("\u202e", r"\u202e")])
def test_nothing_in_names_and_cells_steers_the_terminal(
    capsys: Captured, sign: str, shown: str
) -> None:
    print_table((f"by {sign}", sign), [(f"a{sign}b", Path(sign))])

    printed = capsys.readouterr().out
    assert sign not in printed
    assert printed.count(shown) == 4


def test_a_table_without_rows_still_has_its_headings(capsys: Captured) -> None:
    print_table(("model", "newest version"), [])

    assert capsys.readouterr().out.split() == ["model", "newest", "version"]


@given(
    st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=300), max_size=3)
)
def test_nothing_of_a_long_cell_is_lost(texts: list[str]) -> None:
    import contextlib
    import io

    target = io.StringIO()
    with contextlib.redirect_stdout(target):
        print_table(("text",), [(each,) for each in texts])

    assert "".join(target.getvalue().split()).removeprefix("text") == "".join(texts)


def test_results_and_remarks_go_to_different_places(capsys: Captured) -> None:
    say("a result [x]")
    say()
    note("a remark [y]")

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("a result [x]\n\n", "a remark [y]\n")
