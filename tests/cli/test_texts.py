"""The commands over files of texts, as they are typed."""

from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_bad_input import refused
from tests.clustering.topics import write_topics
from tests.commands import Run
from tests.runtime.tiny import make_embedder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a model that embeds and a file of texts, worked in."""
    monkeypatch.chdir(tmp_path)
    make_embedder(Path("sentences"), width=8)
    Path("texts.txt").write_text("play the song\n\n" + "rain " * 40 + "\nqq zz\n", "utf-8")
    return tmp_path


@pytest.mark.usefixtures("work")
def test_embedding_writes_the_file_and_says_what_was_unusual(run: Run) -> None:
    done = run("embed", "texts.txt", "--model", "sentences", "--out", "vectors.npy")

    assert done.code == 0
    assert "vectors.npy holds 4 vectors of 8 numbers (float32)." in done.out
    assert "texts/s" in done.out
    notes = [line for line in done.err.splitlines() if line.startswith("Note")]
    assert len(notes) == 3
    assert "1 texts were cut" in notes[0]
    assert np.load("vectors.npy").shape == (4, 8)


@pytest.mark.usefixtures("work")
def test_embedding_as_json_prints_one_object(run: Run) -> None:
    given = ("embed", "texts.txt", "--model", "sentences", "--out", "v.npy", "--json")

    found = run(*given, "--dtype", "float16").json

    assert (found["rows"], found["dimensions"], found["dtype"]) == (4, 8, "float16")
    assert (found["truncated"], found["empty"], found["unknown"]) == (1, 1, 1)
    assert found["resumed_at"] == 0


@pytest.mark.usefixtures("work")
def test_a_mistake_in_embedding_is_told_in_two_lines(run: Run) -> None:
    given = ("embed", "texts.txt", "--model", "sentences", "--out")

    refused(run(*given, "vectors.txt"), 2, "End it in .npy")
    refused(run("embed", "none.txt", *given[2:], "v.npy"), 1, "There is no file none.txt")
    refused(run(*given, "v.npy", "--dtype", "float23"), 2, "Did you mean 'float32'?")


@pytest.fixture
def topics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a file of texts of three topics, worked in."""
    monkeypatch.chdir(tmp_path)
    return write_topics(Path("topics.jsonl"))


@pytest.mark.usefixtures("topics")
def test_clusters_are_printed_with_what_to_trust(run: Run) -> None:
    done = run("cluster", "topics.jsonl", "--label", "label", "--set", "most=3")

    assert done.code == 0
    for part in (
        "27 texts, kmeans, TF-IDF",
        "Silhouette of each number of clusters: 2: 0.",
        "3 has the largest",
        "between 10 seeds",
        "Against 3 labels of 27 texts: NMI 1.0000",
        "accuracy 1.0000",
    ):
        assert part in done.out


@pytest.mark.usefixtures("topics")
def test_clusters_as_json_are_one_object_beside_rows_and_maps(run: Run) -> None:
    given = ("cluster", "topics.jsonl", "--k", "3", "--seed", "5", "--json")

    found = run(*given, "--out", "rows.jsonl", "--map", "map.html").json

    assert [each["size"] for each in found["clusters"]] == [9, 9, 9]
    assert (found["texts"], found["left_out"], found["agreement"]) == (27, 0, None)
    assert len(Path("rows.jsonl").read_text("utf-8").splitlines()) == 27
    assert "</svg>" in Path("map.html").read_text("utf-8")


@pytest.mark.usefixtures("topics")
def test_hdbscan_and_what_it_left_out_are_told(run: Run) -> None:
    text = Path("topics.jsonl").read_text("utf-8")
    Path("topics.jsonl").write_text(text + '\n{"text": "!!"}', encoding="utf-8")

    done = run("cluster", "topics.jsonl", "--method", "hdbscan")

    assert "HDBSCAN draws nothing by chance" in done.out
    assert "1 rows have nothing to compare by" in done.err


@pytest.mark.usefixtures("topics")
def test_a_mistake_in_clustering_is_told_in_two_lines(run: Run) -> None:
    refused(run("cluster", "topics.jsonl", "--k", "99"), 1, "99 clusters", "--k 27")
    refused(run("cluster", "topics.jsonl", "--method", "kmean"), 2, "Did you mean 'kmeans'?")
    hdbscan = ("cluster", "topics.jsonl", "--method", "hdbscan")
    refused(run(*hdbscan, "--k", "3"), 2, "There is no setting hdbscan.k")
    refused(run("cluster", "topics.jsonl", "--set", "mots=3"), 2, "Did you mean 'most'?")
    refused(run("cluster", "topics.jsonl", "--map", "map.svg"), 2, "End it in .png or .html")
    refused(run("cluster", "none.csv"), 1, "There is no file none.csv")
