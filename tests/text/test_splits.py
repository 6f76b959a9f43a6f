"""Train, dev and test: parted by text, and leaks counted."""

import json
from collections import Counter
from pathlib import Path

import pytest

from textwright.errors import DataError
from textwright.recipe.data import DataSettings, DevShare, RowForm
from textwright.text.examples import Dataset
from textwright.text.splits import find_leaks, hash_share, read_splits


def write(folder: Path, name: str, texts: list[str]) -> None:
    rows = (json.dumps({"text": text, "label": text[-1:] or "0"}) for text in texts)
    (folder / name).write_text("\n".join(rows), encoding="utf-8")


def test_a_share_of_the_training_rows_becomes_dev_and_repeats_stay_together(
    tmp_path: Path,
) -> None:
    write(tmp_path, "train.jsonl", [f"text {number % 500}" for number in range(1000)])

    splits = read_splits(DataSettings(train="train.jsonl", dev=DevShare(0.2), root=str(tmp_path)))

    train = {each.text for each in splits.train.examples}
    dev = {each.text for each in splits.dev.examples}
    assert not train & dev
    assert len(splits.train.examples) + len(splits.dev.examples) == 1000
    assert 120 < len(splits.dev.examples) < 280
    assert splits.train.digest != splits.dev.digest


def test_the_side_of_a_text_is_the_same_on_every_machine() -> None:
    assert hash_share("where is my card") == pytest.approx(0.1979015, abs=1e-6)


def drawn(folder: Path, count: int, seed: int = 7) -> Dataset:
    settings = DataSettings(
        train="train.jsonl",
        dev=DevShare(0),
        root=str(folder),
        out_of_scope="0",
        rows_per_class=count,
        draw_seed=seed,
    )
    return read_splits(settings).train


def test_so_many_rows_of_each_class_are_drawn_whatever_their_order(tmp_path: Path) -> None:
    texts = [f"text {number} of {number % 4}" for number in range(40)] + ["alone 5"]
    write(tmp_path, "train.jsonl", texts)
    found, others = drawn(tmp_path, 3), drawn(tmp_path, 3, seed=8)
    write(tmp_path, "train.jsonl", texts[::-1])

    counts = Counter(each.labels for each in found.examples)

    assert counts == {(): 3, ("1",): 3, ("2",): 3, ("3",): 3, ("5",): 1}
    assert found.dropped["not drawn"] == 41 - 13
    assert drawn(tmp_path, 3).digest == found.digest != others.digest
    assert {each.text for each in found.examples} < {
        each.text for each in drawn(tmp_path, 4).examples
    }


def test_dev_rows_are_cut_from_those_that_were_drawn(tmp_path: Path) -> None:
    write(tmp_path, "train.jsonl", [f"text {number} {number % 2}" for number in range(200)])
    settings = DataSettings(
        train="train.jsonl", dev=DevShare(0.3), root=str(tmp_path), rows_per_class=20
    )

    splits = read_splits(settings)

    assert len(splits.train.examples) + len(splits.dev.examples) == 40
    assert splits.dev.examples


def test_a_dev_file_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "train.jsonl", ["a 1", "b 2"])
    write(tmp_path, "dev.jsonl", ["a 1", "", "c 1"])

    splits = read_splits(DataSettings(train="train.jsonl", dev="dev.jsonl", root=str(tmp_path)))

    assert len(splits.dev.examples) == 3
    assert splits.test is None
    assert find_leaks(splits) == []


def test_too_few_rows_for_a_dev_set_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "train.jsonl", ["a 1"])

    with pytest.raises(DataError, match="no dev set can be cut"):
        read_splits(DataSettings(train="train.jsonl", root=str(tmp_path)))


def test_test_rows_that_stand_in_the_training_file_are_found(tmp_path: Path) -> None:
    write(tmp_path, "train.jsonl", [f"text {number}" for number in range(100)])
    write(tmp_path, "test.jsonl", ["text 5", " text 77\n", "new 1", "text 5"])

    splits = read_splits(DataSettings(train="train.jsonl", test="test.jsonl", root=str(tmp_path)))

    assert find_leaks(splits) == [True, True, False, True]


def test_pieces_of_a_text_that_are_cut_elsewhere_are_found_by_their_lines(tmp_path: Path) -> None:
    lines = [f"line {number} of a long text\nShort." for number in range(1_000)]
    others = [f"line {number} of another text\nShort." for number in range(1_000)]
    (tmp_path / "train.txt").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "test.txt").write_text("\n".join(lines[1:501] + others), encoding="utf-8")
    settings = DataSettings(train="train.txt", test="test.txt", root=str(tmp_path))
    splits = read_splits(settings, RowForm(label="none"))

    leaked = find_leaks(splits, lines=True)

    assert leaked == [True] * 8 + [False] * 16
    assert not any(find_leaks(splits))


def test_a_piece_of_short_lines_is_looked_up_whole(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "Yes.\\nNo."}\n{"text": "No."}', "utf-8")
    (tmp_path / "test.jsonl").write_text('{"text": "No."}\n{"text": "No.\\nYes."}', "utf-8")
    settings = DataSettings(
        train="train.jsonl", dev=DevShare(0), test="test.jsonl", root=str(tmp_path)
    )

    assert find_leaks(read_splits(settings, RowForm(label="none")), lines=True) == [True, False]
