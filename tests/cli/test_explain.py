"""The command explain, as it is typed."""

import json
from pathlib import Path

import pytest

from tests.cli.test_html_page import HOSTILE, read_page
from tests.commands import Run
from tests.runtime.tiny import make_artifact, make_matcher
from textwright.cli.explained import choose_style, draw_bar


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with the artifact ``tiny``, worked in."""
    monkeypatch.chdir(tmp_path)
    make_artifact(tmp_path / "tiny")
    return tmp_path


@pytest.mark.usefixtures("tiny")
def test_the_words_are_shown_by_their_effect_readable_without_colour(run: Run) -> None:
    done = run("explain", "tiny", "where is the song")

    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0].startswith("card\t")
    assert "where is the song" in done.out
    assert "\x1b" not in done.out
    table = {line.split()[0]: line for line in lines if "+" in line or " -" in line}
    assert table["where"].count("+") > 10
    assert table["song"].rstrip().endswith(" ------")


@pytest.mark.usefixtures("tiny")
def test_texts_are_arguments_or_lines_and_json_is_one_object_each(run: Run) -> None:
    Path("lines.txt").write_text("next song\n\n雨\n", encoding="utf-8")

    done = run("explain", "tiny", "--file", "lines.txt", "--json", "--label", "music")

    found = [json.loads(line) for line in done.out.splitlines()]
    assert [[word["text"] for word in each["words"]] for each in found] == [
        ["next", "song"],
        [],
        ["雨"],
    ]
    assert {each["label"] for each in found} == {"music"}
    assert found[0]["answer"]["label"] == "music"
    assert "attention" not in found[0]["words"][0]


@pytest.mark.usefixtures("home")
def test_a_trained_version_is_explained_by_name(run: Run) -> None:
    found = run("explain", "intents@2", "麻烦问下我要退货", "--json").json

    best = max(found["words"], key=lambda word: word["effect"])
    assert found["label"] == "return_item"
    assert best["text"] in ("退", "货")
    assert found["texts"][0][best["start"] : best["end"]] == best["text"]


@pytest.mark.usefixtures("tiny")
def test_what_was_not_read_or_left_out_together_is_said(run: Run) -> None:
    assert "reads the first 159 characters" in run("explain", "tiny", "song " * 40).out
    assert "There is no word to explain." in run("explain", "tiny", "").out


def test_a_pair_is_two_texts_or_a_line_with_a_tab(tiny: Path, run: Run) -> None:
    make_matcher(tiny / "pairs")
    Path("lines.tsv").write_text("my card\tmy song\n", encoding="utf-8")

    typed = run("explain", "pairs", "my card", "my song", "--json")
    lines = run("explain", "pairs", "--file", "lines.tsv", "--json")

    assert typed.out == lines.out
    assert typed.json["texts"] == ["my card", "my song"]
    assert {word["place"] for word in typed.json["words"]} == {0, 1}
    told = run("explain", "pairs", "my card", "my song", "--html", "pairs.html")
    assert "effect (score)" in told.out
    assert "2:3" in told.out
    assert "my song" in read_page(tiny / "pairs.html").text
    assert run("explain", "pairs", "my card").code == 2


def test_the_report_shows_texts_and_runs_nothing(tiny: Path, run: Run) -> None:
    done = run("explain", "tiny", f"song {HOSTILE}", "", "--html", "why.html")

    page = read_page(tiny / "why.html")
    assert "why.html holds the report" in done.err
    assert "\x1b" not in done.out
    for part in ("What the answers rest on", "effect (nats)", "There is no word", "script"):
        assert part in page.text


@pytest.mark.parametrize(
    ("share", "bar", "style"),
    [
        (1.0, "+" * 20, "bold white on green"),
        (0.3, "+" * 6, "green"),
        (0.0, "", ""),
        (-0.3, "-" * 6, "red"),
        (-1.0, "-" * 20, "bold white on red"),
    ],
)
def test_an_effect_is_drawn_with_its_sign(share: float, bar: str, style: str) -> None:
    assert draw_bar(share) == bar
    assert choose_style(share) == style


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tiny"], 2, "There is no text"),
        (["tiny", "song", "--label", "musik"], 2, "Did you mean 'music'?"),
        (["tiny", "song", "--html", "why.txt"], 2, "Name it FILE"),
        (["nowhere", "song"], 2, "There is no folder"),
        (["tiny", "--file", "none.txt"], 1, "There is no file"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_a_mistake_is_told_with_its_exit_code(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    done = run("explain", *arguments)

    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err
