"""What a run is given: recorded with it, refused before any data is read, reproduced."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import RecipeError
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.tables import Run
from textwright.manifest import address_of
from textwright.recipe.file import read_recipe
from textwright.recipe.vectors import CorpusSettings, Word2VecSettings
from textwright.recipe.vectors_recipe import VectorsRecipe
from textwright.settings import Settings, find_settings
from textwright.vectors.vectors import Vectors
from textwright.workflow.given import read_given
from textwright.workflow.opening import open_keep
from textwright.workflow.reproduce import reproduce
from textwright.workflow.train import train
from textwright.workflow.train_vectors import VectorsOptions, train_word_vectors

WORDS = ["good", "fine", "bad", "dull", "film"]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Give a recipe, its data and word vectors beside it, in a folder of their own."""
    rows = [
        {"text": f"a {word} film {number}", "label": label}
        for number in range(8)
        for word, label in (("good", "up"), ("fine", "up"), ("bad", "down"), ("dull", "down"))
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "train.jsonl").write_text(lines, encoding="utf-8")
    Vectors(WORDS, np.eye(5, dtype=np.float32), tokenizer="words, lowercase").save(tmp_path / "v")
    (tmp_path / "films.toml").write_text(
        'name = "films"\n[data]\ntrain = "train.jsonl"\ntest = "train.jsonl"\n'
        '[embedding]\nkind = "vectors"\nfile = "v"\n[encoder]\nkind = "bilstm"\nhidden = 6\n'
        "[training]\nepochs = 2\nthreads = 1\n",
        encoding="utf-8",
    )
    return tmp_path / "films.toml"


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return find_settings(create=True, start=tmp_path, environment={})


def test_a_run_records_its_vectors_and_is_reproduced_with_them(
    films: Path, place: Settings
) -> None:
    found = train(films, settings=place)

    vectors = films.parent / "v"
    assert found.report["embedding"]["digest"] == address_of(vectors)
    assert 0.2 < found.report["embedding"]["coverage"]["tokens"] < 0.6
    with open_keep(place) as keep, keep.sessions() as session:
        run = session.get(Run, find_version(session, "films@1").run_id)
        assert run is not None
        assert run.datasets["embedding"] == address_of(vectors)
    assert 'file = "v"' in (found.folder / "recipe.toml").read_text("utf-8")
    assert reproduce("films@1", settings=place).equal

    Vectors(WORDS, 2 * np.eye(5, dtype=np.float32), tokenizer="words, lowercase").save(vectors)
    again = reproduce("films@1", settings=place)
    assert [(each.kind, each.name) for each in again.differences] == [("data", "embedding")]


def test_vectors_trained_on_the_training_text_give_the_same_artifact_again(
    films: Path, place: Settings
) -> None:
    text = films.read_text("utf-8").replace('file = "v"', 'train = "skip-gram"\ndimensions = 6')
    films.write_text(text, encoding="utf-8")

    one, again = (train(films, settings=place) for _ in range(2))

    assert (one.artifact, again.new) == (again.artifact, False)
    assert one.report["embedding"]["coverage"]["tokens"] == 1.0


def test_registered_vectors_are_found_by_name(films: Path, place: Settings) -> None:
    plain = films.parent / "plain.txt"
    plain.write_text("a good film\na bad film\n" * 20, encoding="utf-8")
    method = Word2VecSettings(dimensions=4, epochs=1, threads=1)
    recipe = VectorsRecipe("words", "skip-gram", (plain,), "text", CorpusSettings(), method)
    made = train_word_vectors(recipe, VectorsOptions(settings=place))

    given = read_given(read_recipe(films, ["embedding.file=words@1"]), place)

    assert given.pretrained is not None
    assert given.digests()["embedding"] == made.artifact
    assert given.pretrained.place == str(made.folder)


@pytest.mark.parametrize("kind", ["vectors", "elmo"])
def test_a_missing_file_is_told_before_the_data_is_read(
    films: Path, place: Settings, kind: str
) -> None:
    recipe = read_recipe(films, [f"embedding.kind={kind}", "embedding.file=none"])
    recipe = replace(recipe, data=replace(recipe.data, train="not there"))

    with pytest.raises(RecipeError, match="There is no file or folder"):
        read_given(recipe, place)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("embedding.train=cbow", "both file and train"),
        ("embedding.file=", "neither file nor train"),
        ("embedding.dimensions=3", "go with train"),
    ],
)
def test_vectors_come_from_one_place(films: Path, override: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        read_recipe(films, [override])
