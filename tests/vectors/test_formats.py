"""Files of word vectors: what is written comes back, and what is wrong is named by its line."""

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import DataError, UnknownNameError
from textwright.vectors import formats
from textwright.vectors.formats import (
    FORMATS,
    WordTable,
    detect_format,
    read_vectors,
    write_vectors,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from gensim.models import KeyedVectors

WORDS = ["the", "王", "naïve", "no\u00a0break", "line\u2028end", "</s>", "3.5", "🙂"]


def make_table(words: list[str] = WORDS, dimensions: int = 5) -> WordTable:
    numbers = np.random.default_rng(1).normal(size=(len(words), dimensions))
    return WordTable(words, numbers.astype(np.float32))


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def record(word: bytes, *numbers: float) -> bytes:
    return word + b" " + struct.pack(f"<{len(numbers)}f", *numbers)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("ending", ["", ".gz", ".xz"])
def test_every_bit_comes_back(tmp_path: Path, kind: str, ending: str) -> None:
    table = make_table()
    path = tmp_path / f"vectors{ending}"

    write_vectors(path, table, kind=kind)
    found = read_vectors(path)

    assert found.words == table.words
    assert found.matrix.tobytes() == table.matrix.tobytes()
    assert found.matrix.dtype == np.float32


@pytest.mark.parametrize("kind", FORMATS)
def test_files_of_many_blocks_come_back(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "BLOCK", 100)
    table = make_table([f"word{number}" for number in range(300)], 7)

    write_vectors(tmp_path / "vectors", table, kind=kind)
    found = read_vectors(tmp_path / "vectors", kind=kind)

    assert found.words == table.words
    assert np.array_equal(found.matrix, table.matrix)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_first_words_are_read_alone(tmp_path: Path, kind: str) -> None:
    table = make_table()
    write_vectors(tmp_path / "vectors", table, kind=kind)

    found = read_vectors(tmp_path / "vectors", max_words=3)

    assert found.words == table.words[:3]
    assert np.array_equal(found.matrix, table.matrix[:3])


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_is_told_by_what_is_in_the_file(tmp_path: Path, kind: str) -> None:
    write_vectors(tmp_path / "vectors", make_table(), kind=kind)

    assert detect_format(tmp_path / "vectors") == ("word2vec" if kind == "fasttext" else kind)


def test_gensim_loads_our_files_and_we_load_gensims(tmp_path: Path) -> None:
    table = make_table()
    for binary, kind in ((False, "word2vec"), (True, "word2vec-binary")):
        write_vectors(tmp_path / "ours", table, kind=kind)
        theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "ours"), binary=binary)
        assert theirs.index_to_key == table.words
        assert np.array_equal(theirs.vectors, table.matrix)

        theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
        back = read_vectors(tmp_path / "theirs")
        assert dict(zip(back.words, back.matrix.tolist(), strict=True)) == dict(
            zip(table.words, table.matrix.tolist(), strict=True)
        )


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # gensim leaves the file open
def test_gensim_loads_our_glove_text(tmp_path: Path) -> None:
    table = make_table()
    write_vectors(tmp_path / "glove.txt", table, kind="glove")

    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "glove.txt"), no_header=True)

    assert np.array_equal(theirs.vectors, table.matrix)


@pytest.mark.parametrize(
    "text",
    [
        "2 3\na 1 2 3\nb 4 5 6",
        "2 3\r\na 1 2 3\r\nb 4 5 6\r\n",
        "2 3\na 1 2 3 \nb 4 5 6 \n",
        "a 1.0 2e0 3\nb 4 5 .6e1\n",
        "a\t1\t2\t3\nb\t4\t5\t6\n",
        "a  1 2  3\nb 4. +5 06\n",
    ],
)
def test_text_as_other_programs_write_it_is_read(tmp_path: Path, text: str) -> None:
    found = read_vectors(write(tmp_path / "vectors", text))

    assert found.words == ["a", "b"]
    assert found.matrix.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_binary_as_word2vec_and_gensim_write_it_is_read(tmp_path: Path) -> None:
    first, second = record(b"a", 1, 2), record(b"b", 3, 4)
    for body in (first + second, first + b"\n" + second + b"\n"):
        found = read_vectors(write(tmp_path / "vectors.bin", b"2 2\n" + body))

        assert found.words == ["a", "b"]
        assert found.matrix.tolist() == [[1, 2], [3, 4]]


