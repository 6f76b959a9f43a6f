"""Labels: their order, their file, and too few of them."""

from pathlib import Path

import pytest

from textwright.errors import ArtifactError, DataError
from textwright.text.labels import Labels, find_labels, read_labels, write_labels


def test_labels_are_sorted_and_repeats_and_rows_out_of_scope_add_nothing() -> None:
    assert find_labels([("b",), ("a",), (), ("b",)]).names == ("a", "b")


def test_targets_are_one_where_the_label_holds() -> None:
    labels = Labels(("a", "b"), multi=True)

    assert labels.targets([("b",), (), ("a", "b"), ("new",)]).tolist() == [
        [0, 1],
        [0, 0],
        [1, 1],
        [0, 0],
    ]


@pytest.mark.parametrize("rows", [[], [("a",), ("a",)], [(), ()]])
def test_one_class_cannot_be_learned(rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(DataError, match="at least two classes"):
        find_labels(rows)


def test_labels_come_back_from_their_file(tmp_path: Path) -> None:
    labels = Labels(("丢卡", "b"), multi=False, temperature=1.7, threshold=0.3)

    write_labels(labels, tmp_path / "labels.json")

    assert read_labels(tmp_path / "labels.json") == labels


@pytest.mark.parametrize("content", ["", "[]", '{"names": ["a"]}'])
def test_a_broken_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content)

    with pytest.raises(ArtifactError, match=r"labels\.json cannot be read"):
        read_labels(tmp_path / "labels.json")
