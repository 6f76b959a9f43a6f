"""The settings of clustering texts: of both methods, and of each."""

from dataclasses import dataclass
from typing import ClassVar

from textwright.recipe.settings import setting


@dataclass(frozen=True)
class CommonSettings:
    """How vectors are made ready, and what is told of each cluster."""

    method: ClassVar[str]
    normalize: bool = setting(True, "bring vectors to length 1: nearness is by cosine")
    dimensions: int = setting(
        0, "principal components kept; 0: the vectors as they are", at_least=0
    )
    whiten: float = setting(
        0.0, "how far to make the kept components equally large, 0 to 1", at_least=0, at_most=1
    )
    neighbours: int = setting(0, "nearest texts averaged with each; at most one in ten", at_least=0)
    words: int = setting(6, "words in a cluster's name", at_least=1)
    typical: int = setting(3, "typical texts given of each cluster", at_least=0)
    seed: int = setting(7, "of every random choice", at_least=0)


@dataclass(frozen=True)
class KMeansSettings(CommonSettings):
    """Every text goes to the nearest of k centres."""

    method: ClassVar[str] = "kmeans"
    k: int = setting(0, "clusters; 0: as many as have the largest silhouette", at_least=0)
    most: int = setting(30, "clusters tried at most when k is chosen", at_least=2)
    restarts: int = setting(
        10, "runs, each from a seed of its own; the closest is kept", at_least=1
    )


@dataclass(frozen=True)
class HdbscanSettings(CommonSettings):
    """Dense places become clusters; texts between them are in none."""

    method: ClassVar[str] = "hdbscan"
    dimensions: int = setting(
        5, "principal components kept; 0: the vectors as they are", at_least=0
    )
    neighbours: int = setting(
        10, "nearest texts averaged with each; at most one in ten", at_least=0
    )
    min_size: int = setting(
        0, "texts of the smallest cluster; 0: one in 200, but 5 at least", at_least=0
    )


ClusterSettings = KMeansSettings | HdbscanSettings
METHODS: dict[str, type[ClusterSettings]] = {"kmeans": KMeansSettings, "hdbscan": HdbscanSettings}
