"""Row digests in a file, searched without reading it all."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.errors import RefusedError
from textwright.lifecycle.rows import count_row, write_rows


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(0, 20))
def test_a_row_is_counted_as_often_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], wanted: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "train_rows"

    assert write_rows(path, (digest(str(row)) for row in rows)) == len(rows)

    assert count_row(path, digest(str(wanted))) == rows.count(wanted)


def test_the_file_holds_no_text_and_not_the_order_of_the_rows(tmp_path: Path) -> None:
    write_rows(tmp_path / "first", map(digest, ("where is my card", "b")))
    write_rows(tmp_path / "second", map(digest, ("b", "where is my card")))

    content = (tmp_path / "first").read_bytes()
    assert content == (tmp_path / "second").read_bytes()
    assert (len(content), b"card" in content) == (64, False)


def test_erased_digests_are_told_as_gone_not_as_not_held(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="are gone"):
        count_row(tmp_path / "train_rows", digest("a"))
