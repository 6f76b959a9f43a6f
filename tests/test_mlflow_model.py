"""What MLflow loads, without MLflow: texts in any of the forms it hands on."""

from pathlib import Path

import numpy as np
import pytest

from tests.runtime.tiny import make_matcher
from textwright.errors import ArtifactError, UsageError
from textwright.lifecycle.registry import find_version
from textwright.mlflow_model import AnsweringModel, _load_pyfunc
from textwright.settings import Settings
from textwright.workflow.opening import open_keep


class Frame(dict[str, list[str]]):
    """What of a data frame is used."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self)


@pytest.fixture
def folder(home: Settings) -> Path:
    with open_keep(home) as keep, keep.sessions() as session:
        return keep.store.folder(find_version(session, "intents@2").artifact)


@pytest.fixture
def model(folder: Path) -> AnsweringModel:
    return _load_pyfunc(str(folder))


def test_the_folder_names_its_loader(folder: Path) -> None:
    assert "loader_module: textwright.mlflow_model" in (folder / "MLmodel").read_text("utf-8")


def test_texts_are_answered_in_whatever_form_they_come(model: AnsweringModel) -> None:
    texts = ["where is my parcel", "我想退货"]

    plain = model.predict(texts)

    assert [each["label"] for each in plain] == ["track_order", "return_item"]
    assert model.predict(np.array(texts, dtype=object).reshape(2, 1)) == plain
    assert model.predict(Frame(text=texts)) == plain
    assert model.predict(Frame(anything=texts)) == plain
    assert model.predict(Frame(other=["a", "b"], text=texts), {"unused": 1}) == plain
    assert model.predict(texts[0]) == plain[:1]
    assert model.predict([]) == []


def test_what_is_no_text_is_refused(model: AnsweringModel) -> None:
    with pytest.raises(UsageError, match="something other than text"):
        model.predict([1, 2])
    with pytest.raises(UsageError, match="Put the texts into a column 'text'"):
        model.predict(Frame(a=["x"], b=["y"]))


def test_a_file_laid_beside_does_no_harm_and_a_changed_one_is_refused(folder: Path) -> None:
    (folder / "registered_model_meta").write_text("of MLflow")
    assert _load_pyfunc(str(folder)).predict(["where is my parcel"])

    (folder / "labels.json").chmod(0o644)
    (folder / "labels.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"labels\.json was changed"):
        _load_pyfunc(str(folder))


def test_a_model_of_pairs_takes_a_frame_of_two_columns(tmp_path: Path) -> None:
    make_matcher(tmp_path / "matcher")
    model = _load_pyfunc(str(tmp_path / "matcher"))

    found = model.predict(Frame(text_a=["rain", "rain"], text_b=["rain", "card"]))

    assert [each["score"] for each in found] == pytest.approx([5.0, 0.0], abs=1e-4)
    with pytest.raises(UsageError, match="no data frame with two columns"):
        model.predict(["rain"])
