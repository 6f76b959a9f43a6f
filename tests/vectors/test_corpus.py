"""Building a corpus: what it holds, what it refuses, and what a killed build leaves."""

import gzip
import lzma
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import DataError, SettingsError
from textwright.recipe.vectors import CorpusSettings
from textwright.vectors.corpus import Corpus, build_corpus, open_corpus

SPACES = CorpusSettings(tokenizer="spaces", min_count=1)
TEXT = "the cat sat\nthe dog sat\n\nthe end\n"


def sentences(corpus: Corpus) -> list[str]:
    """Give the sentences as text again."""
    bounds = corpus.starts.tolist()
    return [
        " ".join(corpus.words[each] for each in corpus.ids[first:end])
        for first, end in pairwise(bounds)
    ]


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Corpus]:
    """Give a function that builds a corpus of some text."""

    def build_text(text: str | bytes, settings: CorpusSettings = SPACES) -> Corpus:
        path = tmp_path / "text.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return build_corpus([path], tmp_path / "corpus", settings)

    return build_text


def test_words_stand_by_count_and_sentences_by_line(build: Callable[..., Corpus]) -> None:
    corpus = build(TEXT)

    assert corpus.words == ["the", "sat", "cat", "dog", "end"]
    assert corpus.counts.tolist() == [3, 2, 1, 1, 1]
    assert sentences(corpus) == ["the cat sat", "the dog sat", "the end"]
    assert (corpus.raw_tokens, corpus.tokenizer) == (8, "spaces, lowercase")
    assert isinstance(corpus.ids, np.memmap)
    assert [corpus.ids.dtype.name, corpus.starts.dtype.name] == ["int32", "int64"]
    assert corpus.notes() == []


def test_rare_words_and_sentences_of_none_but_them_are_left_out(
    build: Callable[..., Corpus],
) -> None:
    corpus = build("a b a\nc\nb a d\ne e", replace(SPACES, min_count=2))

    assert (corpus.words, corpus.counts.tolist()) == (["a", "b", "e"], [3, 2, 2])
    assert sentences(corpus) == ["a b a", "b a", "e e"]
    assert corpus.raw_tokens == 9


def test_only_the_commonest_words_are_kept_when_asked(build: Callable[..., Corpus]) -> None:
    corpus = build("a b a\nc b c a", replace(SPACES, max_words=2))

    assert corpus.words == ["a", "b"]
    assert sentences(corpus) == ["a b a", "b a"]


def test_packed_and_plain_files_together_are_one_text(tmp_path: Path) -> None:
    plain, gz, xz = tmp_path / "a.txt", tmp_path / "b.txt.gz", tmp_path / "c.txt.xz"
    plain.write_bytes("\ufeffone two\nthree".encode())
    gz.write_bytes(gzip.compress(b"four five\n"))
    xz.write_bytes(lzma.compress(b"six\r\nseven"))

    corpus = build_corpus([plain, gz, xz], tmp_path / "corpus", SPACES)

    assert sentences(corpus) == ["one two", "three", "four five", "six", "seven"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("words", ["the card !", "我 的 卡 丢 了", "the card 丢 了"]),
        ("jieba", ["the card !", "我 的 卡 丢 了", "the card 丢 了"]),
        ("characters", ["t h e c a r d !", "我 的 卡 丢 了", "t h e c a r d 丢 了"]),
    ],
)
def test_every_kind_of_tokenizer_makes_a_corpus(
    build: Callable[..., Corpus], kind: str, expected: list[str]
) -> None:
    corpus = build(
        "The CARD!\n我的卡丢了\nthe card丢了", CorpusSettings(tokenizer=kind, min_count=1)
    )

    assert sentences(corpus) == expected
    assert corpus.tokenizer == f"{kind}, lowercase"


def test_blocks_cut_no_word_apart(build: Callable[..., Corpus]) -> None:
    lines = [f"word{each} Ärger {'x' * (each % 97)} 中文{each % 7}" for each in range(20_000)]

    corpus = build("\n".join(lines))

    assert sentences(corpus) == [" ".join(line.lower().split()) for line in lines]


def test_an_endless_line_becomes_sentences_of_ten_thousand_words(
    build: Callable[..., Corpus],
) -> None:
    corpus = build("to be or not to be\n" + "all in one line " * 250_000 + "\nend")

    sizes = np.diff(corpus.starts).tolist()
    assert sizes == [6, *[10_000] * 100, 1]
    assert corpus.notes() == ["1 lines of more than 10,000 words were cut into several sentences."]


def test_an_endless_line_without_blanks_is_cut_between_characters(
    build: Callable[..., Corpus],
) -> None:
    corpus = build("中文" * 400_000, CorpusSettings(tokenizer="words"))

    assert corpus.words == ["中", "文"]
    assert corpus.counts.tolist() == [400_000, 400_000]


def test_bytes_that_are_no_utf8_are_refused_with_their_line(
    build: Callable[..., Corpus], tmp_path: Path
) -> None:
    text = b"good line\n" * 40_000 + b"caf\xe9 au lait\n"

    with pytest.raises(DataError, match=r"text\.txt, line 40001 is not UTF-8: byte 0xe9"):
        build(text)

    assert list((tmp_path / "corpus").iterdir()) == []


def test_bytes_that_are_no_utf8_are_replaced_and_counted_when_asked(
    build: Callable[..., Corpus],
) -> None:
    settings = replace(SPACES, errors="replace")

    corpus = build(b"caf\xe9 au\xff lait \xef\xbf\xbd\nplain", settings)

    assert sentences(corpus) == ["caf\ufffd au\ufffd lait \ufffd", "plain"]
    assert corpus.notes() == ["2 places that are no UTF-8 were read as U+FFFD."]


