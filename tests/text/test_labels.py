"""Labels: their order, their file, and too few of them."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.errors import ArtifactError, DataError
from textwright.text.labels import Labels, TextMetrics, find_labels, read_labels, write_labels


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


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, unique=True),
    st.booleans(),
    st.floats(0.01, 100),
    st.floats(0, 1),
)
def test_any_labels_come_back_from_their_file(
    names: list[str], multi: bool, temperature: float, threshold: float
) -> None:
    labels = Labels(tuple(names), multi, temperature, threshold)

    with tempfile.TemporaryDirectory() as folder:
        write_labels(labels, Path(folder) / "labels.json")
        assert read_labels(Path(folder) / "labels.json") == labels


def test_one_label_is_enough_where_a_text_may_have_none() -> None:
    assert find_labels([("a",), ()], multi=True).names == ("a",)
    with pytest.raises(DataError, match="hold no label"):
        find_labels([(), ()], multi=True)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="Train the model again"):
        read_labels(tmp_path / "labels.json")


def test_a_table_of_labels_alone_answers_one_each_uncalibrated_and_never_abstains() -> None:
    assert Labels(("a", "b")) == Labels(("a", "b"), multi=False, temperature=1.0, threshold=0.0)


def test_the_metrics_of_written_texts_come_back_in_their_order(tmp_path: Path) -> None:
    metrics = {"translate": "bleu", "a": "rouge"}
    labels = TextMetrics((), metrics=metrics, column="task")

    write_labels(labels, tmp_path / "labels.json")
    found = read_labels(tmp_path / "labels.json")

    assert found == labels
    assert isinstance(found, TextMetrics)
    assert list(found.metrics) == ["translate", "a"]


def test_a_row_has_the_metric_of_its_task() -> None:
    several = TextMetrics((), metrics={"a": "rouge"}, column="task")

    assert several.find({"task": "a", "other": "x"}) == "rouge"
    assert several.find({"task": "b"}) == several.find({}) == ""
    assert TextMetrics(()).find({"task": "b"}) == "bleu"
