"""Attention as it is shown: in shades, as a page, as a picture."""

from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_html_page import HOSTILE, read_page
from tests.commands import Run
from tests.runtime.tiny import make_artifact, make_writer
from textwright.cli.attended import choose_shade, draw_rows, print_attended
from textwright.runtime.explain_written import Attended
from textwright.tasks.generate import GenerateAnswer

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_writer(tmp_path / "writer")
    make_artifact(tmp_path / "labels")


def attended(source: tuple[str, ...], written: tuple[str, ...], shares: object) -> Attended:
    answer = GenerateAnswer(" ".join(written), "stop", -1.0)
    return Attended(" ".join(source), answer, source, written, np.array(shares))


def test_a_row_of_shades_stands_beside_each_word_written() -> None:
    found = attended(("ein", "Hund"), ("A", "dog"), [[1.0, 0.0], [0.26, 0.74]])

    lines = list(draw_rows(found, range(2), 4))

    assert lines == ["      1  2", "A    ██", "dog  ░░ ▓▓", "1 ein  2 Hund"]


def test_a_chinese_character_is_as_wide_as_two_letters() -> None:
    found = attended(("a",), ("狗", "dog"), [[1.0], [1.0]])

    assert list(draw_rows(found, range(1), 3))[1:3] == ["狗  ██", "dog ██"]


@pytest.mark.parametrize(
    ("share", "shade"), [(0.0, " "), (0.12, " "), (0.13, "░"), (0.5, "▒"), (0.8, "▓"), (1.0, "█")]
)
def test_the_more_attention_the_darker(share: float, shade: str) -> None:
    assert choose_shade(share) == shade


def test_the_terminal_shows_the_answer_and_where_it_looked(run: Run) -> None:
    done = run("explain", "writer", "play the next song")

    answer = run("predict", "writer", "play the next song").out
    assert done.code == 0
    assert done.out.startswith(answer)
    assert "1 play  2 the  3 next  4 song" in done.out


def test_words_without_end_are_shown_in_blocks(run: Run) -> None:
    done = run("explain", "writer", "song " * 60)

    assert done.code == 0
    assert "The model reads the first" in done.out
    assert max(map(len, done.out.splitlines())) < 400


def test_a_text_of_nothing_has_nothing_to_show(run: Run) -> None:
    assert "There is no word to explain." in run("explain", "writer", "").out


def test_an_answer_of_nothing_has_nothing_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    print_attended(attended(("a", "b"), (), np.zeros((0, 2))))

    assert capsys.readouterr().out == "\nThere is no word to explain.\n\n"


def test_json_holds_every_share(run: Run) -> None:
    found = run("explain", "writer", "play the song", "--json").json

    assert found["source"] == ["play", "the", "song"]
    assert len(found["attention"]) == len(found["written"])


def test_a_picture_is_drawn_of_one_text(run: Run) -> None:
    done = run("explain", "writer", "play the 歌", "--png", "map.png")

    assert done.code == 0
    assert Path("map.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("writer", "a", "b", "--png", "map.png"), "A picture shows one text, 2 are given."),
        (("writer", "a", "--png", "map.jpg"), "A picture cannot be called map.jpg."),
        (("writer", "a", "--png", "none/map.png"), "none/map.png cannot be written"),
        (("labels", "a song", "--png", "map.png"), "There is no attention to draw."),
        (("writer", "a", "--label", "x"), "This model writes, and has no label such as 'x'."),
    ],
)
def test_what_cannot_be_drawn_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run("explain", *arguments)

    assert done.code == 2
    assert said in done.err


def test_the_page_holds_a_table_of_shades_and_no_text_as_markup(run: Run) -> None:
    done = run("explain", "writer", "play the song", HOSTILE, "--html", "map.html")

    page = read_page(Path("map.html"))
    assert done.code == 0
    assert "--share: " in Path("map.html").read_text("utf-8")
    assert "the darker, the more" in Path("map.html").read_text("utf-8")
    assert page is not None
