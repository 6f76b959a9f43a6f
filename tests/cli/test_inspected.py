"""What a terminal and a page show of an inspection: a part of long lists, and how long they are."""

from pathlib import Path

import pytest

from tests.cli.test_html_page import read_page
from tests.workflow.test_inspection import make_inspection
from textwright.cli.inspected import name_scripts, print_inspection
from textwright.cli.inspected_page import write_inspection
from textwright.text.duplicates import TextGroup
from textwright.training.confident import Judged, LabelIssue

MANY = [("train", f"text {number}", (f"label {number:03d}",)) for number in range(260)]
GROUPS = tuple(TextGroup((at, at + 1), 1.0) for at in range(0, 260, 2))
ISSUES = Judged(tuple(LabelIssue(at, ("other",), at / 300) for at in range(260)), 260, 0.5, {})


def test_the_terminal_shows_a_few_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    print_inspection(make_inspection(MANY, equal=GROUPS, near=(), judged=ISSUES, odd={}))

    told = capsys.readouterr().out
    assert "label (250 between not shown)" in told
    assert "label 004" in told
    assert "label 005" in told.split("likely wrong labels (260)")[1]
    assert "label 255" in told
    assert "most repeated (130)" in told
    assert "same text, different labels (130)" in told
    assert "260 labels judged" in told
    assert "agrees with 50.0%" in told.replace("\n", " ")
    assert "260 of 260 rows should be looked at." in told
    assert "nearly the same (" not in told


def test_what_is_not_there_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_inspection(make_inspection(equal=(), near=(), odd={"empty": ()}))

    told = capsys.readouterr().out
    assert "No text stands there twice, nor nearly so." in told
    for part in ("repeated", "different labels", "likely wrong", "odd texts"):
        assert part not in told
    assert "0 of 8 rows should be looked at." in told


def test_labels_that_were_not_judged_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    judged = Judged((), 0, 0.0, {f"rare {number}": 1 for number in range(9)})

    print_inspection(make_inspection(judged=judged))

    told = capsys.readouterr().out
    assert "Labels on too few texts to be judged: 9, such as rare 0, rare 1" in told
    assert "No label was judged" in told


@pytest.mark.parametrize(
    ("scripts", "named"),
    [
        ({"Latin": 0.7, "Han": 0.25, "digits": 0.05}, "Latin 70%, Han 25%"),
        ({"Latin": 0.999, "control": 0.001}, "Latin 100%"),
        ({}, ""),
    ],
)
def test_the_commonest_scripts_are_named(scripts: dict[str, float], named: str) -> None:
    assert name_scripts(scripts) == named


def test_the_page_shows_the_first_of_long_lists_and_says_so(tmp_path: Path) -> None:
    found = make_inspection(MANY, equal=GROUPS, near=GROUPS, judged=ISSUES, odd={})

    write_inspection(found, tmp_path / "page.html")

    text = read_page(tmp_path / "page.html").text
    assert "Labels likely wrong (260)" in text
    assert text.count("60 more stand in the file that --out writes.") == 2  # labels, and issues
    assert "Repeated texts (130)" in text
    assert "train.csv:1, train.csv:2" in text
    assert "50.0%labels a linear model agrees with" in text


def test_the_page_of_clean_rows_without_labels_is_short(tmp_path: Path) -> None:
    found = make_inspection(equal=(), near=(), labelled=False, odd={})

    write_inspection(found, tmp_path / "page.html")

    text = read_page(tmp_path / "page.html").text
    assert "rows of test that stand in train" in text
    for part in ("Labels", "Repeated", "Odd", "conflicts"):
        assert part not in text


def test_a_large_group_names_its_first_rows(tmp_path: Path) -> None:
    rows = [("train", "the same", ("a",))] * 30
    group = TextGroup(tuple(range(30)), 1.0)

    write_inspection(make_inspection(rows, equal=(group,), near=()), tmp_path / "page.html")

    assert "train.csv:8 and 22 more" in read_page(tmp_path / "page.html").text