def test_words_with_spaces_are_read_where_the_numbers_tell_them_apart(tmp_path: Path) -> None:
    found = read_vectors(write(tmp_path / "glove.txt", "a 1 2\n. . . 3 4\nat b@c.de 5 6\n"))

    assert found.words == ["a", ". . .", "at b@c.de"]
    assert found.matrix.tolist() == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3 2\na 1 2\nb 3 4\n", "line 1 says 3 words, but 2 lines follow"),
        ("1 2\na 1 2\nb 3 4\n", "line 1 says 1 words, but 2 lines follow"),
        ("2 3\na 1 2 3\nb 3 4\n", "line 3 has 2 numbers, not 3"),
        ("2 2\na 1 2\nb 3 4 5\n", "line 3 has 3 numbers, not 2"),
        ("2 2\na 1 2 3\nb 3 4\n", "line 2 has 3 numbers, not 2"),
        ("a 1 2\nb 3\nc 1 2 3\n", "line 2 has 1 numbers, not 2"),
        ("a 1 2\n\nb 3 4\n", "line 2 has 0 numbers, not 2"),
        ("a 1 2\n 3 4\n", "line 2 has 1 numbers, not 2"),
        ("a 1 2\nb 3 x4\n", "line 2: b?'x4' is no number"),
        ("a 1 2\nb nan 4\n", "line 2 holds a number that is not finite"),
        ("a 1 2\nb 1e300 4\n", "line 2 holds a number that is not finite"),
        ("3 1\na 1\nb 3\na 4\n", "line 4 repeats 'a' of .*line 2"),
        ("0 3\n", "holds no words"),
        ("", "holds no words"),
    ],
)
def test_what_is_wrong_with_a_text_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_vectors(write(tmp_path / "vectors", text))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"2 2\n" + record(b"a", 1, 2) + record(b"b", 3, 4)[:-1], "word 2 is not whole"),
        (b"2 2\n" + record(b"a", 1, 2), "word 2 is not whole"),
        (b"2 2\n", "word 1 is not whole"),
        (b"9 2\n" + b"\xff" * 20_000, "word 1 is not whole"),
        (b"1 2\n" + record(b"a", 1, 2) + record(b"b", 3, 4), "goes on after the 1 words"),
        (b"2 2\n" + record(b"a", 1, 2) + record(b"a", 3, 4), "word 2 repeats 'a' of .*word 1"),
        (b"2 2\n" + record(b"a", 1, 2) + record(b"", 3, 4), "word 2 has no word"),
        (b"1 2\n" + record(b"a", 1, np.inf), "word 1 holds a number that is not finite"),
        (b"0 2\n", "holds no words"),
        (b"1 0\n" + record(b"a", 1), "line 1 is b'1 0"),
        (b"1 99999999999\n" + record(b"a", 1), "line 1 is b'1 99999999999"),
    ],
)
def test_what_is_wrong_with_a_binary_file_is_told(
    tmp_path: Path, content: bytes, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        read_vectors(write(tmp_path / "vectors", content), kind="word2vec-binary")


def test_every_cut_of_a_binary_file_is_told(tmp_path: Path) -> None:
    write_vectors(tmp_path / "whole", make_table(), kind="word2vec-binary")
    content = (tmp_path / "whole").read_bytes().rstrip(b"\n")

    for end in range(len(content)):
        with pytest.raises(DataError):
            read_vectors(write(tmp_path / "cut", content[:end]), kind="word2vec-binary")


def test_words_that_are_not_utf8_are_told_or_replaced(tmp_path: Path) -> None:
    path = write(tmp_path / "vectors", b"a 1 2\n\xff\xfe 3 4\nb\xff 5 6\n")

    with pytest.raises(DataError, match=r"line 2: the word b'\\xff\\xfe' is not UTF-8"):
        read_vectors(path)
    assert read_vectors(path, errors="replace").words == ["a", "\ufffd\ufffd", "b\ufffd"]


def test_replacing_keeps_the_first_of_repeated_words(tmp_path: Path) -> None:
    path = write(tmp_path / "vectors", b"\xff 1\nb 2\n\xfe 3\nb 4\nc 5\n")

    found = read_vectors(path, errors="replace")

    assert found.words == ["\ufffd", "b", "c"]
    assert found.matrix.tolist() == [[1], [2], [5]]


@pytest.mark.parametrize("word", ["", "two words", "line\nbreak", "tab\t", "half \ud83d"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_word_no_file_can_hold_is_refused(tmp_path: Path, kind: str, word: str) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write_vectors(tmp_path / "vectors", make_table(["a", word]), kind=kind)

    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'glove'"):
        write_vectors(tmp_path / "vectors", make_table(), kind="glov")
    with pytest.raises(UnknownNameError, match="Did you mean 'word2vec'"):
        read_vectors(write(tmp_path / "vectors", "a 1\n"), kind="word2vek")


def test_a_text_that_is_no_vectors_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1"):
        read_vectors(write(tmp_path / "novel.txt", "It was the best of times.\n"))
