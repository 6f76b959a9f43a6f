"""Files in blocks that end between words."""

import gzip
from pathlib import Path

import pytest

from textwright.errors import DataError
from textwright.vectors.blocks import BLOCK_BYTES, find_cut, read_blocks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one line\nand a piece", "one line\n"),
        ("no line just a piece", "no line just a "),
        ("nothing", "nothing"),
        ("中文", "中"),  # the last one waits
        ("中", ""),
    ],
)
def test_a_block_ends_behind_a_line_else_a_blank(text: str, expected: str) -> None:
    encoded = text.encode()

    assert encoded[: find_cut(encoded)].decode() == expected


@pytest.mark.parametrize("missing", [1, 2])
def test_no_character_is_cut_apart(missing: int) -> None:
    text = "中文".encode()[:-missing]

    assert text[: find_cut(text)].decode() == "中"


def test_blocks_put_together_are_the_file_and_know_their_line(tmp_path: Path) -> None:
    lines = [f"line {each} {'x' * (each % 300)}" for each in range(9000)]
    (tmp_path / "text.txt").write_text("\n".join(lines))

    blocks = list(read_blocks([tmp_path / "text.txt"]))

    assert b"".join(block.text for block in blocks).decode() == "\n".join(lines) + "\n"
    assert len(blocks) > 3
    for block in blocks:
        assert block.text.decode().startswith(lines[block.line - 1])
    assert [block.share for block in blocks] == sorted(block.share for block in blocks)
    assert blocks[-1].share == 1


@pytest.mark.parametrize("text", ["a b", "a b ", "word", "{}", "中文", "a\nb", "a\n"])
def test_the_last_line_ends_with_a_line_break_whatever_it_ends_with(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())

    found = b"".join(block.text for block in read_blocks([path]))

    assert found.decode() == text.removesuffix("\n") + "\n"


def test_an_endless_line_is_read_in_blocks_of_bounded_size(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(gzip.compress("word 中".encode() * 500_000))

    sizes = [len(block.text) for block in read_blocks([tmp_path / "text"])]

    assert max(sizes) <= 2 * BLOCK_BYTES
    assert sum(sizes) == 4_000_001


def test_a_folder_is_no_text_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        list(read_blocks([tmp_path]))
