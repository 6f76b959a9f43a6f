"""What clustering found: each text's cluster, what the clusters are, and how far to trust them.

Shapes: N texts, M of them placed, D dimensions, K clusters.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.clustering.agreement import Agreement
from textwright.clustering.naming import name_clusters
from textwright.clustering.partition import NONE
from textwright.clustering.picture import View, choose_shown, draw_clusters, place_points
from textwright.clustering.space import Floats
from textwright.clustering.words import WordCounts
from textwright.recipe.clustering import ClusterSettings
from textwright.text.columnar import Row
from textwright.vectors.packed import write_whole


@dataclass(frozen=True)
class Cluster:
    """A group of texts.

    number:  0 for the largest.
    words:   that set it apart, the most telling first.
    typical: different texts nearest to its centre.
    """

    number: int
    size: int
    words: tuple[str, ...]
    typical: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its words on one line."""
        return ", ".join(self.words)


@dataclass(frozen=True, eq=False)
class Clustering:
    """Texts with their clusters.

    source:      what the vectors are.
    rows, texts: of the file, N of each.
    labels:      [N] the number of the cluster of each, -1 for none.
    distances:   [N] Euclidean, to the centre of its cluster; NaN in none.
    placed:      [M] the rows that were compared; the others have nothing to read, or a vector of
                 zeros. vectors: [M, D] theirs, as they were compared.
    stability:   mean adjusted Rand index between runs from other seeds; None for hdbscan, which
                 draws nothing by chance, and for a single run.
    silhouettes: of each number of clusters tried, when it was chosen.
    agreement:   with the labels of people, where there are such.
    """

    source: str
    settings: ClusterSettings
    rows: Sequence[Row]
    texts: Sequence[str]
    labels: NDArray[np.int64]
    distances: NDArray[np.float32]
    placed: NDArray[np.int64]
    vectors: Floats
    clusters: tuple[Cluster, ...]
    stability: float | None
    silhouettes: dict[int, float]
    agreement: Agreement | None

    @property
    def left_out(self) -> int:
        """Count the rows that could not be compared."""
        return len(self.texts) - len(self.placed)

    @property
    def in_no_cluster(self) -> int:
        """Count the rows that were compared and lie in no cluster; of hdbscan alone."""
        return int((self.labels[self.placed] == NONE).sum())

    def table(self) -> dict[str, Any]:
        """Give what was found, less the rows, as JSON holds it."""
        return {
            "source": self.source,
            "method": self.settings.method,
            "texts": len(self.texts),
            "left_out": self.left_out,
            "in_no_cluster": self.in_no_cluster,
            "clusters": [asdict(each) for each in self.clusters],
            "stability": self.stability,
            "silhouettes": self.silhouettes,
            "agreement": asdict(self.agreement) if self.agreement else None,
        }

    def write(self, path: Path | str) -> None:
        """Write a line of JSON for each row: its number from 1, cluster, distance and text.

        The file appears whole or not at all; raises SettingsError for a full disk.
        """
        rows = zip(self.labels.tolist(), self.distances.tolist(), self.texts, strict=True)
        with write_whole(Path(path)) as file:
            for number, (label, distance, text) in enumerate(rows, start=1):
                near = None if label == NONE else round(distance, 6)
                line = {"row": number, "cluster": label, "distance": near, "text": text}
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def draw(self, path: Path | str) -> list[str]:
        """Draw a map, .png or .html; gives the names that no font of this machine can write."""
        title = f"{len(self.clusters)} clusters of {len(self.texts):,} texts"
        return draw_clusters(self.view, title, Path(path))

    @cached_property
    def view(self) -> View:
        """What a map shows, laid out once however many are drawn."""
        seed = self.settings.seed
        chosen = choose_shown(len(self.placed), seed)
        points, note = place_points(self.vectors[chosen], seed)
        if len(chosen) < len(self.placed):
            note += f" {len(chosen):,} texts of {len(self.placed):,}, drawn at random."
        shown = self.placed[chosen]
        return View(
            points=points,
            labels=self.labels[shown],
            texts=[self.texts[each] for each in shown],
            names=[each.name for each in self.clusters],
            sizes=[each.size for each in self.clusters],
            note=note,
        )


def describe_clusters(
    texts: Sequence[str],
    counted: WordCounts,
    found: tuple[NDArray[np.int64], NDArray[np.float32]],
    settings: ClusterSettings,
) -> tuple[Cluster, ...]:
    """Name clusters and find their typical texts.

    found: labels and distances, both [N].
    """
    labels, distances = found
    names = name_clusters(counted, labels, settings.words)
    clusters = []
    for number, words in enumerate(names):
        members = np.flatnonzero(labels == number)
        nearest = members[np.argsort(distances[members], kind="stable")]
        typical = list(dict.fromkeys(texts[each] for each in nearest))[: settings.typical]
        clusters.append(Cluster(number, len(members), words, tuple(typical)))
    return tuple(clusters)
