"""Pairs of texts out of files: their columns, labels, repeats and splits."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textwright.errors import DataError
from textwright.recipe.data import DataSettings, DevShare, RowForm
from textwright.text.batch import Encoding, join_pairs, make_batch
from textwright.text.examples import Example, Pair
from textwright.text.labels import find_scale, read_labels, write_labels
from textwright.text.readers import read_dataset
from textwright.text.splits import Splits, find_leaks, read_splits

NUMBERS = RowForm(paired=True, label="number")


def write(folder: Path, *rows: dict[str, Any], name: str = "train.jsonl") -> DataSettings:
    (folder / name).write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
    return DataSettings(train="train.jsonl", test="test.jsonl", root=str(folder), dev=DevShare(0.0))


def row(a: str, b: str, label: Any = 1) -> dict[str, Any]:
    return {"text_a": a, "text_b": b, "label": label}


def test_a_row_has_two_texts_and_a_number(tmp_path: Path) -> None:
    data = write(tmp_path, row("a cat", "一只猫", 4.5), row("rain", "snow", " 2"))

    found = read_dataset(data, data.train, keep_empty=False, form=NUMBERS).examples

    assert [each.input for each in found] == [Pair("a cat", "一只猫"), Pair("rain", "snow")]
    assert [each.labels for each in found] == [("4.5",), ("2",)]
    assert len(found[0].input) == 8


def test_a_pair_with_an_empty_text_is_dropped_from_training_and_kept_in_a_test(
    tmp_path: Path,
) -> None:
    data = write(tmp_path, row("a", " "), row("a", "b"))

    trained = read_dataset(data, data.train, keep_empty=False, form=NUMBERS)
    tested = read_dataset(data, data.train, keep_empty=True, form=NUMBERS)

    assert (len(trained.examples), dict(trained.dropped)) == (1, {"empty text": 1})
    assert len(tested.examples) == 2


@pytest.mark.parametrize(
    ("label", "form", "said"),
    [
        ("good", "number", "'good', which is no number"),
        (None, "number", "None, which is no number"),
        (True, "number", "True, which is no number"),
        ("nan", "number", "'nan', which is no number"),
        (2.5, "whole", "2.5, which is no whole number"),
    ],
)
def test_a_label_that_is_no_number_is_refused_with_its_row(
    tmp_path: Path, label: Any, form: str, said: str
) -> None:
    data = write(tmp_path, row("a", "b"), row("c", "d", label))

    with pytest.raises(DataError, match=f"row 2: the label is {said}"):
        read_dataset(data, data.train, keep_empty=False, form=RowForm(paired=True, label=form))


def test_a_missing_column_is_answered_with_the_nearest(tmp_path: Path) -> None:
    data = write(tmp_path, {"text_a": "a", "textb": "b", "label": 1})

    with pytest.raises(DataError, match="no column 'text_b'") as refused:
        read_dataset(data, data.train, keep_empty=False, form=NUMBERS)

    assert "textb" in refused.value.hint


def test_a_loose_row_may_hold_one_text_and_no_label_a_test_row_not(tmp_path: Path) -> None:
    loose = RowForm(paired=True, label="number", loose=True)
    data = write(tmp_path, {"text": "alone"}, {"text_a": "a", "text_b": "b"})
    write(tmp_path, {"text": "alone"}, name="test.jsonl")

    found = read_dataset(data, data.train, keep_empty=False, form=loose).examples

    assert [(each.input, each.labels) for each in found] == [("alone", ()), (Pair("a", "b"), ())]
    with pytest.raises(DataError, match="no column 'text_a'"):
        read_splits(data, loose)


def test_a_pair_is_a_repeat_in_either_order() -> None:
    one, other = Example("a ", (), text_b="b"), Example("b", (), text_b="a")

    assert one.key == other.key != Example("a", (), text_b="c").key


def test_a_test_pair_that_stands_in_training_leaks_also_the_other_way_round(
    tmp_path: Path,
) -> None:
    data = write(tmp_path, row("a", "b"), row("c", "d"))
    write(tmp_path, row("b", "a"), row("a", "c"), name="test.jsonl")

    splits = read_splits(data, NUMBERS)

    assert find_leaks(splits) == [True, False]


def test_repeats_of_a_pair_stay_on_one_side_of_a_cut(tmp_path: Path) -> None:
    pairs = [row(f"a{each % 20}", f"b{each % 20}") for each in range(60)]
    data = DataSettings(train="train.jsonl", root=str(tmp_path), dev=DevShare(0.4))
    write(tmp_path, *pairs)

    splits: Splits = read_splits(data, NUMBERS)

    sides = [{each.key for each in part.examples} for part in (splits.train, splits.dev)]
    assert not sides[0] & sides[1]


def test_texts_are_joined_two_by_two_and_parted_again() -> None:
    texts = [Encoding(np.arange(each), truncated=each == 3) for each in (2, 3, 0, 1)]

    joined = join_pairs(texts)

    assert [len(each.ids) for each in joined] == [5, 1]
    assert [each.truncated for each in joined] == [True, False]
    assert [text for each in joined for text in each.texts] == texts


def test_a_batch_tells_the_two_texts_of_a_pair_apart_where_they_are_read_at_once() -> None:
    pairs = [Encoding(np.arange(5), second=3), Encoding(np.arange(2), second=1)]

    types = make_batch(pairs).inputs["types"]

    assert types.tolist() == [[0, 0, 0, 1, 1], [0, 1, 0, 0, 0]]
    assert "types" not in make_batch([Encoding(np.arange(3))]).inputs


@pytest.mark.parametrize(
    ("labels", "kind", "said"),
    [
        (["3", "3.0"], "regression", "the label 3"),
        (["a"], "binary", "the label 'a'"),
        (["a", "b", "c"], "binary", "3 labels, binary labels are two"),
    ],
)
def test_labels_that_teach_nothing_are_refused(labels: list[str], kind: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        find_scale(labels, kind)


@pytest.mark.parametrize("kind", ["regression", "graded", "binary"])
def test_a_scale_is_read_back_as_it_was_written(tmp_path: Path, kind: str) -> None:
    scale = find_scale(["1", "4"], kind)

    write_labels(scale, tmp_path / "labels.json")

    assert read_labels(tmp_path / "labels.json") == scale
