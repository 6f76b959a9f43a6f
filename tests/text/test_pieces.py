"""Plain text as rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from textwright.errors import DataError
from textwright.text.columnar import Row
from textwright.text.pieces import PIECE, cut_part, join_lines, take_part


def lines(count: int, width: int = 49) -> Iterator[tuple[int, Row]]:
    yield from ((number, {"text": f"{number:0{width}}"}) for number in range(1, count + 1))


def test_lines_are_joined_to_pieces_and_none_is_lost() -> None:
    pieces = list(join_lines(lines(100)))

    assert [number for number, _ in pieces] == [1, 2, 3]
    assert [len(row["text"]) + 1 for _, row in pieces] == [PIECE, PIECE, 1_000]
    assert "\n".join(row["text"] for _, row in pieces) == "\n".join(
        row["text"] for _, row in lines(100)
    )


def test_a_long_line_is_a_piece_and_nothing_gives_none() -> None:
    assert len(list(join_lines(lines(3, width=5_000)))) == 3
    assert list(join_lines(iter([]))) == []


@pytest.mark.parametrize(
    ("name", "file", "part"),
    [
        ("book.txt", "book.txt", (0, 100)),
        ("book.txt[:90%]", "book.txt", (0, 90)),
        ("book.txt.gz[90%:]", "book.txt.gz", (90, 100)),
        ("book.txt[5%:15%]", "book.txt", (5, 15)),
        ("book[1].txt", "book[1].txt", (0, 100)),
    ],
)
def test_a_name_says_which_part_of_a_file_is_meant(
    name: str, file: str, part: tuple[int, int]
) -> None:
    assert cut_part(Path("data") / name) == (Path("data") / file, part)


def test_a_part_without_rows_is_refused() -> None:
    with pytest.raises(DataError, match="from 90 % to 90 %"):
        cut_part(Path("book.txt[90%:90%]"))


def test_parts_hold_every_row_once() -> None:
    parts = [(0, 33), (33, 66), (66, 100)]

    taken = [row for part in parts for row in take_part(lines(10), part)]

    assert taken == list(take_part(lines(10), (0, 100))) == list(lines(10))
