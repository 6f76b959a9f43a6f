"""What clustering found, told as a table, as rows, as a map."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clustering.topics import make_blobs
from textwright.clustering.agreement import score_agreement
from textwright.clustering.result import Cluster, Clustering, describe_clusters
from textwright.clustering.words import count_words
from textwright.errors import SettingsError
from textwright.recipe.clustering import KMeansSettings

TEXTS = ["cat", "cat", "big cat", "dog", "wet dog", "!!"]
LABELS = np.array([0, 0, 0, 1, 1, -1])
DISTANCES = np.array([0.3, 0.2, 0.1, 0.1, 0.2, np.nan], dtype=np.float32)


@pytest.fixture
def found() -> Clustering:
    """Give two clusters of six texts, one of which has nothing to compare."""
    settings = KMeansSettings(k=2, typical=2)
    return Clustering(
        source="by hand",
        settings=settings,
        rows=[{"text": text} for text in TEXTS],
        texts=TEXTS,
        labels=LABELS,
        distances=DISTANCES,
        placed=np.arange(5),
        vectors=make_blobs((3, 2)),
        clusters=describe_clusters(TEXTS, count_words(TEXTS), (LABELS, DISTANCES), settings),
        stability=0.5,
        silhouettes={2: 0.25},
        agreement=score_agreement(["x", "x", "x", "y", "y", "y"], LABELS),
    )


def test_clusters_are_described_by_words_and_their_nearest_different_texts(
    found: Clustering,
) -> None:
    assert found.clusters == (
        Cluster(0, 3, ("big", "cat"), ("big cat", "cat")),
        Cluster(1, 2, ("wet", "dog"), ("dog", "wet dog")),
    )
    assert found.clusters[0].name == "big, cat"


def test_the_table_is_plain_json(found: Clustering) -> None:
    table = json.loads(json.dumps(found.table()))

    assert (table["texts"], table["left_out"], table["in_no_cluster"]) == (6, 1, 0)
    assert table["clusters"][1]["size"] == 2
    assert table["silhouettes"] == {"2": 0.25}
    assert table["agreement"]["accuracy"] == pytest.approx(5 / 6)
    assert replace(found, agreement=None).table()["agreement"] is None


def test_a_text_compared_but_in_no_cluster_is_counted_apart(found: Clustering) -> None:
    labels = np.array([0, 0, 0, -1, 1, -1])

    told = replace(found, labels=labels)

    assert (told.left_out, told.in_no_cluster) == (1, 1)


def test_rows_are_written_whole_or_not_at_all(found: Clustering, tmp_path: Path) -> None:
    found.write(tmp_path / "rows.jsonl")

    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert rows[0] == {"row": 1, "cluster": 0, "distance": 0.3, "text": "cat"}
    assert rows[-1] == {"row": 6, "cluster": -1, "distance": None, "text": "!!"}
    with pytest.raises(SettingsError, match="cannot be written"):
        found.write(tmp_path / "none" / "rows.jsonl")


def test_a_map_shows_what_was_compared_and_is_laid_out_once(
    found: Clustering, tmp_path: Path
) -> None:
    found.draw(tmp_path / "a.html")
    found.draw(tmp_path / "b.html")

    page = (tmp_path / "a.html").read_text("utf-8")
    assert page.count("<circle") == 5
    assert "!!" not in page
    assert "2 clusters of 6 texts" in page
    assert page == (tmp_path / "b.html").read_text("utf-8")
    assert found.view is found.view


def test_a_map_of_many_texts_says_how_many_it_shows(
    found: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textwright.clustering.picture.SHOWN", 4)

    assert found.view.note.endswith("4 texts of 5, drawn at random.")
    assert len(found.view.points) == len(found.view.texts) == len(found.view.labels) == 4
