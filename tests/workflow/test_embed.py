"""Embedding a file: every text in its row, in flat memory, gone on with after any stop."""

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.runtime.tiny import make_artifact, make_embedder
from textwright.errors import (
    DataError,
    SettingsError,
    TextwrightError,
    UnknownNameError,
    UsageError,
)
from textwright.models import load
from textwright.workflow.embed import CHUNK, EmbedOptions, embed
from textwright.workflow.vector_file import open_vector_file, read_marker

ROWS = 3 * CHUNK + 100
KILLED = """
import os, signal, sys
from textwright.workflow.embed import EmbedOptions, embed
from textwright.workflow.progress import Silent

class Fatal(Silent):
    def count(self, done, total):
        os.kill(os.getpid(), signal.SIGKILL)

embed(*sys.argv[1:], EmbedOptions(progress=Fatal()))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a model that embeds."""
    folder = tmp_path_factory.mktemp("model") / "artifact"
    make_embedder(folder, width=8)
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Give a file of texts of many lengths."""
    words = ["play", "the", "song", "rain", "卡", "card", "please"]
    rows = [{"text": " ".join(words[: 1 + each % 7] * (1 + each % 3))} for each in range(ROWS)]
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def whole(model: Path, texts: Path, tmp_path: Path) -> bytes:
    """Give the bytes of the file of an uninterrupted run."""
    embed(texts, model, tmp_path / "whole.npy")
    return (tmp_path / "whole.npy").read_bytes()


def kill_after_a_chunk(texts: Path, model: Path, out: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(texts), str(model), str(out)]
    done = subprocess.run(command, check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("out"))


@pytest.mark.parametrize("name", ["t.txt", "t.txt.gz", "t.csv", "t.tsv", "t.jsonl"])
def test_each_row_holds_the_vector_of_its_text(tmp_path: Path, model: Path, name: str) -> None:
    contents = {
        "txt": "play the song\n\n卡\n",
        "csv": 'text\nplay the song\n""\n卡\n',
        "tsv": "id\ttext\n1\tplay the song\n2\t\n3\t卡\n",
        "jsonl": '{"text": "play the song"}\n{"text": ""}\n{"text": "卡"}\n',
    }
    content = contents[name.split(".")[1]].encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)

    found = embed(tmp_path / name, model, tmp_path / "out.npy")

    assert (found.rows, found.dimensions, found.empty, found.truncated) == (3, 8, 1, 0)
    rows = np.load(tmp_path / "out.npy")
    expected = [each.vector for each in load(model).predict(["play the song", "", "卡"])]
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    assert rows.dtype == np.float32
    assert left(tmp_path) == ["out.npy"]


def test_texts_cut_and_of_unknown_words_are_counted(tmp_path: Path, model: Path) -> None:
    (tmp_path / "t.txt").write_text("play the song\n" + "song " * 100 + "\nqqq zzz\n", "utf-8")

    found = embed(tmp_path / "t.txt", model, tmp_path / "out.npy")

    assert (found.truncated, found.unknown, found.empty) == (1, 1, 0)


def test_float16_is_half_the_size(tmp_path: Path, model: Path, texts: Path, whole: bytes) -> None:
    embed(texts, model, tmp_path / "out.npy", EmbedOptions(dtype="float16"))

    halves, full = np.load(tmp_path / "out.npy"), np.load(tmp_path / "whole.npy")
    assert halves.dtype == np.float16
    np.testing.assert_allclose(halves, full, atol=2e-3)
    assert (tmp_path / "out.npy").stat().st_size == 128 + (len(whole) - 128) // 2


def test_killed_twice_it_goes_on_and_ends_the_same_to_the_byte(
    tmp_path: Path, model: Path, texts: Path, whole: bytes
) -> None:
    out = tmp_path / "out.npy"
    kill_after_a_chunk(texts, model, out)
    assert left(tmp_path) == ["out.npy.partial", "out.npy.partial.json"]
    kill_after_a_chunk(texts, model, out)

    found = embed(texts, model, out)

    assert found.resumed_at == 2 * CHUNK
    assert out.read_bytes() == whole
    assert left(tmp_path) == ["out.npy"]


def test_what_was_written_but_not_marked_is_written_again(
    tmp_path: Path, model: Path, texts: Path, whole: bytes
) -> None:
    out = tmp_path / "out.npy"
    kill_after_a_chunk(texts, model, out)
    with (tmp_path / "out.npy.partial").open("ab") as file:
        file.write(b"half a row")
    (tmp_path / "out.npy.partial.draft").write_text("{half a mark", encoding="utf-8")

    embed(texts, model, out)

    assert out.read_bytes() == whole


def test_a_run_that_ended_while_finishing_is_finished(
    tmp_path: Path, model: Path, texts: Path, whole: bytes
) -> None:
    out = tmp_path / "out.npy"
    embed(texts, model, out)
    kill_after_a_chunk(texts, model, tmp_path / "out2.npy")
    begun = read_marker(tmp_path / "out2.npy.partial.json")
    assert begun is not None
    marker = {"order": vars(begun[0]), "tally": {**vars(begun[1]), "done": ROWS}}
    (tmp_path / "out.npy.partial.json").write_text(json.dumps(marker), encoding="utf-8")

    found = embed(texts, model, out)

    assert found.resumed_at == ROWS
    assert out.read_bytes() == whole
    assert not (tmp_path / "out.npy.partial.json").exists()


def test_a_marker_whose_file_was_removed_begins_anew(
    tmp_path: Path, model: Path, texts: Path, whole: bytes
) -> None:
    out = tmp_path / "out.npy"
    kill_after_a_chunk(texts, model, out)
    (tmp_path / "out.npy.partial").unlink()

    assert embed(texts, model, out).resumed_at == 0
    assert out.read_bytes() == whole


def test_going_on_with_something_else_is_refused(tmp_path: Path, model: Path, texts: Path) -> None:
    out = tmp_path / "out.npy"
    kill_after_a_chunk(texts, model, out)
    make_embedder(tmp_path / "other", width=4)

    with pytest.raises(DataError, match="the model, dimensions differ"):
        embed(texts, tmp_path / "other", out)
    with pytest.raises(DataError, match="dtype differ"):
        embed(texts, model, out, EmbedOptions(dtype="float16"))
    texts.write_text(texts.read_text("utf-8").replace("rain", "snow"), "utf-8")
    with pytest.raises(DataError, match="the texts differ") as caught:
        embed(texts, model, out)
    assert "Remove it to start anew" in caught.value.hint


def test_a_shortened_partial_file_is_refused(tmp_path: Path, model: Path, texts: Path) -> None:
    kill_after_a_chunk(texts, model, tmp_path / "out.npy")
    os.truncate(tmp_path / "out.npy.partial", 500)

    with pytest.raises(DataError, match="shorter than the 1,024 rows"):
        embed(texts, model, tmp_path / "out.npy")


def test_two_at_the_same_file_is_one_too_many(tmp_path: Path, model: Path, texts: Path) -> None:
    out = tmp_path / "out.npy"
    kill_after_a_chunk(texts, model, out)
    begun = read_marker(tmp_path / "out.npy.partial.json")
    assert begun is not None

    with (
        open_vector_file(out, begun[0]),
        pytest.raises(TextwrightError, match="Another process is writing"),
    ):
        embed(texts, model, out)


def test_a_full_disk_is_said_and_what_is_done_is_kept(
    tmp_path: Path, model: Path, texts: Path, whole: bytes
) -> None:
    out = tmp_path / "out.npy"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (128 + 2 * CHUNK * 8 * 4 + 50, before[1]))
    try:
        with pytest.raises(SettingsError, match="cannot be written") as caught:
            embed(texts, model, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert f"{2 * CHUNK:,} of {ROWS:,} rows are kept" in caught.value.hint
    assert embed(texts, model, out).resumed_at == 2 * CHUNK
    assert out.read_bytes() == whole


@pytest.mark.parametrize(
    ("file", "out", "error", "said"),
    [
        ("none.jsonl", "out.npy", DataError, "There is no file"),
        ("texts.jsonl", "out.txt", UsageError, "End it in .npy"),
        ("empty.txt", "out.npy", DataError, "no row to embed"),
        ("lines.csv", "out.npy", DataError, "no column 'text'"),
        ("texts.jsonl", "none/out.npy", SettingsError, "cannot be written"),
        ("texts.xml", "out.npy", DataError, "no known format"),
    ],
)
@pytest.mark.usefixtures("texts")
def test_what_cannot_be_embedded_is_refused_and_nothing_is_left(
    tmp_path: Path, model: Path, file: str, out: str, error: type[TextwrightError], said: str
) -> None:
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "lines.csv").write_text("line\na\n", encoding="utf-8")

    with pytest.raises(error) as caught:
        embed(tmp_path / file, model, tmp_path / out)

    assert said in str(caught.value)
    assert left(tmp_path) == []


def test_a_model_of_another_task_and_a_type_unknown_are_refused(
    tmp_path: Path, model: Path, texts: Path
) -> None:
    make_artifact(tmp_path / "labels")

    with pytest.raises(UsageError, match="of the task 'classify', which gives no vectors"):
        embed(texts, tmp_path / "labels", tmp_path / "out.npy")
    with pytest.raises(UnknownNameError, match="Did you mean 'float16'"):
        embed(texts, model, tmp_path / "out.npy", EmbedOptions(dtype="float64"))
