"""The commands over files of texts, as they are typed."""

from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_bad_input import refused
from tests.cli.test_commands import Run, run
from tests.runtime.tiny import make_embedder

__all__ = ["run"]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a model that embeds and a file of texts, worked in."""
    monkeypatch.chdir(tmp_path)
    make_embedder(Path("sentences"), width=8)
    Path("texts.txt").write_text("play the song\n\n" + "rain " * 40 + "\nqq zz\n", "utf-8")
    return tmp_path


@pytest.mark.usefixtures("work")
def test_embedding_writes_the_file_and_says_what_was_unusual(run: Run) -> None:
    done = run("embed", "texts.txt", "--model", "sentences", "--out", "vectors.npy")

    assert done.code == 0
    assert "vectors.npy holds 4 vectors of 8 numbers (float32)." in done.out
    assert "texts/s" in done.out
    notes = [line for line in done.err.splitlines() if line.startswith("Note")]
    assert len(notes) == 3
    assert "1 texts were cut" in notes[0]
    assert np.load("vectors.npy").shape == (4, 8)


@pytest.mark.usefixtures("work")
def test_embedding_as_json_prints_one_object(run: Run) -> None:
    given = ("embed", "texts.txt", "--model", "sentences", "--out", "v.npy", "--json")

    found = run(*given, "--dtype", "float16").json

    assert (found["rows"], found["dimensions"], found["dtype"]) == (4, 8, "float16")
    assert (found["truncated"], found["empty"], found["unknown"]) == (1, 1, 1)
    assert found["resumed_at"] == 0


@pytest.mark.usefixtures("work")
def test_a_mistake_in_embedding_is_told_in_two_lines(run: Run) -> None:
    given = ("embed", "texts.txt", "--model", "sentences", "--out")

    refused(run(*given, "vectors.txt"), 2, "End it in .npy")
    refused(run("embed", "none.txt", *given[2:], "v.npy"), 1, "There is no file none.txt")
    refused(run(*given, "v.npy", "--dtype", "float23"), 2, "Did you mean 'float32'?")
