"""What `textwright cluster` prints."""

import numpy as np
import pytest

from tests.clustering.topics import make_rows
from textwright.cli.clusters import brief, print_agreement, print_clusters
from textwright.clustering.agreement import score_agreement
from textwright.clustering.result import Clustering, describe_clusters
from textwright.clustering.words import count_words
from textwright.recipe.clustering import ClusterSettings, HdbscanSettings, KMeansSettings

TEXTS = [text for text, _ in make_rows()]
LABELS = np.repeat([0, 1, -1], 9)


def make_found(settings: ClusterSettings, *, stability: float | None = None) -> Clustering:
    distances = np.where(LABELS < 0, np.nan, 0.5).astype(np.float32)
    return Clustering(
        source="vectors of sentences@1",
        settings=settings,
        rows=[],
        texts=TEXTS,
        labels=LABELS,
        distances=distances,
        placed=np.arange(25),
        vectors=np.zeros((25, 2), dtype=np.float32),
        clusters=describe_clusters(TEXTS, count_words(TEXTS), (LABELS, distances), settings),
        stability=stability,
        silhouettes={},
        agreement=None,
    )


def test_what_hdbscan_found_and_left(capsys: pytest.CaptureFixture[str]) -> None:
    print_clusters(make_found(HdbscanSettings()))

    told = capsys.readouterr()
    assert told.out.startswith("27 texts, hdbscan, vectors of sentences@1\n")
    assert "7 texts lie in no cluster." in told.out
    assert "draws nothing by chance" in told.out
    assert "Silhouette" not in told.out
    assert "2 rows have nothing to compare by" in told.err


@pytest.mark.parametrize(("stability", "lines"), [(0.75, 1), (None, 0)])
def test_stability_is_told_where_there_were_several_seeds(
    capsys: pytest.CaptureFixture[str], stability: float | None, lines: int
) -> None:
    print_clusters(make_found(KMeansSettings(restarts=4), stability=stability))

    said = "Stability: 0.750 (mean adjusted Rand index between 4 seeds)"
    assert capsys.readouterr().out.count(said) == lines


def test_agreement_is_told_in_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_agreement(score_agreement(["x", "x", "y", "y"], np.array([0, 0, 0, 1])))

    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Against 2 labels of 4 texts: NMI 0.3437, V-measure 0.3437")
    assert second == "accuracy 0.7500, adjusted Rand index 0.0000"


@pytest.mark.parametrize(
    ("typical", "shown"),
    [((), ""), (("two\n lines",), "two lines"), (("x" * 80, "second"), "x" * 59 + "…")],
)
def test_the_most_typical_text_stands_on_one_line(typical: tuple[str, ...], shown: str) -> None:
    assert brief(typical) == shown
