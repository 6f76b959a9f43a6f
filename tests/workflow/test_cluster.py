"""Clustering a file: topics found again, told, and the same each time."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import textwright
from tests.clustering.topics import make_rows, write_topics
from tests.conftest import write_rows
from tests.runtime.tiny import make_artifact, make_embedder
from textwright.errors import DataError, RecipeError, TextwrightError, UsageError
from textwright.recipe.clustering import ClusterSettings, HdbscanSettings, KMeansSettings
from textwright.workflow.cluster import ClusterOptions, cluster

THREE = KMeansSettings(k=3)
LABELLED = ClusterOptions(label="label")


@pytest.fixture
def topics(tmp_path: Path) -> Path:
    """Give a file of texts of three topics."""
    return write_topics(tmp_path / "topics.jsonl")


def test_topics_are_found_named_and_scored(topics: Path) -> None:
    found = textwright.cluster(topics, THREE, LABELLED)

    assert found.agreement is not None
    assert found.agreement.accuracy == 1
    assert [each.size for each in found.clusters] == [9, 9, 9]
    names = [each.name for each in found.clusters]
    assert "card" in names[0]
    assert "rain" in names[1]
    assert "音乐" in names[2]
    assert "TF-IDF" in found.source
    assert len(found.clusters[0].typical) == 3
    assert (found.stability or 0) > 0.5


def test_the_number_of_clusters_is_that_of_the_largest_silhouette(topics: Path) -> None:
    found = cluster(topics, KMeansSettings(most=6))

    best = max(found.silhouettes, key=found.silhouettes.__getitem__)
    assert list(found.silhouettes) == [2, 3, 4, 5, 6]
    assert len(found.clusters) == best
    assert found.agreement is None


def test_the_same_call_gives_the_same_rows(topics: Path, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        cluster(topics, THREE).write(tmp_path / name)

    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert [row["row"] for row in rows] == list(range(1, 28))
    assert rows[0]["text"] == make_rows()[0][0]
    assert rows[0]["cluster"] == 0
    assert 0 <= rows[0]["distance"] < 2


def test_rows_without_anything_to_compare_are_in_no_cluster(tmp_path: Path) -> None:
    rows = [*make_rows(), ("", "card"), ("!!!", "card")]
    path = write_rows(tmp_path / "rows.jsonl", rows)

    found = cluster(path, THREE, LABELLED)

    assert found.labels[-2:].tolist() == [-1, -1]
    assert (found.left_out, found.in_no_cluster) == (2, 0)
    assert found.agreement is not None
    assert found.agreement.accuracy == pytest.approx(27 / 29)
    found.write(tmp_path / "out.jsonl")
    last = json.loads((tmp_path / "out.jsonl").read_text("utf-8").splitlines()[-1])
    assert (last["cluster"], last["distance"]) == (-1, None)


def test_rows_without_a_label_are_clustered_but_not_scored(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [*make_rows(), ("my bank card expired", "")])

    found = cluster(path, THREE, LABELLED)

    assert found.agreement is not None
    assert found.agreement.texts == 27
    assert found.labels[-1] == 0


def test_vectors_of_a_model_and_of_its_file_are_the_same(tmp_path: Path) -> None:
    make_embedder(tmp_path / "model")
    path = tmp_path / "t.txt"
    path.write_text("play the song\nthe next song\nrain tomorrow\nsnow or rain\n", "utf-8")
    textwright.embed(path, tmp_path / "model", tmp_path / "v.npy")
    two = KMeansSettings(k=2)

    by_model = cluster(path, two, ClusterOptions(model=tmp_path / "model"))
    by_file = cluster(path, two, ClusterOptions(vectors=tmp_path / "v.npy"))

    np.testing.assert_array_equal(by_model.labels, by_file.labels)
    np.testing.assert_allclose(by_model.distances, by_file.distances, atol=1e-5)
    assert by_file.source == str(tmp_path / "v.npy")
    assert "model" in by_model.source


def test_hdbscan_leaves_texts_between_topics_in_none(topics: Path) -> None:
    chance = np.random.default_rng(1)
    vectors = np.repeat(np.eye(3), 9, axis=0) + chance.normal(0, 0.02, (27, 3))
    vectors[4] = [-1, -1, -1]
    np.save(topics.with_suffix(".npy"), vectors)
    options = ClusterOptions(vectors=topics.with_suffix(".npy"), label="label")

    found = cluster(topics, HdbscanSettings(min_size=5, neighbours=0), options)

    assert [each.size for each in found.clusters] == [9, 9, 8]
    assert found.labels[4] == -1
    assert found.table()["in_no_cluster"] == found.in_no_cluster == 1
    assert found.stability is None
    assert found.agreement is not None
    assert found.agreement.accuracy == pytest.approx(26 / 27)


@pytest.mark.slow
def test_maps_are_drawn_of_what_was_found(topics: Path, tmp_path: Path) -> None:
    found = cluster(topics, THREE)

    assert found.draw(tmp_path / "m.html") == []
    assert "my bank card was declined" in (tmp_path / "m.html").read_text("utf-8")
    found.draw(tmp_path / "m.png")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("rows", "settings", "said"),
    [
        ([("only one", "x")], THREE, "Of 1 rows 1 can be compared"),
        ([("", "x"), (" ", "x"), ("word", "y")], THREE, "Of 3 rows 1 can"),
        ([("same again", "x")] * 9, KMeansSettings(), "All 9 texts are the same"),
        ([("a b", "x"), ("c d", "y")], THREE, "cannot be made of 2 different texts"),
        ([("!", "x"), ("?", "y")], THREE, "No text has a word"),
        ([("a b", "x"), ("c d", "y")], HdbscanSettings(), "lie closer"),
    ],
)
def test_texts_that_cannot_be_grouped_are_refused(
    tmp_path: Path, rows: list[tuple[str, str]], settings: ClusterSettings, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        cluster(write_rows(tmp_path / "rows.jsonl", rows), settings)


@pytest.mark.parametrize(
    ("settings", "options", "error", "said"),
    [
        (KMeansSettings(k=1), ClusterOptions(), UsageError, "One cluster holds every text"),
        (replace(THREE, whiten=2.0), ClusterOptions(), RecipeError, "out of range"),
        (THREE, ClusterOptions(label="lable"), DataError, "Did you mean 'label'"),
        (THREE, ClusterOptions(column="txt"), DataError, "Did you mean 'text'"),
        (THREE, ClusterOptions(model="m", vectors="v"), UsageError, "Give one of them"),
        (THREE, ClusterOptions(model="labels"), UsageError, "gives no vectors"),
        (THREE, ClusterOptions(vectors="nan.npy"), DataError, "hold NaN"),
        (THREE, ClusterOptions(vectors="short.npy"), DataError, "3 rows for 27 texts"),
        (THREE, ClusterOptions(vectors="zeros.npy"), DataError, "Of 27 rows 0 can"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(
    topics: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: ClusterSettings,
    options: ClusterOptions,
    error: type[TextwrightError],
    said: str,
) -> None:
    monkeypatch.chdir(topics.parent)
    make_artifact(Path("labels"))
    np.save("nan.npy", np.full((27, 2), np.nan))
    np.save("short.npy", np.ones((3, 2)))
    np.save("zeros.npy", np.zeros((27, 2)))

    with pytest.raises(error, match=said):
        cluster(topics, settings, options)
