"""A file of vectors, written piece by piece: what is on disk at each moment."""

import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textwright.errors import DataError, RefusedError, SettingsError
from textwright.workflow.vector_file import (
    Order,
    Tally,
    header,
    open_vector_file,
    read_marker,
    write_all,
)

ORDER = Order("a" * 64, "b" * 64, "text", rows=4, dimensions=3, dtype="float32")
ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


class Stubborn(io.BytesIO):
    """A file that takes two bytes at a time."""

    def write(self, data: Any) -> int:
        """Write the first two bytes."""
        return super().write(memoryview(data)[:2])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Give the name of a file of vectors."""
    return tmp_path / "v.npy"


def write_first(out: Path, count: int, order: Order = ORDER) -> None:
    with open_vector_file(out, order) as file:
        done = file.tally.done
        file.append(ROWS[done : done + count], Tally(done + count))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", [(4, 3), (10**9, 384)])
def test_the_head_is_that_of_a_whole_npy_file(dtype: str, shape: tuple[int, int]) -> None:
    order = replace(ORDER, rows=shape[0], dimensions=shape[1], dtype=dtype)
    head = io.BytesIO(header(order))

    assert np.lib.format.read_magic(head) == (1, 0)
    assert np.lib.format.read_array_header_1_0(head) == (shape, False, np.dtype(dtype))


def test_all_rows_make_the_file_that_numpy_would_write(out: Path, tmp_path: Path) -> None:
    write_first(out, 4)

    np.save(tmp_path / "numpy.npy", ROWS)
    assert out.read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["numpy.npy", "v.npy"]


def test_some_rows_stay_under_another_name_with_their_count(out: Path, tmp_path: Path) -> None:
    write_first(out, 3)

    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["v.npy.partial", "v.npy.partial.json"]
    assert read_marker(tmp_path / "v.npy.partial.json") == (ORDER, Tally(3))
    write_first(out, 1)
    np.testing.assert_array_equal(np.load(out), ROWS)


def test_an_earlier_file_stays_whole_until_the_new_one_is(out: Path) -> None:
    np.save(out, np.zeros((2, 2)))

    write_first(out, 3)
    assert np.load(out).shape == (2, 2)
    write_first(out, 1)
    np.testing.assert_array_equal(np.load(out), ROWS)


def test_a_number_beyond_float16_is_refused_and_nothing_of_it_kept(out: Path) -> None:
    half = replace(ORDER, dtype="float16")
    write_first(out, 2, half)

    with (
        pytest.raises(DataError, match="beyond what float16 holds"),
        open_vector_file(out, half) as file,
    ):
        file.append(np.full((1, 3), 70_000, dtype=np.float32), Tally(3))

    assert read_marker(out.with_name("v.npy.partial.json")) == (half, Tally(2))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"order": {}}', '{"order": {"rows": 1}, "tally": {}}', "null"]
)
def test_a_marker_that_cannot_be_read_is_refused(out: Path, content: str) -> None:
    write_first(out, 2)
    out.with_name("v.npy.partial.json").write_text(content, encoding="utf-8")

    with pytest.raises(DataError, match="cannot be read") as caught:
        write_first(out, 1)

    assert caught.value.hint == "Remove it to start anew."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input": "c"}, "the texts differ"),
        ({"model": "c"}, "the model differ"),
        ({"column": "body"}, "column differ"),
        ({"rows": 5}, "rows differ"),
        ({"dimensions": 2, "dtype": "float16"}, "dimensions, dtype differ"),
    ],
)
def test_another_order_is_refused_by_what_differs(
    out: Path, change: dict[str, Any], said: str
) -> None:
    write_first(out, 2)
    other = Order(**{**asdict(ORDER), **change})

    with pytest.raises(DataError, match=said), open_vector_file(out, other):
        pass


def test_rows_are_counted_only_once_they_are_written(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_first(out, 1)

    def full(_file: object, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("textwright.workflow.vector_file.write_all", full)
    with pytest.raises(SettingsError, match="No space left") as caught:
        write_first(out, 1)

    assert "1 of 4 rows are kept" in caught.value.hint
    assert read_marker(out.with_name("v.npy.partial.json")) == (ORDER, Tally(1))


def test_the_lock_goes_with_its_holder(out: Path) -> None:
    with (
        open_vector_file(out, ORDER),
        pytest.raises(RefusedError, match="Another process"),
        open_vector_file(out, ORDER),
    ):
        pass

    write_first(out, 4)
    np.testing.assert_array_equal(np.load(out), ROWS)


def test_a_finish_cut_short_before_the_marker_went_is_told_from_an_old_file(out: Path) -> None:
    write_first(out, 4)
    marker = out.with_name("v.npy.partial.json")
    content = {"order": asdict(replace(ORDER, rows=9)), "tally": asdict(Tally(9))}
    marker.write_text(json.dumps(content), encoding="utf-8")

    with open_vector_file(out, ORDER) as file:
        assert file.tally.done == 0  # the marker was of another order


def test_bytes_that_a_file_takes_in_part_all_arrive() -> None:
    file = Stubborn()

    write_all(file, b"abcdefg")

    assert file.getvalue() == b"abcdefg"