@pytest.mark.parametrize("text", ["", "\n\n  \n"])
def test_an_empty_text_is_refused(build: Callable[..., Corpus], text: str) -> None:
    with pytest.raises(DataError, match="holds no word"):
        build(text)


def test_a_vocabulary_of_one_is_refused(build: Callable[..., Corpus]) -> None:
    with pytest.raises(DataError, match="1 of 2 different words occur min_count = 2 times"):
        build("again again again once", replace(SPACES, min_count=2))


def test_a_text_of_single_words_is_kept_but_said_to_be_useless(
    build: Callable[..., Corpus],
) -> None:
    corpus = build("one\ntwo\none")

    assert sentences(corpus) == ["one", "two", "one"]
    assert ["no context" in note for note in corpus.notes()] == [True]


def test_a_missing_file_and_a_packed_one_cut_short_are_named(tmp_path: Path) -> None:
    short = tmp_path / "short.txt.gz"
    short.write_bytes(gzip.compress(b"some words " * 1000)[:-20])

    with pytest.raises(DataError, match=r"There is no file .*missing\.txt"):
        build_corpus([tmp_path / "missing.txt"], tmp_path / "corpus", SPACES)
    with pytest.raises(DataError, match=r"short\.txt\.gz cannot be read"):
        build_corpus([short], tmp_path / "corpus", SPACES)
    with pytest.raises(DataError, match="No text file"):
        build_corpus([], tmp_path / "corpus", SPACES)


def test_too_many_different_words_are_counted_in_bounded_memory(
    build: Callable[..., Corpus],
) -> None:
    lines = [f"often seldom{each} often again{each % 50}" for each in range(60_000)]

    corpus = build("\n".join(lines), replace(SPACES, min_count=5, max_counted=30_000))

    assert len(corpus.words) == 51
    assert corpus.counts[0] == 120_000
    assert ["max_counted" in note for note in corpus.notes()] == [True]


def test_a_finished_corpus_is_opened_and_not_built_again(
    build: Callable[..., Corpus], tmp_path: Path
) -> None:
    build(TEXT)
    before = (tmp_path / "corpus" / "ids.int32").stat()
    text = tmp_path / "text.txt"

    again = build_corpus([text], tmp_path / "corpus", SPACES)
    kept = (tmp_path / "corpus" / "ids.int32").stat()
    text.write_text("another text altogether")
    other = build_corpus([text], tmp_path / "corpus", SPACES)

    assert sentences(again) == ["the cat sat", "the dog sat", "the end"]
    assert (kept.st_ino, kept.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sentences(other) == ["another text altogether"]


@pytest.mark.parametrize(("kind", "part"), [("words", 0.3), ("words", 0.6), ("jieba", 0.6)])
def test_a_killed_build_goes_on_to_the_same_corpus(tmp_path: Path, kind: str, part: float) -> None:
    text, settings = tmp_path / "text.txt", CorpusSettings(tokenizer=kind, min_count=1)
    text.write_text("".join(f"{'long' * 50}{each % 99} in line\n" for each in range(3000)))

    def kill(done: int, total: int) -> None:
        if done >= part * total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_corpus([text], tmp_path / "killed", settings, progress=kill)
    left = {path.name for path in (tmp_path / "killed").iterdir()}
    with pytest.raises(DataError, match="no finished corpus"):
        open_corpus(tmp_path / "killed")
    calls: list[tuple[int, int]] = []
    report = lambda done, total: calls.append((done, total))  # noqa: E731
    build_corpus([text], tmp_path / "killed", settings, progress=report)
    build_corpus([text], tmp_path / "whole", settings)

    assert ("counted.json" in left) == (part > 0.5)
    assert (calls[0][0] > calls[0][1] / 2) == (part > 0.5)  # counting was not done again
    assert calls[-1] == (18_000, 18_000)
    for name in ("words.txt", "ids.int32", "starts.int64"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list((tmp_path / "killed").glob("*.partial"))


def test_a_file_that_changed_is_told(build: Callable[..., Corpus], tmp_path: Path) -> None:
    build(TEXT)
    with (tmp_path / "corpus" / "ids.int32").open("ab") as file:
        file.write(b"more")

    with pytest.raises(DataError, match="have changed"):
        open_corpus(tmp_path / "corpus")


BUILD_IN_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from textwright.errors import SettingsError
from textwright.recipe.vectors import CorpusSettings
from textwright.vectors.corpus import build_corpus

resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    build_corpus([Path(sys.argv[1])], Path(sys.argv[2]), CorpusSettings(tokenizer="spaces"))
except SettingsError as error:
    print(error)
"""


def test_a_full_disk_is_told_and_leaves_no_partial_file(tmp_path: Path) -> None:
    text, folder = tmp_path / "text.txt", tmp_path / "corpus"
    text.write_text("a long text of few words\n" * 5000)

    done = subprocess.run(
        [sys.executable, "-c", BUILD_IN_LITTLE_ROOM, str(text), str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "cannot be written: [Errno 27] File too large" in done.stdout
    assert "Make room" in done.stdout
    assert [path.name for path in folder.iterdir()] == ["counted.json"]
    assert len(build_corpus([text], folder, CorpusSettings(tokenizer="spaces")).ids) == 30_000


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT)

    with pytest.raises(SettingsError, match="cannot be written"):
        build_corpus([tmp_path / "text.txt"], tmp_path / "text.txt" / "corpus", SPACES)
