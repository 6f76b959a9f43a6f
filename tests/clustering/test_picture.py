"""Maps of clusters, as PNG and as one HTML file."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tests.clustering.topics import make_blobs
from textwright.clustering.picture import (
    SHOWN,
    View,
    choose_shown,
    draw_clusters,
    find_middles,
    pick_colours,
    place_points,
)
from textwright.errors import UsageError

HOSTILE = '</title><script>alert("x")</script> {0} & $a$'
LABELS = np.array([0, 0, 1, 1, -1])


def make_view(names: list[str], texts: list[str] | None = None) -> View:
    points = np.array([[0, 0], [0, 1], [5, 5], [5, 6], [9, 0]], dtype=np.float64)
    return View(points, LABELS, texts or ["a", "b", "c", "d", "e"], names, [2, 2], "how it is laid")


def test_a_page_holds_every_text_once_and_every_name(tmp_path: Path) -> None:
    draw_clusters(make_view(["cat, purr", "狗, 叫"]), "two kinds", tmp_path / "m.html")

    page = (tmp_path / "m.html").read_text("utf-8")
    assert [page.count(f"<title>{each}</title>") for each in "abcde"] == [1] * 5
    assert "0 cat, purr (2)" in page
    assert "1 狗, 叫 (2)" in page
    assert "how it is laid" in page
    assert "http" not in page


def test_texts_and_names_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    view = make_view([HOSTILE, "b"], [HOSTILE, "b", "c", "d", "e" * 1000])

    draw_clusters(view, HOSTILE, tmp_path / "m.html")

    page = (tmp_path / "m.html").read_text("utf-8")
    assert "<script" not in page
    assert len(max(page.split(), key=len)) < 500
    body = page.removeprefix("<!doctype html>\n").replace('<meta charset="utf-8">', "")
    circles = list(ET.fromstring(body).iter("circle"))
    assert len(circles) == 5
    assert circles[0][0].text == HOSTILE


def test_a_png_is_drawn_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        assert draw_clusters(make_view([HOSTILE, "dog"]), "two", tmp_path / name) == []

    first = (tmp_path / "a.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    assert first == (tmp_path / "b.png").read_bytes()


def test_a_name_that_no_font_can_write_is_given_back(tmp_path: Path) -> None:
    missing = draw_clusters(make_view(["\U0001f9ff", "dog"]), "two", tmp_path / "m.png")

    assert missing == ["\U0001f9ff"]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture's name"):
        draw_clusters(make_view(["a", "b"]), "two", tmp_path / "m.svg")


def test_few_vectors_are_laid_out_by_their_principal_components() -> None:
    points, note = place_points(make_blobs((8, 8)), seed=7)

    assert points.shape == (16, 2)
    assert "principal components" in note
    assert abs(points[:8, 0].mean() - points[8:, 0].mean()) > 1


def test_more_are_laid_out_by_tsne_the_same_each_time() -> None:
    vectors = make_blobs((30, 30))
    points, note = place_points(vectors, seed=7)

    assert "t-SNE" in note
    np.testing.assert_array_equal(points, place_points(vectors, seed=7)[0])
    middles = [points[:30].mean(axis=0), points[30:].mean(axis=0)]
    assert np.linalg.norm(middles[0] - middles[1]) > points[:30].std()


def test_a_map_of_many_texts_shows_some_drawn_at_random() -> None:
    assert choose_shown(10, 7).tolist() == list(range(10))
    assert len(set(choose_shown(10 * SHOWN, 7).tolist())) == SHOWN


def test_a_name_stands_at_a_point_of_its_own_cluster() -> None:
    view = make_view(["a", "b"])

    middles = dict(find_middles(view.points, view.labels))

    assert sorted(middles) == [0, 1]
    assert middles[0] in view.points[:2].tolist()


def test_every_cluster_has_a_colour_of_its_own() -> None:
    colours = pick_colours(40)

    assert len(set(colours)) == 41
