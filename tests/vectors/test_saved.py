"""Word vectors saved to a folder, and found in an installed package."""

import json
import resource
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from textwright.errors import ArtifactError, DataError, SettingsError, UsageError
from textwright.manifest import check_files, read_manifest, write_manifest
from textwright.recipe.vectors import NgramSettings
from textwright.vectors.formats import WordTable
from textwright.vectors.saved import Saved, open_folder, open_package, save_folder
from textwright.vectors.subwords import NgramRows

WORDS = ["the", "王", "two words", "line\u2028end", "cr\r", "🙂"]


def make_saved(words: list[str] = WORDS, buckets: int = 50) -> Saved:
    rng = np.random.default_rng(1)
    table = WordTable(words, rng.normal(size=(len(words), 3)).astype(np.float32))
    rows = rng.normal(size=(buckets, 3)).astype(np.float32)
    return Saved(table, "skip-gram", "jieba", NgramRows(NgramSettings(3, 5, buckets), rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_folder(tmp_path / "vectors", make_saved())
    return tmp_path / "vectors"


def test_everything_comes_back(folder: Path) -> None:
    found, saved = open_folder(folder), make_saved()

    assert found.table.words == WORDS
    assert found.table.matrix.tobytes() == saved.table.matrix.tobytes()
    assert (found.method, found.tokenizer) == ("skip-gram", "jieba")
    assert found.ngrams is not None
    assert saved.ngrams is not None
    assert found.ngrams.settings == saved.ngrams.settings
    assert found.ngrams.rows.tobytes() == saved.ngrams.rows.tobytes()


def test_what_is_not_known_stays_unknown(tmp_path: Path) -> None:
    save_folder(tmp_path / "vectors", Saved(make_saved().table))

    found = open_folder(tmp_path / "vectors")

    assert (found.method, found.tokenizer, found.ngrams) == (None, None, None)


def test_numbers_stay_on_disk(folder: Path) -> None:
    matrix = open_folder(folder).table.matrix

    assert isinstance(matrix.base, np.memmap)
    assert not matrix.flags.writeable


def test_a_folder_is_an_artifact(folder: Path) -> None:
    manifest = read_manifest(folder)

    check_files(folder, manifest)
    assert (manifest.task, dict(manifest.parts)) == ("vectors", {"method": "skip-gram"})
    assert {each.name for each in manifest.files} == {
        "matrix.npy", "ngrams.npy", "vectors.json", "words.txt",
    }  # fmt: skip


def test_saving_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_folder(tmp_path / "again", open_folder(folder))

    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_an_older_folder_is_replaced_and_nothing_else(folder: Path) -> None:
    save_folder(folder, make_saved(["new"]))

    assert open_folder(folder).table.words == ["new"]
    assert list(folder.parent.iterdir()) == [folder]


def test_a_folder_is_saved_over_itself(folder: Path) -> None:
    save_folder(folder, open_folder(folder))

    assert open_folder(folder).table.words == WORDS


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(UsageError, match="no folder of word vectors"):
        save_folder(tmp_path, make_saved())

    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("word", ["", "line\nbreak", "half \ud83d"])
def test_a_word_that_no_line_holds_is_refused_and_nothing_written(folder: Path, word: str) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        save_folder(folder, make_saved(["a", word]))

    assert open_folder(folder).table.words == WORDS
    assert list(folder.parent.iterdir()) == [folder]


def test_a_full_disk_is_told_and_the_older_folder_stays(folder: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(SettingsError, match="the disk has room"):
            save_folder(folder, make_saved(buckets=100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert open_folder(folder).table.words == WORDS
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["matrix.npy", "ngrams.npy", "vectors.json", "words.txt"])
def test_a_changed_or_missing_file_is_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{name} was changed"):
        open_folder(folder)

    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name} is missing"):
        open_folder(folder)
    with pytest.raises(ArtifactError, match="cannot be read"):
        open_folder(folder, verify=False)


def test_files_that_do_not_fit_each_other_are_told(folder: Path) -> None:
    (folder / "words.txt").write_text("one\n")
    write_manifest(folder, "vectors", {"method": "skip-gram"})

    with pytest.raises(ArtifactError, match="not 1 rows"):
        open_folder(folder)


def test_a_matrix_that_would_run_code_is_refused(folder: Path) -> None:
    np.save(folder / "matrix.npy", np.array([{"code": "run"}] * len(WORDS)), allow_pickle=True)
    write_manifest(folder, "vectors", {"method": "skip-gram"})

    with pytest.raises(ArtifactError, match=r"cannot be read.*Python objects"):
        open_folder(folder)


@pytest.mark.parametrize("about", [{}, [], {"method": None, "tokenizer": None, "ngrams": 3}])
def test_a_description_that_is_none_is_refused(folder: Path, about: object) -> None:
    (folder / "vectors.json").write_text(json.dumps(about))
    write_manifest(folder, "vectors", {"method": "skip-gram"})

    with pytest.raises(ArtifactError, match="cannot be read"):
        open_folder(folder)


def test_a_model_is_no_folder_of_vectors(folder: Path) -> None:
    write_manifest(folder, "classify", {"encoder": "bag"})

    with pytest.raises(UsageError, match="artifact of task 'classify'"):
        open_folder(folder)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a package with word vectors where Python finds it."""
    folder = tmp_path / "small_vectors" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('nobody may import this')")
    np.save(folder / "small.npy", np.eye(2, 3, dtype=np.float32))
    parquet.write_table(pa.table({"index": ["the", "王"]}), folder / "small.parquet")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_vectors_of_a_package_are_opened_without_importing_it(package: Path) -> None:
    assert package.is_dir()
    words, matrix = open_package("small_vectors")

    assert words == ["the", "王"]
    assert matrix.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_package_whose_files_do_not_fit_is_told(package: Path) -> None:
    np.save(package / "small.npy", np.eye(3, dtype=np.float32))

    with pytest.raises(DataError, match="'small_vectors' is damaged"):
        open_package("small_vectors")


def test_a_package_without_vectors_is_told(package: Path) -> None:
    shutil.rmtree(package)

    with pytest.raises(DataError, match="holds no word vectors"):
        open_package("small_vectors")


@pytest.mark.parametrize("name", ["no_such_package", "../escape", "a.b", ""])
def test_a_package_that_is_not_installed_is_named(name: str) -> None:
    with pytest.raises(DataError, match="No package"):
        open_package(name)
