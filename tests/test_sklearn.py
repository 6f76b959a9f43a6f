"""The estimator, in scikit-learn's own tools."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from tests.conftest import DEMO
from textwright.errors import DataError, RecipeError, UnknownNameError, UsageError
from textwright.recipe.file import read_recipe
from textwright.sklearn import TextClassifier


def rows(count: int) -> tuple[list[str], list[str]]:
    lines = (DEMO / "train.jsonl").read_text("utf-8").splitlines()[:count]
    read = [json.loads(line) for line in lines]
    return [each["text"] for each in read], [each["label"] for each in read]


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier().fit(*rows(1_200))


def test_it_predicts_labels_and_probabilities(fitted: TextClassifier) -> None:
    texts = ["where is my parcel", "我要退货"]

    assert fitted.predict(texts).tolist() == ["track_order", "return_item"]
    assert fitted.predict_proba(texts).sum(axis=1) == pytest.approx([1.0, 1.0])
    assert fitted.predict_proba(texts).shape == (2, len(fitted.classes_))
    assert fitted.score(*rows(200)) > 0.9


def test_cross_validation_and_search_run() -> None:
    texts, labels = rows(400)
    grid = {"overrides": [["encoder.word_ngrams=1"], ["encoder.word_ngrams=2"]]}

    scores = cross_val_score(TextClassifier(), texts, labels, cv=2, error_score="raise")
    search = GridSearchCV(TextClassifier(), grid, cv=2, error_score="raise").fit(texts, labels)

    assert scores.min() > 0.3
    assert search.best_params_["overrides"] in grid["overrides"]


def test_it_is_cloned_and_pickled(fitted: TextClassifier) -> None:
    arrived = pickle.loads(pickle.dumps(fitted))

    assert arrived.predict(["我要退货"]).tolist() == ["return_item"]
    assert clone(fitted).get_params() == fitted.get_params()


def test_labels_keep_their_type_and_order() -> None:
    texts = [f"{word} {number}" for number in range(60) for word in ("good", "bad", "odd")]
    labels = [2, -1, 10] * 60

    found = TextClassifier().fit(texts, labels)

    assert found.classes_.tolist() == [-1, 2, 10]
    assert found.predict(["bad", "good", "odd"]).tolist() == [-1, 2, 10]


def test_a_recipe_is_a_file_an_object_or_tables(demo: Path) -> None:
    texts, labels = rows(300)
    tables = {"encoder": {"kind": "bag", "word_ngrams": 1}}

    for recipe in (demo / "intents.toml", read_recipe(demo / "intents.toml"), tables):
        made = TextClassifier(recipe, seed=3).make_recipe()
        assert made.encoder.kind == "bag"
        assert made.training.seed == 3
    probabilities = TextClassifier(tables).fit(texts, labels).predict_proba(["parcel"])
    assert np.isfinite(probabilities).all()


def test_another_encoder_takes_its_own_sections(demo: Path) -> None:
    made = TextClassifier(demo / "intents.toml", encoder="bilstm").make_recipe()

    assert made.encoder.kind == "bilstm"
    assert made.tokenizer is not None


def test_the_same_seed_gives_the_same_model() -> None:
    texts, labels = rows(300)

    first = TextClassifier().fit(texts, labels).predict_proba(["parcel"])
    again = TextClassifier().fit(texts, labels).predict_proba(["parcel"])

    assert first.tolist() == again.tolist()


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(DataError, match="2 texts and 1 labels"):
        TextClassifier().fit(["a", "b"], ["x"])
    with pytest.raises(DataError, match="fewer than two classes"):
        TextClassifier().fit(["a", "b"], ["x", "x"])
    with pytest.raises(UnknownNameError, match="Did you mean 'bilstm'"):
        TextClassifier(encoder="bilstn").fit(["a", "b"], ["x", "y"])
    with pytest.raises(RecipeError, match=r"encoder\.hiden"):
        TextClassifier(encoder="bilstm", overrides=["encoder.hiden=3"]).make_recipe()
    with pytest.raises(UsageError, match="The recipe is 3"):
        TextClassifier(3).make_recipe()  # type: ignore[arg-type]


def test_the_tables_of_a_recipe_stay_as_they_were_given() -> None:
    tables = {"encoder": {"kind": "bag"}, "training": {"epochs": 3}, "gates": [{"rule": "no"}]}
    before = copy.deepcopy(tables)

    made = TextClassifier(tables, overrides=["encoder.word_ngrams=1"], seed=5).make_recipe()

    assert tables == before
    assert (made.encoder.word_ngrams, made.training.seed, made.gates) == (1, 5, ())  # type: ignore[union-attr]


def test_the_seed_argument_wins_over_the_recipe_and_the_overrides() -> None:
    tables = {"training": {"seed": 1}}

    made = TextClassifier(tables, overrides=["training.seed=2"], seed=3).make_recipe()

    assert made.training.seed == 3


def test_the_same_encoder_keeps_its_settings_and_another_loses_them() -> None:
    tables = {"encoder": {"kind": "bilstm", "hidden": 7}, "training": {"epochs": 2}}

    kept = TextClassifier(tables, encoder="bilstm").make_recipe()
    lost = TextClassifier(tables, encoder="bag").make_recipe()

    assert (kept.encoder.hidden, kept.training.epochs) == (7, 2)  # type: ignore[union-attr]
    assert (lost.encoder.kind, lost.training.epochs) == ("bag", 10)


def test_before_fit_there_is_nothing_to_answer_with() -> None:
    with pytest.raises(NotFittedError):
        TextClassifier().predict(["a"])


def test_no_texts_give_no_answers(fitted: TextClassifier) -> None:
    assert fitted.predict_proba([]).shape == (0, len(fitted.classes_))
