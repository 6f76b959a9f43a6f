"""The picture of chosen words: where they lie, and what the files hold."""

import re
import struct
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import SettingsError, UsageError
from textwright.vectors.map import FONTS, can_write, draw_map, find_fonts, lay_out

WORDS = ["king", "queen", "国王", "女王"]


def vectors(count: int, dimensions: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)


class Reader(HTMLParser):
    """Collects the tags of a page, and the text in each."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Note a text with the tag before it."""
        if data.strip():
            self.texts.setdefault(self.tags[-1], []).append(data.strip())


def read_page(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


def test_the_axes_are_those_of_the_covariance_with_the_largest_eigenvalues() -> None:
    given = vectors(30)
    rows = given / np.linalg.norm(given, axis=1, keepdims=True)
    values, directions = np.linalg.eigh(np.cov(rows.T))
    wanted = (rows - rows.mean(axis=0)) @ directions[:, ::-1][:, :2]

    found = lay_out(given)

    np.testing.assert_allclose(np.abs(found.points), np.abs(wanted), atol=1e-6)
    assert found.share == pytest.approx(values[-2:].sum() / values.sum(), rel=1e-6)


def test_equal_words_lie_in_one_place_and_length_does_not_count() -> None:
    given = vectors(6)
    given[1] = 5 * given[0]

    points = lay_out(given).points

    np.testing.assert_allclose(points[0], points[1], atol=1e-6)
    assert np.abs(points[0] - points[2]).max() > 0.01


def test_the_same_words_always_give_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "a.html", "b.html"):
        draw_map(WORDS, vectors(4), tmp_path / name)

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_signs_are_chosen_by_the_largest_weight() -> None:
    given = vectors(10)

    points = lay_out(given).points

    np.testing.assert_allclose(points, lay_out(given[:, ::-1]).points, atol=1e-6)


@pytest.mark.parametrize("count", [2, 3])
def test_two_words_lie_on_a_line_and_three_in_a_plane(count: int) -> None:
    found = lay_out(vectors(count))

    assert found.points.shape == (count, 2)
    assert found.share == pytest.approx(1)
    assert (np.abs(found.points[:, 1]).max() < 1e-6) == (count == 2)


def test_words_without_any_difference_lie_in_the_middle(tmp_path: Path) -> None:
    given = np.zeros((3, 4), np.float32)

    assert draw_map(["a", "b", "c"], given, tmp_path / "map.html") == []
    assert not lay_out(given).points.any()
    assert "nan" not in (tmp_path / "map.html").read_text("utf-8")


def test_vectors_of_one_number_can_be_drawn() -> None:
    assert lay_out(vectors(5, dimensions=1)).points.shape == (5, 2)


def test_one_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 words make no picture"):
        draw_map(["king"], vectors(1), tmp_path / "map.png")

    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"End it in .png or .html"):
        draw_map(WORDS, vectors(4), tmp_path / "map.jpg")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        draw_map(WORDS, vectors(4), tmp_path / "none" / "map.html")


def test_the_png_is_one(tmp_path: Path) -> None:
    draw_map(WORDS, vectors(4), tmp_path / "map.png")

    content = (tmp_path / "map.png").read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert (width, height) == (960, 960)
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]


def test_chinese_words_are_written_where_a_font_has_them_and_named_where_none_does(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chinese = any(name in find_fonts() for name in FONTS[1:])

    missing = draw_map(WORDS, vectors(4), tmp_path / "map.png")

    assert missing == ([] if chinese else ["国王", "女王"])
    assert capfd.readouterr().err == ""


def test_what_no_font_has_is_told(tmp_path: Path) -> None:
    strange = "\U000f0000"  # for private use: in no font

    assert draw_map(["king", strange], vectors(2), tmp_path / "map.png") == [strange]
    assert not can_write("a" + strange, find_fonts())
    assert can_write("über", find_fonts())


def test_signs_that_mean_something_to_a_program_are_words_like_others(tmp_path: Path) -> None:
    words = ["$x$", "<script>alert(1)</script>", '"&', "a\\b", "{0}"]

    for name in ("map.png", "map.html"):
        assert draw_map(words, vectors(5), tmp_path / name) == []

    page = read_page(tmp_path / "map.html")
    assert "script" not in page.tags
    assert page.texts["text"] == words


def test_the_page_names_each_word_needs_nothing_else_and_keeps_them_inside(tmp_path: Path) -> None:
    draw_map(WORDS, vectors(4), tmp_path / "map.html")

    text = (tmp_path / "map.html").read_text("utf-8")
    page = read_page(tmp_path / "map.html")
    assert page.tags.count("circle") == len(WORDS)
    assert page.texts["title"] == ["4 words", *WORDS]  # a title is what hovering shows
    assert not re.search(r"https?:|src=|href=|url\(|@import", text)
    for name, size in (("cx", 900), ("cy", 700)):
        places = [float(each) for each in re.findall(rf'{name}="([\d.-]+)"', text)]
        assert min(places) == pytest.approx(60)
        assert max(places) == pytest.approx(size - 60)
