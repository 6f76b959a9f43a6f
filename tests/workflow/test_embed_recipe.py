"""Vectors from a recipe to a served answer: by word vectors, by what is learned, by nothing new."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest

from tests.serving.running import Running, Shelf, running
from tests.training.pairs import write_pairs
from textwright.errors import DataError, RecipeError
from textwright.models import load
from textwright.recipe.file import check_recipe
from textwright.settings import Settings
from textwright.tasks.embed import ZEROS, answers
from textwright.text.labels import Labels
from textwright.vectors.vectors import Vectors
from textwright.workflow.compare import compare
from textwright.workflow.train import TrainedVersion, train

LEARNED = """
name = "sentences"
task = "embed"
[data]
train = "train.jsonl"
dev = "dev.jsonl"
test = "test.jsonl"
slices = ["part"]
[embedding]
dimensions = 16
[encoder]
kind = "bilstm"
hidden = 8
[training]
epochs = 3
learning_rate = 0.02
threads = 1
[[gates]]
rule = "at_least"
metric = "spearman"
value = 0.3
"""
RARE = """
name = "sentences"
task = "embed"
[data]
train = "train.jsonl"
test = "test.jsonl"
[embedding]
kind = "vectors"
train = "skip-gram"
dimensions = 16
[encoder]
kind = "none"
[decoder]
pooling = "sif"
"""
READY = """
name = "ready"
task = "embed"
[embedding]
kind = "vectors"
file = "vectors.txt"
[encoder]
kind = "none"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("embed")
    write_pairs(found)
    words = ["cat", "dog", "runs", "sleeps", "river", "猫"]
    matrix = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    Vectors(words, matrix).save(found / "vectors.txt")
    return found


def trained(folder: Path, settings: Settings, recipe: str) -> TrainedVersion:
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    return train(folder / "recipe.toml", settings=settings)


@pytest.fixture(scope="module")
def learned(folder: Path, settings: Settings) -> TrainedVersion:
    return trained(folder, settings, LEARNED)


@pytest.fixture(scope="module")
def rare(folder: Path, settings: Settings, learned: TrainedVersion) -> TrainedVersion:
    assert learned.number == 1
    return trained(folder, settings, RARE)


@pytest.fixture(scope="module")
def ready(folder: Path, settings: Settings) -> TrainedVersion:
    return trained(folder, settings, READY)


def test_pairs_are_learned_from_and_scored_by_rank(learned: TrainedVersion) -> None:
    assert learned.metrics["spearman"] > 0.5
    assert learned.epochs[-1].metric == "spearman"
    assert set(learned.metrics["slices"]["part"]) == {"x", "y"}
    assert [each.outcome for each in learned.verdicts] == ["pass"]


def test_word_vectors_are_weighed_and_nothing_else_is_trained(rare: TrainedVersion) -> None:
    assert rare.epochs == ()
    assert rare.metrics["spearman"] > 0.5


def test_two_versions_are_compared_by_correlation(
    learned: TrainedVersion, rare: TrainedVersion, settings: Settings
) -> None:
    found = compare(learned.name, rare.name, settings=settings)

    assert [each.name for each in found.metrics] == ["spearman", "pearson"]
    assert found.first_metric.first == pytest.approx(learned.metrics["spearman"])
    assert (found.won, found.lost) == ((), ())


def test_word_vectors_make_a_model_without_any_training_text(ready: TrainedVersion) -> None:
    model = load(ready.folder)
    vectors = {each: model.predict([each])[0].vector for each in ("cat", "a cat", "dog", "猫")}

    assert model.width == 8
    assert vectors["a cat"] == pytest.approx(vectors["cat"])
    assert np.linalg.norm(vectors["猫"]) == pytest.approx(1)
    assert not np.allclose(vectors["cat"], vectors["dog"])


@pytest.mark.parametrize("text", ["zebra", "", "zebra zebra ?"])
def test_a_text_of_unknown_words_alone_has_zeros_and_a_warning(
    ready: TrainedVersion, text: str
) -> None:
    (answer,) = load(ready.folder).predict([text])

    assert answer.vector.tolist() == [0.0] * 8
    assert answer.warning


def test_zeros_of_known_words_are_told_too() -> None:
    (answer,) = answers(np.zeros((1, 3), dtype=np.float32), Labels(()))

    assert answer.warning == ZEROS


def test_texts_are_embedded_alone_as_in_any_company(learned: TrainedVersion) -> None:
    model = load(learned.folder)
    texts = ["the cat runs", "", "a dog " * 300, "the river falls"]

    together = model.predict(texts)

    for text, other in zip(texts, together, strict=True):
        assert np.abs(model.predict([text])[0].vector - other.vector).max() <= 1e-5


def test_rows_of_single_texts_are_read_but_teach_an_encoder_nothing(
    folder: Path, settings: Settings
) -> None:
    (folder / "single.jsonl").write_text('{"text": "a cat"}\n{"text": "a dog"}\n', "utf-8")
    single = 'train = "single.jsonl"\ndev = {share = 0}'

    found = trained(folder, settings, RARE.replace('train = "train.jsonl"', single, 1))

    assert found.metrics["rows"] == 80
    recipe = LEARNED.replace('train = "train.jsonl"\ndev = "dev.jsonl"', single)
    recipe = recipe.replace('slices = ["part"]', "")
    with pytest.raises(DataError, match="no pair of texts"):
        trained(folder, settings, recipe)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"encoder": {"kind": "bilstm"}, "decoder": {"pooling": "sif"}}, "weighs word vectors"),
        ({"encoder": {"kind": "bag"}}, "only classifies"),
        ({"encoder": {"kind": "bilstm"}, "data": {}}, "names no training file"),
        ({"abstention": {}}, r"has no \[abstention\]"),
        ({"training": {"label_smoothing": 0.1}}, "no setting training.label_smoothing"),
    ],
)
def test_what_does_not_go_with_vectors_is_refused(
    sections: dict[str, dict[str, object]], said: str
) -> None:
    table = {"name": "v", "task": "embed", "data": {"train": "t.jsonl"}, **sections}

    with pytest.raises(RecipeError, match=said):
        check_recipe(table)


def test_words_cannot_be_counted_without_text() -> None:
    table = {
        "name": "v",
        "task": "embed",
        "embedding": {"kind": "vectors", "file": "v.txt"},
        "encoder": {"kind": "none"},
        "decoder": {"pooling": "sif"},
    }

    with pytest.raises(RecipeError, match="counts words in training texts"):
        check_recipe(table)


@pytest.fixture(scope="module")
def server(learned: TrainedVersion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("served"))
    shelf.deploy_trained("sentences", learned.folder)
    with running(shelf) as found:
        yield found


def test_the_stock_openai_client_gets_the_vectors(server: Running, learned: TrainedVersion) -> None:
    texts = ["the cat runs", "a dog sleeps"]
    expected = [each.vector for each in load(learned.folder).predict(texts)]

    with openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none") as client:
        whole = client.embeddings.create(model="sentences", input=texts)
        cut = client.embeddings.create(model="sentences", input=texts[0], dimensions=4)

    for found, vector in zip(whole.data, expected, strict=True):
        assert found.embedding == pytest.approx(vector, abs=1e-5)
    assert np.linalg.norm(cut.data[0].embedding) == pytest.approx(1)
    assert len(cut.data[0].embedding) == 4
