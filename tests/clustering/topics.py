"""Texts of three topics, whose words hardly overlap, to be found again."""

from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.conftest import write_rows

TOPICS = {
    "card": (
        ["my bank card", "the bank card", "any bank card"],
        ["was declined", "was blocked", "was lost"],
    ),
    "rain": (
        ["heavy rain clouds", "the rain clouds", "dark rain clouds"],
        ["bring snow", "bring wind", "bring storms"],
    ),
    "音乐": (["听音乐的人", "爱音乐的人", "学音乐的人"], ["很开心", "很安静", "很年轻"]),
}


def make_rows(times: int = 1) -> list[tuple[str, str]]:
    """Give texts with their topics: nine a topic, each said so many ways."""
    ways = ["", " please", " again", " now"][:times]
    return [
        (f"{first} {second}{way}", topic)
        for topic, (firsts, seconds) in TOPICS.items()
        for first, second, way in product(firsts, seconds, ways)
    ]


def write_topics(path: Path, times: int = 1) -> Path:
    """Write them as JSONL, with the columns text and label."""
    return write_rows(path, make_rows(times))


def make_blobs(sizes: tuple[int, ...], spread: float = 0.05) -> NDArray[np.float32]:
    """Give vectors around as many directions as there are sizes, each direction an axis."""
    chance = np.random.default_rng(3)
    axes = np.repeat(np.eye(len(sizes), 8), sizes, axis=0)
    vectors: NDArray[np.float32] = (axes + chance.normal(0, spread, axes.shape)).astype(np.float32)
    return vectors
