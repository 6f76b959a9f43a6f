"""Textwright's classifiers as scikit-learn estimators: fit, predict, score."""

import tempfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from textwright.errors import DataError, UsageError
from textwright.recipe.data import DevShare
from textwright.recipe.file import check_recipe, override, recipe_table
from textwright.recipe.recipe import Recipe
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.tasks.classify import probabilities
from textwright.text.examples import Example, make_dataset
from textwright.text.readers import digest_row
from textwright.text.splits import Splits, cut_dev
from textwright.training.fit import Workplace, fit
from textwright.training.measure import calibrate_answerer
from textwright.training.progress import Quiet

MEMORY = "(memory)"  # stands for a file name where the rows came from memory


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifies texts; works in ``cross_val_score``, ``GridSearchCV`` and pipelines.

    recipe:    a Recipe, the path of one, or its tables; its data and gates are not used. The
               other arguments apply on top of it.
    encoder:   kind of the encoder, such as ``bag`` or ``bilstm``.
    overrides: settings as ``section.key=value``, such as ``training.epochs=5``.
    dev_share: part of the rows held out to calibrate and to stop by, 0 to 0.5.
    seed:      of every random choice.

    After ``fit``: ``classes_``, in the order of ``predict_proba``'s columns.
    """

    def __init__(
        self,
        recipe: Recipe | Path | str | Mapping[str, Any] | None = None,
        *,
        encoder: str | None = None,
        overrides: Sequence[str] = (),
        dev_share: float = 0.1,
        seed: int = 7,
    ) -> None:
        self.recipe = recipe
        self.encoder = encoder
        self.overrides = overrides
        self.dev_share = dev_share
        self.seed = seed

    def fit(self, X: Sequence[str], y: Sequence[Any]) -> "TextClassifier":  # noqa: N803
        """Train on texts and their labels, in memory; nothing is registered.

        X: [N] texts. y: [N] labels, of any type that can be compared.
        Raises DataError when they do not fit together, or hold fewer than two classes.
        """
        recipe = self.make_recipe()
        if len(X) != len(y):
            raise DataError(
                f"There are {len(X)} texts and {len(y)} labels.", "Give one label a text."
            )
        self.classes_ = np.unique(np.asarray(y))
        if len(self.classes_) < 2:
            raise DataError("There are fewer than two classes.", "Give rows of at least two.")
        names = {label: name_of(place) for place, label in enumerate(self.classes_.tolist())}
        rows = [
            Example(str(text), (names[label],), digest=digest_row({"text": text, "label": label}))
            for text, label in zip(X, np.asarray(y).tolist(), strict=True)
        ]
        whole = make_dataset(MEMORY, rows, ("label", "text"), {})
        train, dev = cut_dev(whole, DevShare(self.dev_share))
        self.files_ = train_files(recipe, Splits(train, dev, None))
        self.answerer_: Answerer | None = None
        return self

    def predict(self, X: Sequence[str]) -> NDArray[Any]:  # noqa: N803
        """Give the most probable label of each text, [N]."""
        probabilities = self.predict_proba(X)
        found: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return found

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:  # noqa: N803
        """Give the calibrated probability of each class, [N, L] float, columns as ``classes_``."""
        check_is_fitted(self, "files_")
        if self.answerer_ is None:
            self.answerer_ = open_files(self.files_)
        logits = self.answerer_.outputs([str(text) for text in X])
        return probabilities(logits, self.answerer_.labels)

    def make_recipe(self) -> Recipe:
        """Put the recipe together from the arguments."""
        table = self.recipe_tables()
        table["data"] = {"train": MEMORY}
        table["gates"] = []
        if self.encoder is not None and table.get("encoder", {}).get("kind") != self.encoder:
            table["encoder"] = {"kind": self.encoder}
            for section in ("tokenizer", "embedding", "decoder", "training"):
                table.pop(section, None)
        table = override(table, self.overrides)
        table.setdefault("training", {})["seed"] = self.seed
        return check_recipe(table)

    def recipe_tables(self) -> dict[str, Any]:
        """Give the tables that the ``recipe`` argument stands for."""
        from textwright.recipe.file import read_toml

        if self.recipe is None:
            return {"name": "classifier"}
        if isinstance(self.recipe, Recipe):
            return recipe_table(self.recipe)
        if isinstance(self.recipe, Mapping):
            return {"name": "classifier", **deepcopy(dict(self.recipe))}
        if isinstance(self.recipe, str | Path):
            return read_toml(Path(self.recipe))
        hint = "Give a Recipe, the path of one, or its tables."
        raise UsageError(f"The recipe is {self.recipe!r}.", hint)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {**state, "answerer_": None} if "answerer_" in state else state


def name_of(place: int) -> str:
    """Name a class by its place, so that sorted names keep the order of the classes."""
    return f"{place:06d}"


def train_files(recipe: Recipe, splits: Splits) -> dict[str, bytes]:
    """Train in a temporary folder and keep the artifact's files in memory."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder) / "artifact"
        fit(recipe, splits, Workplace(artifact, Path(folder) / "checkpoints"), Quiet())
        calibrate_answerer(recipe, splits.dev, artifact)
        return {path.name: path.read_bytes() for path in artifact.iterdir()}


def open_files(files: Mapping[str, bytes]) -> Answerer:
    """Open an artifact whose files are in memory."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        return Answerer(open_artifact(Path(folder), verify=False), threads=1)
